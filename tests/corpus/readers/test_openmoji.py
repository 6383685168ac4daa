"""The reader of the embedded emoji corpus, and what it says of a wrong recipe."""

from pathlib import Path

import pytest

from pacl_core.corpus.openmoji.glyphs import render
from pacl_core.corpus.provenance import Provenance
from pacl_core.corpus.readers import read_posts
from pacl_core.errors import UserError
from pacl_core.params.pairs import PairsParams
from tests.paths import ROOT

RECIPE = ROOT / "data" / "corpora" / "openmoji.yaml"


def test_the_reader_yields_unique_keys_and_images(tmp_path: Path) -> None:
    small = RECIPE.read_text(encoding="utf-8").replace("posts: 4000", "posts: 300")
    (tmp_path / "small.yaml").write_text(small, encoding="utf-8")
    params = PairsParams(reader="openmoji", path=str(tmp_path / "small.yaml"), image_size=64)
    found = list(read_posts(params))
    assert len(found) == 300 == len({post.sample_id for post in found})
    assert {post.provenance for post in found} == {kind.value for kind in Provenance}
    stem = found[0].sample_id.rpartition("-")[0]
    assert found[0].image == render(stem, 64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kept: 0.22", "kept: 0.5"), "must add up to 1"),
        (("posts: 4000", "postz: 4000"), "postz: unknown key; did you mean 'posts'"),
        (("test: 0.4", "test: 0.95"), "must leave groups for training"),
        (("opposite_gap: 0.4", "opposite_gap: 3"), "no emoji has a caption of kind 'opposite_lookalike'"),
        (("seed: 0", "seed: ["), "not valid YAML"),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        list(read_posts(PairsParams(reader="openmoji", path=str(path))))
    with pytest.raises(UserError, match="no such recipe"):
        list(read_posts(PairsParams(reader="openmoji", path=str(tmp_path / "none.yaml"))))
