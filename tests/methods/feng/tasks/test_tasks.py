"""Losses and held-out figures of the tasks in `dense`, `classes` and `caption`."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from pacl_core.methods.feng.method import Specialist
from pacl_core.methods.feng.pretext.tiles import joined, put_back
from pacl_core.methods.feng.run import make_specialist
from pacl_core.methods.feng.stored import Labels
from pacl_core.methods.feng.tasks import Seen
from pacl_core.methods.feng.tasks.caption import Captioning
from pacl_core.methods.feng.tasks.classes import Puzzle
from pacl_core.methods.feng.tasks.dense import Colorization, Enlarging
from tests.methods.feng import made


@pytest.fixture(scope="module")
def methods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Specialist]]:
    folder = tmp_path_factory.mktemp("feng")
    with ThreadPoolExecutor(2) as pool:
        yield {
            part: make_specialist(made.backbone(folder), made.sets(), made.params(), part=part, pool=pool)
            for part in ("st", "ho", "hp")
        }


def held(method: Specialist, task: str) -> Seen:
    method.model.eval()
    return next(method.held(task))


@torch.no_grad()
def test_the_constant_of_dense_tasks_is_the_mean_colour(methods: dict[str, Specialist]) -> None:
    method = methods["st"]
    for name in ("color", "sr"):
        figures = method.tasks[name].held_out(method.tasks[name].sums(method.network, held(method, name)))
        assert figures[f"{name}/held_out"] > 0
        if name == "sr":
            targets = held(method, name).pixels.double() / 255
            wanted = (targets - targets.mean(dim=(0, 2, 3), keepdim=True)).square().mean().item()
            assert figures["sr/constant"] == pytest.approx(wanted)
            assert figures["sr/bicubic"] < figures["sr/constant"]


@torch.no_grad()
def test_a_loss_is_the_mean_over_images_and_elements(methods: dict[str, Specialist]) -> None:
    method, seen = methods["st"], held(methods["st"], "sr")
    task = method.tasks["sr"]
    assert isinstance(task, Enlarging)
    predicted, _, targets = task.predicted(method.network, seen)
    wanted = (predicted - targets).square().mean().item()
    assert task.loss(method.network, seen).item() == pytest.approx(wanted, rel=1e-5)
    color = method.tasks["color"]
    assert isinstance(color, Colorization)
    assert color.predicted(method.network, held(method, "color")).shape == (4, 2, 32, 32)


def test_a_constant_guess_of_classes_is_the_logarithm_of_their_number(methods: dict[str, Specialist]) -> None:
    for name, count in (("scene", 3), ("jigsaw", 1008)):
        task = methods["ho"].tasks[name]
        with torch.no_grad():
            for weight in task.head.parameters():
                weight.zero_()
            figures = task.held_out(task.sums(methods["ho"].network, held(methods["ho"], name)))
        assert figures[f"{name}/held_out"] == pytest.approx(math.log(count), rel=1e-5)
        assert figures[f"{name}/constant"] == math.log(count)


def test_a_jigsaw_is_another_one_in_each_epoch_and_the_same_in_evaluation(
    methods: dict[str, Specialist],
) -> None:
    task = methods["ho"].tasks["jigsaw"]
    assert isinstance(task, Puzzle)
    rows = np.arange(10)
    drawn = [task.targets(rows, (0, epoch))[0].tolist() for epoch in (0, 1)]
    assert drawn[0] != drawn[1] and task.targets(rows, (0, 0))[0].tolist() == drawn[0]
    assert task.targets(rows[3:], None)[0].tolist() == task.targets(rows, None)[0][3:].tolist()
    seen = held(methods["ho"], "jigsaw")
    from pacl_core.methods.feng.pretext.tasks import orders

    solved = joined(put_back(task.tiles(seen), orders("cpu")[seen.targets[0]]))
    assert solved.shape == (4, 3, 48, 48) and solved.min() >= 0 and solved.max() <= 255


def test_a_caption_that_is_guessed_by_shares_alone_is_the_unigram(methods: dict[str, Specialist]) -> None:
    task = methods["hp"].tasks["caption"]
    assert isinstance(task, Captioning)
    with torch.no_grad():
        task.head.next_word.weight.zero_()
        figures = task.held_out(task.sums(methods["hp"].network, held(methods["hp"], "caption")))
    assert figures["caption/held_out"] == pytest.approx(figures["caption/constant"], rel=1e-5)
    said = task.predicted(methods["hp"].network, held(methods["hp"], "caption"))
    assert len(said) == 4 and all(set(one.split()) <= set(task.vocabulary.words) for one in said)


def test_rows_without_label_or_with_strange_captions_are_left_out(tmp_path: Path) -> None:
    images = made.made_set()
    captions = list(images.captions or [])
    captions[0], captions[1], captions[2] = "", "word " * 10_000, "日本 語"
    targets = np.arange(14, dtype=np.int64) % 3
    targets[5] = -1
    odd = type(images)(
        **{**vars(images), "captions": captions, "labels": {"thing": Labels(("a", "b", "c"), targets)}}
    )
    with ThreadPoolExecutor(1) as pool:
        method = make_specialist(
            made.backbone(tmp_path), {"anp": odd, "caption": odd}, made.params(), part="hp", pool=pool
        )
    assert method.tasks["anp"].rows.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert method.tasks["caption"].rows.tolist() == [3, 4, 5, 6, 7, 8, 9]
