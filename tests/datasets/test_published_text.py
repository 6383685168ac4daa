"""Lines and numbers of published text files."""

from pathlib import Path

import pytest

from pacl_core.datasets.published_text import existing_file, lines, number
from pacl_core.errors import UserError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_whatever_their_encoding_and_ends(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(end.join(("caf\u00e9\t", "  ", "\tlast ", "")).encode(encoding))
    assert list(lines(path)) == [(1, "caf\u00e9\t"), (3, "\tlast ")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5.25", 5.25), (" 7 ", 7.0), (".", None), ("", None), ("nan", None), ("inf", None), ("five", None)],
)
def test_a_number_is_finite_or_none(text: str, expected: float | None) -> None:
    assert number(text) == expected


def test_a_missing_file_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.txt: no such file; expected a table"):
        existing_file(tmp_path / "none.txt", "a table")
    with pytest.raises(UserError, match="no such file"):
        existing_file(tmp_path, "a table")
