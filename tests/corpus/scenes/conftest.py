from collections.abc import Callable

import pytest

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.scenes.cast import Cast, cast
from pacl_core.corpus.scenes.posts import ScenePost, scene_posts
from pacl_core.corpus.scenes.recipe import SceneRecipe, load_scene_recipe
from tests.paths import ROOT

RECIPE = ROOT / "data" / "corpora" / "scenes.yaml"
Remade = Callable[[SceneRecipe], list[ScenePost]]


@pytest.fixture(scope="package")
def recipe() -> SceneRecipe:
    return load_scene_recipe(RECIPE).model_copy(update={"posts": 4000})


@pytest.fixture(scope="package")
def players(recipe: SceneRecipe) -> Cast:
    return cast(read_glyphs(), recipe)


@pytest.fixture(scope="package")
def posts(players: Cast, recipe: SceneRecipe) -> list[ScenePost]:
    return scene_posts(players, recipe)
