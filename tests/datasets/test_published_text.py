"""Lines and numbers of published text files."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pacl_core.datasets.published_text import (
    MAX_CELL,
    existing_file,
    lines,
    number,
    published_json,
    written_list,
)
from pacl_core.errors import UserError
from pacl_core.media.rejects import UnusableError


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


@pytest.mark.parametrize(
    "text",
    [
        "[5.0, nan, 7]",
        "[5.0, NaN, 7.0]",
        "(5, None, 7)",
        "[5.  nan  7.]",
        "[ 5. nan\n  7.]",
        "[np.float64(5.0), np.float64(nan), np.float64(7.0)]",
        "[numpy.float32(5.0), nan, np.int64(7)]",
        "array([ 5., nan,  7.])",
        "array([5, nan, 7], dtype=float32)",
        "np.array([5., nan, 7.])",
    ],
)
def test_numbers_of_every_writer(text: str) -> None:
    assert written_list(text) == [5, None, 7]


@pytest.mark.parametrize(
    "text",
    [
        "['Peace', 'Doubt/Confusion', \"it's\"]",
        "['Peace' 'Doubt/Confusion' \"it's\"]",
        "['Peace'\n 'Doubt/Confusion'\n \"it's\"]",
        "[np.str_('Peace'), np.str_('Doubt/Confusion'), 'it\\'s']",
        "array(['Peace', 'Doubt/Confusion', \"it's\"], dtype='<U15')",
        "array(['Peace', 'Doubt/Confusion', \"it's\"], dtype=object)",
    ],
)
def test_names_of_every_writer(text: str) -> None:
    assert written_list(text) == ["Peace", "Doubt/Confusion", "it's"]


@pytest.mark.parametrize("text", ["", " ", "nan", "NaN", "[]", "[ ]", "array([], dtype=float64)"])
def test_a_cell_of_nothing_is_no_entries(text: str) -> None:
    assert written_list(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *("Peace", "5", "[", "[5", "5]", "[five]", "[Peace]", "['Peace]", "[1 2 ... 9]", "[[1, 2], [3, 4]]"),
        *("open(1)", "[open(1)]", "__import__('os')", "[,]", "[1,,2]", "{1: 2}", "[" * 3000, "['\\x']"),
        "[" + "1, " * MAX_CELL + "1]",
    ],
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(UnusableError, match="malformed_row: no list"):
        written_list(text)


NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8), max_size=6
)
NUMBERS = st.lists(st.floats(width=32) | st.integers(-1000, 1000), max_size=6)


@given(NAMES)
def test_any_names_come_back_from_python(names: list[str]) -> None:
    assert (
        written_list(repr(names))
        == written_list(repr(tuple(names)) if len(names) != 1 else repr(names))
        == names
    )


@given(NUMBERS)
@example([math.nan])
def test_any_numbers_come_back_from_python_and_numpy(numbers: list[float]) -> None:
    expected = [float(one) if math.isfinite(one) else None for one in numbers]
    typed = [np.float64(one) for one in numbers]
    array = np.array(numbers, np.float64)
    with np.printoptions(floatmode="unique"):
        for text in (repr(numbers), repr(typed), repr(array), str(array)):
            assert written_list(text) == ([] if text == "[nan]" else expected)  # a cell without a list


@given(st.text("[]()'\" ,.5nae\\", max_size=30))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    try:
        found = written_list(text)
    except UnusableError:
        return
    assert all(one is None or isinstance(one, str) or math.isfinite(one) for one in found)


def test_json_in_any_encoding(tmp_path: Path) -> None:
    (tmp_path / "wide.json").write_bytes('{"é": [1]}'.encode("utf-16"))
    assert published_json(tmp_path / "wide.json") == {"é": [1]}
    (tmp_path / "cut.json").write_text('{"a": ')
    with pytest.raises(UserError, match=r"cut\.json: not JSON \(.*\); fetch it again"):
        published_json(tmp_path / "cut.json")
