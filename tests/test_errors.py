"""A name that is not known: the nearest one, or all of them."""

from pacl_core.errors import UserError, unknown


def test_a_typing_error_gets_the_nearest_name() -> None:
    error = unknown("colour", "gren", {"red", "green", "blue"})
    assert isinstance(error, UserError)
    assert str(error) == "unknown colour 'gren'; did you mean 'green'?"


def test_a_name_far_from_all_gets_the_whole_list_in_order() -> None:
    assert str(unknown("colour", "xyz", ["red", "blue"])) == "unknown colour 'xyz'; known: blue, red"
