"""A ViT that is told of a subject: the published encoder's values (fixtures/sap.json) and what must hold."""

import math
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from open_clip.transformer import VisionTransformer
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.models.subject.coverage import as_boxes, coverage
from pacl_core.models.subject.encoder import Subject, mass_on_subject
from pacl_core.params.video_text import SubjectParams
from tests.models.published_emotionclip import (
    assert_near,
    closed_form,
    fixture,
    numbers,
    with_closed_form_weights,
)
from tests.tiny_checkpoints import write_tiny_open_clip

SIZES: dict[str, Any] = {"image_size": 32, "patch_size": 8, "width": 16, "layers": 2, "heads": 2}


def tower(**options: Any) -> VisionTransformer:
    torch.manual_seed(0)
    visual = VisionTransformer(**SIZES, mlp_ratio=4, output_dim=16, **options)
    return visual.double().eval()


def subject_of(kind: Any, visual: Any, **options: Any) -> Subject:
    return Subject(visual, SubjectParams(kind=kind, **options))


def images(count: int = 4) -> Tensor:
    return closed_form(lambda b, c, h, w: math.sin(0.1 * b + 0.3 * c + 0.05 * h + 0.07 * w), count, 3, 32, 32)


def shares(count: int = 4) -> Tensor:
    """No subject, one in a corner, one across patches, everything."""
    boxes = ([], [[8, 8, 16, 24]], [[3, 5, 30, 19]], [[0, 0, 32, 32]])
    return torch.stack([torch.from_numpy(coverage(as_boxes(one), 32, 8)) for one in boxes[:count]]).double()


def test_values_of_the_published_encoder() -> None:
    published = fixture("sap")
    visual = with_closed_form_weights(tower(), published["state_names"])
    assert_near(shares(), published["coverage"], 1e-7)
    z = shares() @ visual.positional_embedding[1:]
    assert_near(z.detach(), published["z_hmn"])
    with torch.no_grad():
        assert_near(subject_of("sap", visual)(visual, images(), shares()), published["frame_features"])
        plain = subject_of("none", visual)(visual, images(), shares())
    assert_near(plain, published["frame_features_without_token"])
    found = subject_of("sap", visual).attention(visual, images(), shares())
    rows = published["attention_of_subject_token_mean_over_heads"]
    assert_near(found, rows, 1e-8)  # written with 8 digits
    mass = (numbers(rows)[..., 1:17] * (shares() > 0)).sum(dim=-1)
    torch.testing.assert_close(mass_on_subject(found, shares()), mass, rtol=1e-7, atol=1e-7)


def test_none_is_the_tower_itself() -> None:
    visual = tower()
    with torch.no_grad():
        torch.testing.assert_close(subject_of("none", visual)(visual, images(), shares()), visual(images()))


def test_the_token_of_nobody_is_the_bias_of_the_first_norm_and_changes_the_output() -> None:
    visual = tower()
    torch.nn.init.normal_(visual.ln_pre.bias)
    nobody = torch.zeros(1, 16, dtype=torch.float64)
    sap = subject_of("sap", visual)
    with torch.no_grad():
        torch.testing.assert_close(sap._tokens(visual, images(1), nobody)[0, -1], visual.ln_pre.bias)
        assert not torch.allclose(sap(visual, images(1), nobody), visual(images(1)))


def test_binary_coverage_takes_any_part_of_a_patch_as_the_whole() -> None:
    visual = tower()
    with torch.no_grad():
        binary = subject_of("sap", visual, coverage="binary")(visual, images(), shares())
        whole = subject_of("sap", visual)(visual, images(), (shares() > 0).double())
    torch.testing.assert_close(binary, whole)


@pytest.mark.parametrize("kind", ["sap", "saam"])
def test_attention_sums_to_one_and_its_mass_is_part_of_it(kind: Any) -> None:
    visual = tower()
    subject = subject_of(kind, visual).double()
    found = subject.attention(visual, images(), shares())
    assert found.shape == (2, 4, 18)
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(2, 4, dtype=torch.float64))
    mass = mass_on_subject(found, shares())
    assert (mass[:, 0] == 0).all() and ((mass > 0) & (mass < 1))[:, 1:].all()


