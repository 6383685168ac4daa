"""Several captions of one image."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.corpus.captions import split_captions
from pacl_core.media.rejects import UnusableError

TWO = ["a happy dog", "dog on grass"]


@pytest.mark.parametrize(
    "value", [TWO, str(TWO), json.dumps(TWO), f" {TWO} \n", str(np.array(TWO)), ["", *TWO]]
)
def test_the_first_is_the_text_and_all_are_kept(value: object) -> None:
    assert split_captions({"text": value}, "text") == ("a happy dog", {"captions": json.dumps(TWO)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (["only one"], "only one"),
        ('["it\'s \\ud83d\\ude00"]', "it's 😀"),
        (["a", None, float("nan")], "a"),
        ([], ""),
        ("[]", ""),
        ([" ", None], ""),
        (None, ""),
        (float("nan"), ""),
        (12.0, "12"),
        # brackets of a text
        ("[sigh] what a day", "[sigh] what a day"),
        ("['a', b]", "['a', b]"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_text_alone(value: object, text: str) -> None:
    assert split_captions({"text": value}, "text") == (text, {})


@pytest.mark.parametrize("value", [{"a": 1}, b"bytes", [["nested"]], [{"a": 1}]])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(UnusableError, match="malformed_row"):
        split_captions({"text": value}, "text")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip), min_size=2))
def test_a_list_is_found_in_its_text(captions: list[str]) -> None:
    expected = captions[0], {"captions": json.dumps(captions, ensure_ascii=False)}
    for written in (str(captions), json.dumps(captions), json.dumps(captions, ensure_ascii=False)):
        assert split_captions({"text": written}, "text") == expected
