"""Posts of scenes: shares, what is right in a text and what is not, and nothing of what is held out."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus.provenance import MATCHED_SCENES, SceneTruth
from pacl_core.corpus.scenes.cast import Cast, family
from pacl_core.corpus.scenes.moods import MoodWords
from pacl_core.corpus.scenes.posts import ScenePost, scene_posts
from pacl_core.corpus.scenes.recipe import SceneRecipe, SceneShares


def test_shares_are_those_of_the_recipe(posts: list[ScenePost], recipe: SceneRecipe) -> None:
    counts = Counter(post.truth for post in posts)
    assert len(posts) == recipe.posts
    for truth in SceneTruth:
        assert abs(counts[truth] - getattr(recipe.shares, truth) * recipe.posts) <= 1


@settings(max_examples=12, deadline=None)
@given(parts=st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any), number=st.integers(1, 60))
def test_any_shares_add_up(players: Cast, recipe: SceneRecipe, parts: list[int], number: int) -> None:
    shares = SceneShares(**{name: part / sum(parts) for name, part in zip(SceneTruth, parts, strict=True)})
    found = scene_posts(players, recipe.model_copy(update={"posts": number, "shares": shares}))
    counts = Counter(post.truth for post in found)
    assert len(found) == number
    assert all(abs(counts[name] - getattr(shares, name) * number) <= 1 for name in SceneTruth)


def test_each_text_is_what_its_truth_says(posts: list[ScenePost], players: Cast, recipe: SceneRecipe) -> None:
    words = MoodWords(players.faces["corpus"], recipe.moods)
    for post in posts:
        factual, emotional = MATCHED_SCENES[post.truth]
        gap = abs(words.place(post.scene.face) - post.told.place)
        assert (post.named == post.scene.thing) == factual
        assert factual or family(post.named) != family(post.scene.thing)
        assert gap <= recipe.moods.near if emotional else gap >= recipe.moods.opposite
        assert post.told.text in post.text and any(name in post.text for name in post.named.names)


def test_no_text_names_the_face_that_is_shown(posts: list[ScenePost]) -> None:
    assert [post.text for post in posts if post.told.text in post.scene.face.names] == []
    named = sum(post.told.face is not None for post in posts) / len(posts)
    assert 0.45 < named < 0.55


def test_what_is_held_out_is_neither_shown_nor_named(posts: list[ScenePost], players: Cast) -> None:
    things, faces = set(players.things["corpus"]), set(players.faces["corpus"])
    assert {post.scene.thing for post in posts} == things and {post.scene.face for post in posts} == faces
    assert {post.named for post in posts} <= things
    assert {post.told.face for post in posts if post.told.face} <= faces
    hidden = {face.names[0] for part in ("val", "test") for face in players.faces[part]}
    shown = {name for face in faces for name in face.names}
    for name in hidden:
        longer = [other for other in shown if name in other]  # the longer name of a face that is shown
        for post in posts:
            if re.search(rf"\b{re.escape(name)}\b", post.text):
                assert any(other in post.text for other in longer)


def test_the_drawing_does_not_depend_on_the_mood(
    posts: list[ScenePost], players: Cast, recipe: SceneRecipe
) -> None:
    words = MoodWords(players.faces["corpus"], recipe.moods)
    moods = [words.place(post.scene.face) for post in posts]
    order = {thing: place for place, thing in enumerate(players.things["corpus"])}
    scenes = [post.scene for post in posts]
    drawn = [(*one.thing_box, *one.face_box, *one.ground, order[one.thing]) for one in scenes]
    for column in np.array(drawn, float).T:
        assert (
            abs(np.corrcoef(column, moods)[0, 1]) < 0.06
        )  # 4,000 posts: 0.06 is nearly four standard errors
    kinds = [list(SceneTruth).index(post.truth) for post in posts]
    assert abs(np.corrcoef(kinds, moods)[0, 1]) < 0.06


def test_the_same_recipe_gives_the_same_posts_and_a_seed_others(
    posts: list[ScenePost], players: Cast, recipe: SceneRecipe
) -> None:
    assert scene_posts(players, recipe) == posts
    other = scene_posts(players, recipe.model_copy(update={"seed": 1}))
    assert other != posts and len(other) == len(posts)


def test_the_names_of_the_truths_are_those_of_the_partitions() -> None:
    from pacl_core.methods.pacl.partitions import PARTITIONS

    assert [truth.value for truth in SceneTruth] == list(PARTITIONS)
    assert pytest.approx(len(set(MATCHED_SCENES.values()))) == 4
