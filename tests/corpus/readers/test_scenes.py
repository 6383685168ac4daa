"""The reader of scenes, and what it says of a wrong recipe (pacl_core/corpus/scenes/recipe)."""

from pathlib import Path

import pytest

from pacl_core.corpus.provenance import SceneTruth
from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.params.pairs import PairsParams
from tests.paths import ROOT

RECIPE = (ROOT / "data" / "corpora" / "scenes.yaml").read_text(encoding="utf-8")


def test_the_reader_yields_scenes_with_what_is_known_of_them(tmp_path: Path) -> None:
    small = RECIPE.replace("posts: 12000", "posts: 60").replace("pixels: 160", "pixels: 48")
    (tmp_path / "small.yaml").write_text(small, encoding="utf-8")
    params = PairsParams(reader="scenes", path=str(tmp_path / "small.yaml"))
    found = [post for post in read_posts(params) if isinstance(post, Post)]
    assert len(found) == 60 == len({post.sample_id for post in found}) == len({post.image for post in found})
    assert {post.provenance for post in found} == set(SceneTruth)
    assert all(set(post.extras) == {"provenance", "thing", "face"} for post in found)
    assert list(read_posts(params)) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("strong: 0.22", "strong: 0.5"), "shares: the four shares must add up to 1"),
        (("posts: 12000", "postz: 12000"), "postz: unknown key; did you mean 'posts'"),
        (("near: 0.08", "near: 0.45"), "'near' must be below 'opposite'"),
        (("thing: [0.6, 0.8]", "thing: [0.8, 0.6]"), "'thing' is the least and the greatest size"),
        (("ground: [0.05, 0.3]", "ground: [0.05, 3]"), "'ground' is the least and the greatest saturation"),
        (("test: 0.18", "test: 0.9"), "must leave things for the corpus"),
        (("test: 0.3}", "test: 0.95}"), "must leave faces for the corpus"),
        (("val: 0.06", "val: 0.0001"), "no thing is left for 'val'"),
        (("min_uses: 20", "min_uses: 20000"), "no face is left for 'corpus'"),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "recipe.yaml"
    assert change[0] in RECIPE
    path.write_text(RECIPE.replace(*change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        list(read_posts(PairsParams(reader="scenes", path=str(path))))
