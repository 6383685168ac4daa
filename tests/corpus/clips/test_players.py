"""Who plays in rendered clips: no smiley of the labelled data set is in the corpus."""

import numpy as np
import pytest

from pacl_core.corpus.clips.players import corpus_troupe, labelled_troupe
from pacl_core.corpus.clips.rendered_recipe import load_rendered_recipe
from pacl_core.corpus.scenes.cast import valence
from pacl_core.errors import UserError
from tests.paths import ROOT

RECIPE = load_rendered_recipe(ROOT / "data/corpora/clips_faces.yaml")
PERSONS = load_rendered_recipe(ROOT / "data/corpora/clips.yaml")


def test_held_out_faces_are_not_in_the_corpus_and_as_happy() -> None:
    shown, held_out = corpus_troupe(RECIPE).persons, labelled_troupe(RECIPE).persons
    assert not {one.stem for one in shown} & {one.stem for one in held_out}
    persons = corpus_troupe(PERSONS).persons
    faces = [one for one in shown if one not in persons]
    assert len(shown) == len(persons) + len(faces)
    assert min(len(faces), len(held_out)) > 20
    means = [np.mean([valence(one) for one in part]) for part in (faces, held_out)]
    assert abs(means[0] - means[1]) < 0.1


def test_another_seed_holds_out_others() -> None:
    other = RECIPE.model_copy(update={"seed": 1})
    assert labelled_troupe(other).persons != labelled_troupe(RECIPE).persons


def test_a_recipe_of_persons_has_no_labels() -> None:
    with pytest.raises(UserError, match="set 'faces'"):
        labelled_troupe(PERSONS)
