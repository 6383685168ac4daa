"""Values that a tool changed on their way, and the names that they mean."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.datasets.names import find_name, is_absent, whole, without_point

NFC, NFD = "fiert\u00e9", "fierte\u0301"


@pytest.mark.parametrize(
    ("value", "known", "expected"),
    [
        ("joy", ("joy", "fear"), "joy"),
        (1, ("0", "1"), "1"),
        (1.0, ("0", "1"), "1"),
        ("1.0", ("0", "1"), "1"),
        ("1", ("0.0", "1.0"), "1.0"),
        (Decimal("1.00"), ("0", "1"), "1"),
        (True, ("0", "1"), "1"),
        (False, ("0", "1"), "0"),
        (True, ("false", "true"), "true"),
        (True, ("False", "True"), "True"),
        ("TRUE", ("false", "true"), "true"),
        ("True", ("0", "1"), "1"),
        (1.0, ("False", "True"), "True"),  # booleans become numbers if one is absent
        (NFD, (NFC,), NFC),
        (NFC, (NFD,), NFD),
        ("Joy", ("joy",), None),
        (1.5, ("1", "15"), None),
        ("one", ("1",), None),
        (2.0, ("0", "1"), None),
        ("1.00", ("1", "1.0"), None),  # either might be meant
        ("1.0", ("1", "1.0"), "1.0"),
        (True, ("1", "true"), "true"),
    ],
)
def test_the_name_that_a_value_means(
    value: str | float, known: tuple[str, ...], expected: str | None
) -> None:
    assert find_name(value, known) == expected


@given(st.lists(st.text(max_size=5), unique=True), st.text(max_size=5) | st.floats() | st.booleans())
def test_a_name_as_written_is_itself(known: list[str], value: str | float) -> None:
    assert all(find_name(name, known) == name for name in known)
    assert find_name(value, known) in (None, *known)


@given(st.integers(-(10**6), 10**6))
def test_whole_numbers_survive_a_column_of_floats(number: int) -> None:
    assert find_name(float(number), [str(number), "other"]) == str(number)
    assert (whole(float(number)), whole(Decimal(number)), whole(number)) == (number,) * 3
    assert str(whole(float(number))) == without_point(str(float(number))) == str(number)


@pytest.mark.parametrize("value", [None, math.nan, Decimal("nan")])
def test_what_holds_nothing(value: object) -> None:
    assert is_absent(value) and whole(value) is None


@pytest.mark.parametrize("value", ["", "nan", 0, False, 1.5, math.inf, -math.inf, 1e300, [1.0], True])
def test_what_holds_something_stays(value: object) -> None:
    assert not is_absent(value) and whole(value) is value
