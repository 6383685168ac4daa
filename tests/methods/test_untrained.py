"""Random weights where params name an architecture of `untrained` and no weights."""

from pathlib import Path

import pytest

from pacl_core.methods.untrained import UNTRAINED, with_weights, write_untrained
from pacl_core.models.open_clip_model import load_clip
from pacl_core.params.models import BackboneParams


@pytest.mark.parametrize("name", UNTRAINED)
def test_the_same_weights_for_the_same_seed(tmp_path: Path, name: str) -> None:
    hashes = []
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / place).mkdir()
        write_untrained(tmp_path / place, UNTRAINED[name], seed=seed)
        hashes.append(load_clip(name, str(tmp_path / place), None).weights_sha256)
    assert hashes[0] == hashes[1] != hashes[2]


def test_weights_that_are_given_are_kept() -> None:
    for given in (
        BackboneParams(kind="open_clip", name="tiny-vit", weights="w"),
        BackboneParams(kind="open_clip", name="ViT-B-32"),
        BackboneParams(kind="timm", name="tiny-vit"),
    ):
        with with_weights(given) as params:
            assert params is given


def test_random_ones_are_gone_afterwards() -> None:
    named = BackboneParams(kind="open_clip", name="tiny-vit")
    with with_weights(named) as params:
        assert params.weights is not None and Path(params.weights).is_dir()
        assert params.model_copy(update={"weights": None}) == named
    assert not Path(params.weights).exists()