def test_saam_that_mixes_nothing_is_plain_attention_with_one_more_token() -> None:
    visual = tower()
    saam = subject_of("saam", visual).double()
    for mixing in saam.mixing:
        torch.nn.init.constant_(mixing, -1e3)
    with torch.no_grad():
        tokens = saam._tokens(visual, images(), shares())
        plain = visual._pool(visual.transformer(tokens))[0] @ visual.proj
        torch.testing.assert_close(saam(visual, images(), shares()), plain)
        for mixing in saam.mixing:
            torch.nn.init.constant_(mixing, 0.0)
        assert not torch.allclose(saam(visual, images(), shares()), plain)


def test_saam_starts_near_plain_attention_and_takes_as_many_layers_as_asked() -> None:
    visual = tower()
    one = subject_of("saam", visual, layers=1)
    assert [list(mixing.shape) for mixing in one.mixing] == [[18, 18]]
    assert one.mixing[0].sigmoid().max().item() == pytest.approx(0.018, abs=1e-3)
    assert len(subject_of("saam", visual).mixing) == 2
    one = one.double()
    with torch.no_grad():
        first = one(visual, images(), shares())
        both = subject_of("saam", visual).double()
        both.load_state_dict(one.state_dict(), strict=False)
        assert not torch.allclose(first, both(visual, images(), shares()))
    found = one.attention(visual, images(), shares())
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(2, 4, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["sap", "saam"])
def test_moving_the_subject_moves_the_features_and_gradients_reach_all_weights(kind: Any) -> None:
    visual = tower()
    subject = subject_of(kind, visual).double()
    found = subject(visual, images(2), shares()[1:3])
    other = subject(visual, images(2), shares()[2:4])
    assert not torch.allclose(found[0], other[0])
    found.square().sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in subject.parameters())
    assert all(one.grad is not None for one in visual.parameters())


@pytest.mark.parametrize("pool", ["tok", "avg"])
def test_the_token_is_never_pooled(pool: Any) -> None:
    """Made another one behind the last block, it would show in an average."""
    visual = tower(pool_type=pool)
    subject = subject_of("sap", visual)
    after_blocks = visual.transformer.forward

    def another(tokens: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = after_blocks(tokens)
        assert found.shape[1] == 18
        return torch.cat([found[:, :-1], -7 * found[:, -1:] + 3], dim=1)

    with torch.no_grad():
        before = subject(visual, images(1), shares(1))
        visual.transformer.forward = another
        assert torch.equal(subject(visual, images(1), shares(1)), before)
        kept = visual._pool(visual.transformer(subject._tokens(visual, images(1), shares(1)))[:, :-1])[0]
    assert torch.equal(before, kept @ visual.proj)


def test_a_model_without_first_norm_and_one_with_layer_scale_work() -> None:
    for options in ({"no_ln_pre": True}, {"ls_init_value": 0.1}, {"final_ln_after_pool": True}):
        visual = tower(**options)
        for kind in ("sap", "saam"):
            subject = subject_of(kind, visual).double()
            with torch.no_grad():
                assert subject(visual, images(2), shares(2)).shape == (2, 16)


def clip_of(folder: Path, kind: str) -> Any:
    write_tiny_open_clip(folder, kind)
    return open_clip.create_model(f"local-dir:{folder}", load_weights=False).visual


@pytest.mark.parametrize("kind", ["timm", "resnet"])
def test_another_tower_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UserError, match=r"subject\.kind: sap needs a ViT of open_clip's own.*not"):
        subject_of("sap", clip_of(tmp_path, kind))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UserError, match=r"subject\.layers: 3 of a model of 2 layers"):
        subject_of("saam", tower(), layers=3)
    with pytest.raises(UserError, match="drops patches; use sap"):
        subject_of("saam", tower(patch_dropout=0.5))
    custom = tower(scale_attn=True)
    with pytest.raises(UserError, match=r"another \(CustomResidualAttentionBlock\)"):
        subject_of("saam", custom)
    sap = subject_of("sap", custom)
    assert sap(custom, images(1), shares(1)).shape == (1, 16)
    with pytest.raises(UserError, match="without attention maps"):
        sap.attention(custom, images(1), shares(1))
    with pytest.raises(UserError, match="no subject token"):
        subject_of("none", tower()).attention(tower(), images(1), shares(1))


def test_patches_may_be_dropped_in_training_but_not_the_token() -> None:
    visual = tower(patch_dropout=0.5).train()
    assert subject_of("sap", visual)(visual, images(2), shares(2)).shape == (2, 16)
