"""The processes of one run: shares, refusals, what one alone leaves, and what two do together."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pacl_core.errors import UserError
from pacl_core.training.distributed import ALONE, World, own_folder, world_of
from tests.paths import ROOT
from tests.training.rank_checks import IMAGES, ROWS, norm


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 64])
def test_shares_are_contiguous_and_even(size: int) -> None:
    shares = [World(rank, 3).local_slice(size) for rank in range(3)]
    assert [row for share in shares for row in range(size)[share]] == list(range(size))
    lengths = [share.stop - share.start for share in shares]
    assert max(lengths) - min(lengths) <= 1


def test_ranks_on_one_gpu_or_elsewhere_are_refused() -> None:
    environ = {"WORLD_SIZE": "2", "LOCAL_RANK": "0"}
    for device in ("cuda:0", "mps"):
        with pytest.raises(UserError, match=device), world_of(device, environ):
            pass


def test_without_torchrun_one_is_alone_on_the_device_asked_for() -> None:
    with world_of("cuda:1", {}) as world:
        assert world == World(0, 1, "cuda:1")
        assert world.alone and world.first


def test_only_rank_0_is_first() -> None:
    assert [World(rank, 3).first for rank in range(3)] == [True, False, False]


def test_one_alone_sends_nothing_and_changes_nothing(tmp_path: Path) -> None:
    tensor = torch.tensor([1.0, 2.0])
    parameter = nn.Parameter(tensor.clone())
    ALONE.wait()
    ALONE.add_up_gradients([parameter])
    ALONE.same_weights(nn.Linear(1, 1))
    ALONE.agree("anything", object())
    assert ALONE.add_up(tensor) is tensor and ALONE.gather(tensor, 2) is tensor
    assert tensor.tolist() == [1, 2] and parameter.grad is None
    assert own_folder(tmp_path, ALONE) == tmp_path and not list(tmp_path.iterdir())


def test_the_steps_of_one_alone_draw_on_from_each_other() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        expected = torch.rand(2)
        torch.manual_seed(0)
        ALONE.seed(5, 3)
        assert torch.equal(torch.rand(2), expected)


def test_ranks_draw_their_own_numbers_and_the_same_ones_again() -> None:
    with torch.random.fork_rng():
        drawn = []
        for rank, seed, step in [(0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]:
            World(rank, 2).seed(seed, step)
            drawn.append(torch.rand(1).item())
    assert drawn[0] == drawn[1] and len(set(drawn)) == 4


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two ranks found."""
    folder = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    command += ["--nproc-per-node", "2", "-m", "tests.training.rank_checks", str(folder)]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_shares_are_gathered_in_order(ranks: list[dict[str, Any]]) -> None:
    assert [found["gathered"]["rows"] for found in ranks] == [ROWS.tolist()] * 2


def test_gradients_of_what_was_gathered_come_from_every_rank(ranks: list[dict[str, Any]]) -> None:
    whole = ranks[0]["gathered"]["gradient"] + ranks[1]["gathered"]["gradient"]
    assert whole == ((1 + 2) * 2 * ROWS).tolist()


def test_gradients_add_up_and_one_that_no_rank_has_stays_none(ranks: list[dict[str, Any]]) -> None:
    assert [found["summed"] for found in ranks] == [[[2, 30], [1, 10], [1, 20], None]] * 2


def test_every_rank_refuses_what_is_not_the_same_on_all(ranks: list[dict[str, Any]]) -> None:
    assert [found["same"] for found in ranks] == ["", ""]
    for found in ranks:
        assert found["different"].startswith("the answer: not the same on every rank")


def test_weights_and_buffers_become_those_of_rank_0(ranks: list[dict[str, Any]]) -> None:
    assert [found["weights"] for found in ranks] == [[7.0] * 5] * 2


def test_the_others_find_what_rank_0_wrote(ranks: list[dict[str, Any]]) -> None:
    assert [found["saw_the_file"] for found in ranks] == [False, True]


def test_each_rank_has_a_folder_of_its_own(ranks: list[dict[str, Any]]) -> None:
    assert [found["folder"] for found in ranks] == ["rank-0", "rank-1"]


@pytest.mark.parametrize("shares", ["norm", "norm_of_none"])
def test_batch_norm_over_ranks_is_torchs_over_all_images(ranks: list[dict[str, Any]], shares: str) -> None:
    module, images = norm(), IMAGES.clone().requires_grad_()
    expected = module(images)
    expected.pow(3).sum().backward()
    found = {
        name: torch.tensor(ranks[0][shares][name] + ranks[1][shares][name]) for name in ("images", "gradient")
    }
    torch.testing.assert_close(found["images"], expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found["gradient"], images.grad, rtol=1e-4, atol=1e-5)
    for one in ranks:
        mean, variance = torch.tensor(one[shares]["statistics"])
        torch.testing.assert_close(mean, module.running_mean)
        torch.testing.assert_close(variance, module.running_var)
