from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.media.rejects import UnusableError, valid_name
from pacl_core.media.text_decoding import MAX_TEXT_BYTES, read_text


def test_utf8_else_latin1_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    for data, text in [
        ("schön 😀\r\nja".encode(), "schön 😀\nja"),
        ("\ufeffschön".encode(), "schön"),
        ("caf\xe9\rol\xe9".encode("latin-1"), "café\nolé"),
        (b"it\x92s \x80 5 \x81", "it’s € 5 \x81"),  # Windows' characters, where Latin-1 has controls
    ]:
        path.write_bytes(data)
        assert read_text(path) == text


def test_a_huge_or_missing_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes(b"a" * (MAX_TEXT_BYTES + 1))
    for name, reason in [("t.txt", "text_too_large"), ("none.txt", "missing_text")]:
        with pytest.raises(UnusableError) as caught:
            read_text(tmp_path / name)
        assert caught.value.reason == reason


@given(st.text(st.characters(exclude_categories=())))
def test_every_name_can_be_stored(name: str) -> None:
    assert "\0" not in valid_name(name)
    valid_name(name).encode("utf-8")


def test_file_names_that_are_no_utf8_stay_legible() -> None:
    assert valid_name(b"caf\xe9/x".decode("utf-8", "surrogateescape")) == "caf\\udce9/x"
    assert valid_name("Straße 😀") == "Straße 😀"
