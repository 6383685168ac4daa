"""Every option of the train section does what it says, in whole runs on a tiny corpus."""

import copy
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.method import Inputs, Pacl, make_pacl
from pacl_core.methods.pacl.training.run import Trained
from pacl_core.models.backbones import Backbone
from pacl_core.training.distributed import ALONE
from pacl_core.training.forward import backbone_features, learning
from pacl_core.training.loop import _new_state
from pacl_core.training.method import Batch
from pacl_core.training.pixels import ImageSource
from pacl_core.training.step import NotFiniteError, update
from tests.methods.pacl.training.runs import train

MakeBackbone = Callable[[], Backbone]


@pytest.fixture
def samples(make_shards: Callable[..., Path], tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


@pytest.fixture
def run(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> Callable[..., tuple[dict[str, Tensor], Trained]]:
    """`run(holdout=3, ...)`: a run with these options; the backbone's state and what else it leaves."""

    def run_with(backbone: Backbone | None = None, **options: object) -> tuple[dict[str, Tensor], Trained]:
        work = Path(mkdtemp(dir=tmp_path))
        backbone = backbone or make_backbone()
        changed = TrainParams(**(params.model_dump() | options))
        trained = train(samples, backbone, changed, work)
        return backbone.state(), trained

    return run_with


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    return sum((one[name].double() - other[name].double()).norm().item() for name in one)


def test_neutral_values_change_nothing(run) -> None:
    plain, _ = run()
    neutral, _ = run(clip_norm=1e9, layer_decay=1.0, non_finite="skip")
    assert equal(plain, neutral)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")
def test_a_compiled_backbone_learns_the_same(run) -> None:
    plain, _ = run(backbone_lr=1e-4)
    compiled, _ = run(backbone_lr=1e-4, compile=True)
    assert plain.keys() == compiled.keys()
    for name in plain:
        torch.testing.assert_close(plain[name], compiled[name], rtol=1e-3, atol=1e-4)


def test_clipping_shortens_the_gradient_that_is_applied(run, monkeypatch) -> None:
    norms = []
    step = torch.optim.AdamW.step

    def noted(optimiser: torch.optim.AdamW, *arguments: object) -> object:
        gradients = [p.grad for group in optimiser.param_groups for p in group["params"]]
        norms.append(torch.cat([gradient.flatten() for gradient in gradients]).norm().item())
        return step(optimiser, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    _, trained = run(clip_norm=0.5)
    assert max(norms) <= 0.5 + 1e-5
    assert trained.history[0]["gradient_norm"] > 0.5  # the curve shows it before clipping


def test_the_gradient_norm_is_of_all_parameters(run, monkeypatch) -> None:
    norms = []
    step = torch.optim.AdamW.step

    def noted(optimiser: torch.optim.AdamW, *arguments: object) -> object:
        squares = [float((p.grad**2).sum()) for group in optimiser.param_groups for p in group["params"]]
        norms.append(sum(squares) ** 0.5)
        return step(optimiser, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    _, trained = run(epochs=1)
    assert trained.history[0]["gradient_norm"] == pytest.approx(np.mean(norms))


def test_the_saved_model_is_the_average(run, make_backbone) -> None:
    before, (last, _), (average, trained) = make_backbone().state(), run(), run(ema=0.5)
    almost_still, _ = run(ema=0.9999)
    assert 0 < distance(before, average) < distance(before, last)
    assert distance(before, almost_still) < 0.02 * distance(before, last)
    assert not equal(trained.projectors, run()[1].projectors)


def test_accumulated_pieces_learn_what_the_whole_batch_does(run) -> None:
    plain, _ = run(batch_norm="frozen", epochs=1)
    pieces, _ = run(batch_norm="frozen", epochs=1, accumulate=3)
    assert plain.keys() == pieces.keys()
    for name in plain:
        torch.testing.assert_close(plain[name], pieces[name], rtol=1e-4, atol=1e-5)


def test_warm_up_starts_slowly(run) -> None:
    _, trained = run(warmup_steps=6)  # of 8: 2 + 3 + 3
    rates = [epoch["learning_rate/backbone"] for epoch in trained.history]
    assert rates == pytest.approx([1e-3 * 2 / 6, 1e-3 * 5 / 6, 1e-3 * 0.5])
    with pytest.raises(UserError, match=r"train\.warmup_steps: 8 of a run of 8 steps"):
        run(warmup_steps=8)


def test_layers_near_the_input_move_less(run, make_backbone) -> None:
    before = make_backbone().state()
    (even, _), (layered, _) = run(), run(layer_decay=0.1)

    def moved(state: dict[str, Tensor], name: str) -> float:
        return (state[name] - before[name]).norm().item()

    assert moved(layered, "0.weight") < 0.1 * moved(even, "0.weight")
    assert moved(layered, "6.weight") > 0.5 * moved(even, "6.weight")


@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
def test_a_learned_temperature_moves_and_is_in_the_curves(run, batch_norm) -> None:
    _, fixed = run(batch_norm=batch_norm)
    _, learned = run(batch_norm=batch_norm, temperature_learnable=True)
    assert "temperature" not in fixed.history[0]
    values = [epoch["temperature"] for epoch in learned.history]
    assert values[0] != values[-1]
    assert all(0.03 < value < 0.15 for value in values)


def test_bfloat16_trains_much_like_float32(run) -> None:
    (exact, one), (half, other) = run(), run(precision="bfloat16")
    assert not equal(exact, half)
    assert {value.dtype for value in half.values()} == {value.dtype for value in exact.values()}
    assert other.history[-1]["loss/strong"] == pytest.approx(one.history[-1]["loss/strong"], rel=0.05)
    assert equal(half, run(precision="bfloat16")[0])


def test_curves_have_anchors_without_negatives(run) -> None:
    _, trained = run()
    last = trained.history[-1]
    assert last["without_negatives/strong"] == 0
    for partition in ("partial_emotional", "partial_factual", "weak"):
        assert 0 <= last[f"without_negatives/{partition}"] <= 1
    assert last["without_negatives/weak"] > 0  # two labels, batches of five


def test_single_pairs_have_no_negatives(run) -> None:
    _, trained = run(batch_size=1, epochs=1)
    assert trained.history[0]["without_negatives/strong"] == 1
    assert trained.history[0]["loss/strong"] == 0


def test_anchors_without_negatives_are_a_warning(run, caplog: pytest.LogCaptureFixture) -> None:
    """A loss of 0.000 that learnt nothing looks like success."""
    with caplog.at_level(logging.WARNING, "pacl"):
        _, trained = run(batch_size=1)
    assert trained.history[-1]["without_negatives/strong"] == 1
    assert (
        "strong: 100 % of its anchors have no negative and learn nothing; raise pseudo_labels.k or "
        "train.batch_size"
    ) in caplog.messages
    assert trained.card["images_seen"] > trained.card["steps"] > 0


@pytest.mark.parametrize(
    ("options", "sizes", "told"),
    [
        ({"batch_size": 1}, {}, "strong, partial_emotional, partial_factual, weak"),
        (
            {"batch_size": 1, "batching": "mixed", "usage": "partial"},
            {},
            "strong, partial_emotional, partial_factual",
        ),
        ({}, {"weak": 1}, "weak"),
        ({"usage": "partial"}, {"weak": 1}, None),
        ({"batching": "mixed"}, {"weak": 1}, None),
        ({}, {"weak": 0}, None),
        ({}, {}, None),
    ],
)
def test_batches_of_one_pair_are_said_to_teach_nothing(
    make_shards: Callable[..., Path],
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    options: dict[str, object],
    sizes: dict[str, int],
    told: str | None,
) -> None:
    every = {"strong": 5, "partial_emotional": 6, "partial_factual": 9, "weak": 3} | sizes
    changed = TrainParams(**(params.model_dump() | options))
    work = Path(mkdtemp(dir=tmp_path))
    train(read_shards(make_shards(every), tmp_path), make_backbone(), changed, work)
    said = [line for line in caplog.messages if "batches of one pair" in line]
    line = f"{told}: batches of one pair, which has no negatives: nothing is learnt from them"
    assert said == ([line] if told else [])


def test_retrieval_is_of_pairs_that_were_held_out(run, samples) -> None:
    _, trained = run(holdout=4, epochs=9, batch_norm="update", batch_size=3)
    assert trained.card["held_out"] == 4 and trained.card["samples"]["strong"] == 8
    # the partial pairs say the text of the strong one of their number; there are but 7 partial_factual
    assert trained.card["left_out"]["partial_emotional"] == 4 and trained.card["samples"]["weak"] == 5
    assert trained.card["samples"]["partial_emotional"] == 16
    for way in ("image_to_text", "text_to_image"):
        for epoch in trained.history:
            at = [epoch[f"recall_{way}/at_{k}"] for k in (1, 5, 10)]
            assert at == sorted(at) and at[1:] == [1, 1]  # of four pairs
    assert not any("recall" in name for name in run()[1].history[0])


def test_looking_at_held_out_pairs_changes_nothing(run, monkeypatch) -> None:
    options = {"holdout": 4, "batch_norm": "update", "ema": 0.9}
    looked, _ = run(**options)
    look = Pacl.evaluate
    monkeypatch.setattr(Pacl, "evaluate", lambda self, epoch: look(replace(self, held=self.held[:0]), epoch))
    assert equal(looked, run(**options)[0])


class BreaksOnce(torch.nn.Module):
    """Multiplies its input by 1, and by something else in one call, forwards or only in the gradient."""

    def __init__(self, call: int, forward: float, backward: float) -> None:
        super().__init__()
        self.calls, self.call, self.by = 0, call, (forward, backward)

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        if self.calls != self.call:
            return images
        forward, backward = self.by
        images = images * forward
        images.register_hook(lambda gradient: gradient * backward)
        return images


def breaking(make_backbone: MakeBackbone, call: int, forward: float, backward: float) -> Backbone:
    backbone = make_backbone()
    backbone.module.insert(1, BreaksOnce(call, forward, backward))  # behind the first convolution
    return backbone


@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
@pytest.mark.parametrize(("forward", "backward"), [(torch.nan, 1.0), (1.0, torch.inf)])
def test_a_step_that_is_not_finite_is_skipped_and_counted(
    run, make_backbone, caplog, batch_norm, forward, backward
) -> None:
    options = {"batch_norm": batch_norm, "non_finite": "skip"}
    with caplog.at_level(logging.WARNING, "pacl"):
        state, trained = run(backbone=breaking(make_backbone, 2, forward, backward), **options)
    assert [epoch["skipped_steps"] for epoch in trained.history] == [1, 0, 0]
    assert all(torch.isfinite(value).all() for value in state.values())
    assert all(np.isfinite(list(epoch.values())).all() for epoch in trained.history)
    assert "skipped step 1 (epoch 1)" in caplog.text


def test_an_infinite_gradient_stops_with_step_term_and_samples(run, make_backbone) -> None:
    with pytest.raises(UserError, match=r"step 1 \(epoch 1\): gradient of strong is not finite.*strong/\d"):
        run(backbone=breaking(make_backbone, 2, 1.0, torch.inf))


def test_the_term_of_an_infinite_gradient_is_named_among_others(
    samples, make_backbone, params, tmp_path
) -> None:
    backbone = make_backbone()
    with ThreadPoolExecutor(1) as pool:
        images = ImageSource(samples.image, len(samples.sample_ids), backbone.preprocess, tmp_path, pool)
        method = make_pacl(Inputs(samples, backbone), params, images=images, world=ALONE)
    batch = Batch({name: np.array(rows)[:4] for name, rows in samples.rows.items()})
    shown = torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    shown[8:12] += 1e3  # the images of partial_factual

    def features(images: Tensor) -> Tensor:
        found = method.features(images)
        if (images > 500).any():
            found.register_hook(lambda gradient: gradient * torch.inf)
        return found

    breaking_method = replace(method, features=features)
    pieces = [
        piece._replace(images=part)
        for piece, part in zip(method.load(0, batch), torch.split(shown, 4), strict=True)
    ]
    with pytest.raises(NotFiniteError, match="gradient of partial_factual is not finite") as caught:
        update(breaking_method, _new_state(method, params), params, inputs=pieces, world=ALONE)
    assert caught.value.terms == ["partial_factual"]


@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
def test_mixed_batches_train_every_active_partition(run, batch_norm) -> None:
    state, trained = run(batching="mixed", batch_norm=batch_norm, epochs=9, holdout=2)
    # the two that are held out take two of each partial partition with them
    sizes = {"strong": 10, "partial_emotional": 18, "partial_factual": 5, "weak": 5}
    assert trained.card["samples"] == sizes
    assert trained.card["steps"] == 3 * 2 + 3 * 5 + 3 * 5  # of 10, 33 and 38 pairs in eights
    assert trained.history[2]["loss/strong"] < trained.history[0]["loss/strong"]
    assert [f"loss/{name}" in trained.history[3] for name in ("partial_factual", "weak")] == [True, False]
    last = trained.history[-1]
    for name in ("excluded_by_factual/weak", "excluded_by_emotional/partial_factual", "rebuilt/weak"):
        assert 0 <= last[name] <= 1
    assert equal(state, run(batching="mixed", batch_norm=batch_norm, epochs=9, holdout=2)[0])


def test_statistics_that_update_are_those_of_exact_arithmetic() -> None:
    """Whatever memory the images lie in: channels last is off by a factor of dozens without care."""
    norm = nn.BatchNorm2d(16)
    exact = copy.deepcopy(norm).double()
    images = 5 + 3 * torch.randn(64, 16, 40, 40, generator=torch.Generator().manual_seed(0))
    params = TrainParams(batch_norm="update")
    features = backbone_features(learning(norm, params, "cpu"), 16, params, world=ALONE)
    features(images.contiguous(memory_format=torch.channels_last))
    exact(images.double())
    for name in ("running_mean", "running_var"):
        found, right = getattr(norm, name).double(), getattr(exact, name)
        assert ((found - right).norm() / right.norm()).item() < 2e-7
