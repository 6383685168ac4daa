"""Cues joined to sentences, with times within cues."""

from pathlib import Path

import pytest

from pacl_core.corpus.clips.sentences import Cue, read_cues, sentences
from pacl_core.media.rejects import UnusableError


def texts(*cues: Cue) -> list[str]:
    return [one.text for one in sentences(cues) if isinstance(one, Cue)]


def test_cues_are_joined_until_a_stop() -> None:
    cues = [Cue(0, 1, "You said"), Cue(1, 2, "you would\ncome."), Cue(2, 3, "I did not?"), Cue(3, 4, "No!")]
    assert list(sentences(cues)) == [
        Cue(0, 2, "You said you would come."),
        Cue(2, 3, "I did not?"),
        Cue(3, 4, "No!"),
    ]


def test_nothing_is_lost_before_the_first_or_after_the_last_stop() -> None:
    assert texts(Cue(0, 1, "well yes. and"), Cue(1, 2, "then she left")) == ["well yes.", "and then she left"]


def test_a_sentence_that_ends_within_a_cue_ends_at_its_letter() -> None:
    first, second = sentences([Cue(10, 20, "Yes. Oh no")])
    assert first == Cue(10, 14, "Yes.")
    assert second == Cue(14, 20, "Oh no")


def test_a_point_within_a_word_is_no_stop() -> None:
    assert texts(Cue(0, 1, 'It is 3.5 km to U.S.A "now." Go')) == ['It is 3.5 km to U.S.A "now."', "Go"]


def test_a_long_gap_ends_a_sentence() -> None:
    assert texts(Cue(0, 1, "without any"), Cue(2, 3, "stop"), Cue(7, 8, "at all")) == [
        "without any stop",
        "at all",
    ]


def test_overlapping_cues_keep_their_order() -> None:
    found = list(sentences([Cue(0, 3, "one"), Cue(1, 2, "two.")]))
    assert found == [Cue(0, 2, "one two.")]


@pytest.mark.parametrize("text", ["[laughs]", "(sighs) no", "♪ la la ♪"])
def test_no_speech(text: str) -> None:
    (found,) = sentences([Cue(0, 1, text)])
    assert isinstance(found, UnusableError)
    assert found.reason == "not_speech"


def test_a_cue_without_an_end() -> None:
    (found,) = sentences([Cue(1, 1, "never")])
    assert isinstance(found, UnusableError)
    assert found.reason == "end_before_start"


def test_cues_are_read_by_start(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(
        "2\n00:00:03,000 --> 00:00:04,000\nlater\n\n1\n00:00:01,000 --> 00:00:02,500\nsooner\n\n"
        "3\n00:00:09,000\nno end\n"
    )
    assert read_cues(path) == [Cue(1, 2.5, "sooner"), Cue(3, 4, "later"), Cue(9, 9, "no end")]
    path.write_bytes("\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nüber\r\n".encode("utf-16-le"))
    assert read_cues(path) == [Cue(1, 2, "über")]
    path.write_text("no cue")
    with pytest.raises(UnusableError, match="bad_subtitles"):
        read_cues(path)
