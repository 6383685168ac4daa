"""Rendered clips: the same whenever drawn, a box around the marked person, a text about that one alone."""

from pathlib import Path

import numpy as np
import pytest

from pacl_core.corpus.clips.players import corpus_troupe
from pacl_core.corpus.clips.rendered_recipe import RenderedRecipe, load_rendered_recipe
from pacl_core.corpus.clips.rendering import DrawnFrames, arrange
from pacl_core.errors import UserError
from pacl_core.media.video import Frame
from tests.paths import ROOT

RECIPE = load_rendered_recipe(ROOT / "data/corpora/clips.yaml")
TWO = load_rendered_recipe(ROOT / "data/corpora/clips_two_persons.yaml")
TIMES = [n / 8 for n in range(18)]


def frames(number: int, recipe: RenderedRecipe, short_side: int = 256) -> list[Frame]:
    drawn = DrawnFrames(arrange(number, corpus_troupe(recipe), recipe), recipe.size, short_side)
    return [frame for frame in drawn.at(TIMES) if isinstance(frame, Frame)]


def test_a_clip_does_not_depend_on_when_it_is_drawn() -> None:
    first = [frame.pixels for frame in frames(5, RECIPE)]
    frames(6, RECIPE)
    assert all(np.array_equal(one, frame.pixels) for one, frame in zip(first, frames(5, RECIPE), strict=True))
    assert not np.array_equal(first[0], frames(6, RECIPE)[0].pixels)


def test_all_that_moves_is_in_the_box() -> None:
    """One person: what changes between two frames lies in the box of either."""
    clip = arrange(3, corpus_troupe(RECIPE), RECIPE)
    drawn = DrawnFrames(clip, RECIPE.size, 256)
    shown = frames(3, RECIPE)
    outside = np.ones(shown[0].pixels.shape[:2], bool)
    for frame in (shown[0], shown[9]):
        (box,) = drawn.boxes_at(frame.time) or ()
        outside[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = False
    changed = (shown[0].pixels != shown[9].pixels).any(axis=2)
    assert changed.any()
    assert not (changed & outside).any()


def test_persons_stay_in_the_frame_and_go_somewhere() -> None:
    for number in range(20):
        clip = arrange(number, corpus_troupe(RECIPE), RECIPE)
        drawn = DrawnFrames(clip, RECIPE.size, 256)
        boxes = [(drawn.boxes_at(time) or [])[0] for time in TIMES]
        assert all(0 <= box.left < box.right <= 160 and 0 <= box.top < box.bottom <= 120 for box in boxes)
        assert len({box.left for box in boxes}) > 3
        assert clip.walks[-1].glyph.names[0] in clip.text


def test_of_two_persons_the_marked_one_decides_the_text() -> None:
    for number in range(20):
        clip = arrange(number, corpus_troupe(TWO), TWO)
        other, marked = (walk.glyph for walk in clip.walks)
        assert other.group != marked.group
        assert marked.names[0] in clip.text
        assert len(DrawnFrames(clip, TWO.size, 256).boxes_at(0.5) or []) == 1
        assert {walk.low for walk in clip.walks} == {0, 80}


def test_persons_take_turns() -> None:
    persons = len(corpus_troupe(RECIPE).persons)
    shown = [
        arrange(number, corpus_troupe(RECIPE), RECIPE).walks[-1].glyph.stem for number in range(2 * persons)
    ]
    assert len(set(shown[:persons])) == len(set(shown[persons:])) == persons > 60
    assert shown[:persons] != shown[persons:]


def test_frames_are_scaled_and_end_with_the_clip() -> None:
    assert frames(0, RECIPE, short_side=60)[0].pixels.shape == (60, 80, 3)
    clip = arrange(0, corpus_troupe(RECIPE), RECIPE)
    assert len(list(DrawnFrames(clip, RECIPE.size, 60).at([0, clip.seconds, 99]))) == 1


@pytest.mark.parametrize(
    "wrong",
    ["clips: 0", "seconds: [3, 2]", "person: [0.5, 1.5]", "size: [100, 200]", "persons: 3", "speeds: 1"],
)
def test_recipes_that_make_no_clips(tmp_path: Path, wrong: str) -> None:
    key = wrong.split(":")[0]
    lines = [
        line
        for line in (ROOT / "data/corpora/clips.yaml").read_text().splitlines()
        if not line.startswith(f"{key}:")
    ]
    (tmp_path / "clips.yaml").write_text("\n".join([*lines, wrong]))
    with pytest.raises(UserError, match=str(tmp_path)):
        load_rendered_recipe(tmp_path / "clips.yaml")
