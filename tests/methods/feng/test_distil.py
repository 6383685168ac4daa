"""One backbone out of three, without labels."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pacl_core.errors import UserError
from pacl_core.methods.feng.distil import distil, make_distilling
from pacl_core.methods.feng.network import Machine
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.params.feng import DescentParams, distil_training
from pacl_core.params.models import BackboneParams
from pacl_core.training.loop import Run
from tests.methods.feng import made
from tests.tiny_checkpoints import write_tiny_timm_resnet

PARAMS = DescentParams(epochs=2, lr=0.05, batch_size=5)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> BackboneParams:
    return BackboneParams(**{**write_tiny_timm_resnet(tmp_path_factory.mktemp("resnet")), "image_size": 32})


def other(given: BackboneParams, seed: int) -> Backbone:
    """A backbone whose weights are somewhat different."""
    backbone = load_backbone(given)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in backbone.module.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return backbone


def specialists(given: BackboneParams) -> dict[str, Backbone]:
    return {part: other(given, seed) for seed, part in enumerate(("st", "ho", "hp"))}


def test_the_student_becomes_like_its_specialists_which_stay(given: BackboneParams, tmp_path: Path) -> None:
    teachers, student = specialists(given), load_backbone(given)
    before = {part: {k: v.clone() for k, v in one.state().items()} for part, one in teachers.items()}
    params = PARAMS.model_copy(update={"epochs": 4})
    history = distil(
        student, teachers, [made.made_set()], params=params, run=Run(tmp_path), machine=Machine(2)
    )
    names = {"feature_st_f2", "feature_ho_f3", "feature_hp_f4"}
    assert names == {name.removesuffix("/held_out") for name in history[-1] if "held_out" in name}
    assert sum(history[-1][f"loss/{name}"] for name in names) < sum(
        history[0][f"loss/{name}"] for name in names
    )
    for part, one in teachers.items():
        for name, tensor in one.state().items():
            assert torch.equal(tensor, before[part][name]), name
        assert not one.module.training


def test_a_batch_of_one_that_a_normalisation_cannot_take_is_one_line(
    given: BackboneParams, tmp_path: Path
) -> None:
    params = PARAMS.model_copy(update={"batch_size": 1})
    with pytest.raises(UserError, match=r"^distil: a batch of one image"):
        distil(load_backbone(given), specialists(given), [made.made_set()], params=params, run=Run(tmp_path))


def test_without_epochs_it_stays_as_it_is(given: BackboneParams, tmp_path: Path) -> None:
    student = other(given, 7)
    before = student.state()
    assert distil(student, specialists(given), [made.made_set()], params=None, run=Run(tmp_path)) == []
    assert all(torch.equal(tensor, before[name]) for name, tensor in student.state().items())


def test_a_killed_run_ends_with_the_same_bits(given: BackboneParams, tmp_path: Path) -> None:
    students = [load_backbone(given), load_backbone(given), load_backbone(given)]
    calls = 0

    def killed(row: int) -> object:
        nonlocal calls
        calls += 1
        if calls > 17:
            raise KeyboardInterrupt
        return made.image(row)

    images = made.made_set()
    broken = type(images)(**{**vars(images), "image": killed})
    works = [tmp_path / "whole", tmp_path / "broken"]
    for work in works:
        work.mkdir()
    whole = distil(students[0], specialists(given), [images], params=PARAMS, run=Run(works[0]))
    with pytest.raises(KeyboardInterrupt):
        distil(
            students[1], specialists(given), [broken], params=PARAMS, run=Run(works[1], checkpoint_minutes=0)
        )
    again = distil(students[2], specialists(given), [images], params=PARAMS, run=Run(works[1]))
    assert again == whole
    for one, another in zip(students[0].state().values(), students[2].state().values(), strict=True):
        assert torch.equal(one, another)


def test_images_are_those_of_all_sets_once(given: BackboneParams, tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []

    def noting(name: str) -> object:
        def image(row: int) -> object:
            seen.append((name, row))
            return made.image(row)

        return image

    sets = [
        type(one)(**{**vars(one), "image": noting(one.name)})
        for one in (made.made_set(9, "a"), made.made_set(10, "b"), made.made_set(9, "a"))
    ]
    params = PARAMS.model_copy(update={"epochs": 1, "batch_size": 11})
    distil(load_backbone(given), specialists(given), sets, params=params, run=Run(tmp_path))
    rows = np.array([row for _, row in seen])
    assert len(seen) == len(set(seen)) == 19 and rows.max() == 9


def test_its_training_is_of_hp_but_for_rate_and_epochs() -> None:
    params = distil_training(made.params(distil={"epochs": 3, "lr": 0.02}))
    assert (params.epochs, params.lr, params.batch_size, params.descent) == (3, 0.02, 4, "step")


def test_a_picture_is_seen_once_and_never_learnt_from_where_a_set_holds_it_out(given: BackboneParams) -> None:
    pictures = {"a": ["p", "p", "q", "r", "s"], "b": ["q", "t", "r", "u"]}  # rows 0 to 4, and 5 to 8
    splits = {"a": ["train", "train", "train", "train", "val"], "b": ["train", "train", "val", "test"]}
    several = [
        replace(
            made.made_set(len(shown), name),
            pictures=shown,
            splits=np.array(splits[name], np.str_),
            captions=None,
        )
        for name, shown in pictures.items()
    ]
    unhashed = [replace(one, pictures=None) for one in several]  # all of their own
    with ThreadPoolExecutor(1) as pool:
        for chosen, rows, held in (
            ([*several, several[0]], [0, 2, 6], [3, 4]),
            (unhashed, [0, 1, 2, 3, 5, 6], [4, 7]),
        ):
            method = make_distilling(
                load_backbone(given), specialists(given), chosen, params=PARAMS, pool=pool
            )
            assert (method.rows.tolist(), method.held.tolist()) == (rows, held)
