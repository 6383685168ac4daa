"""Progress where no terminal is: a line now and then, and one at the end."""

import logging

import pytest

from pacl_core.runtime import progress
from pacl_core.runtime.progress import Progress, counted


def test_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)
    with caplog.at_level(logging.INFO, "pacl"), Progress("pairs", 10, done=4) as counter:
        counter.add(2)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "pairs: continuing after 4 of 10"
    assert lines[1].startswith("pairs: 6 of 10, ") and lines[2].startswith("pairs: 6, ")


def test_items_pass_unchanged_and_an_error_has_no_last_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pacl"):
        assert list(counted(iter("abc"), "pairs")) == ["a", "b", "c"]
        with pytest.raises(KeyError), Progress("pairs", None):
            raise KeyError
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("pairs: 3, ")
