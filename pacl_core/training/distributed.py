"""The processes of one run: each trains on its slice of every batch, and all hold the same weights."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pacl_core.errors import UserError

# A rank that dies ends the run at once (torchrun sees to that). This is for one that hangs, and for a
# machine that is lost; longer than rank 0 needs to decode the images while the others wait.
TIMEOUT = timedelta(minutes=30)


@dataclass(frozen=True)
class World:
    """This process is number `rank` of `count` and works on `device`. Nothing is sent where it is alone.

    Every method but `local_slice` is to be called by all ranks, in the same order.
    """

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def alone(self) -> bool:
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether this is the one that logs, writes checkpoints and publishes."""
        return self.rank == 0

    def local_slice(self, size: int) -> slice:
        """This rank's part of `size` things: contiguous, as even as can be, empty where there are too few."""
        return slice(*(self._start(rank, size) for rank in (self.rank, self.rank + 1)))

    def wait(self) -> None:
        """Go on when every rank has come here."""
        if not self.alone:
            self.add_up(torch.zeros(1, device=self.device)).item()

    @contextmanager
    def first_before_the_others(self) -> Iterator[None]:
        """The block runs on rank 0, then on all others: who reads a file finds it written."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()

    def add_up(self, tensor: Tensor) -> Tensor:
        """The sum over the ranks, in place; the same bits on each."""
        if not self.alone:
            dist.all_reduce(tensor)
        return tensor

    def add_up_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Every gradient becomes the sum over the ranks; one that no rank has stays None."""
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        if self.alone or not trained:
            return
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in trained]
        there = torch.tensor([float(p.grad is not None) for p in trained], device=self.device)
        total = self.add_up(torch.cat([*(grad.flatten() for grad in grads), there]))
        pieces = torch.split(total, [*(grad.numel() for grad in grads), len(grads)])
        for parameter, grad, piece, has in zip(trained, grads, pieces, pieces[-1].tolist(), strict=False):
            if has:
                parameter.grad = grad.copy_(piece.view_as(grad))

    def gather(self, tensor: Tensor, size: int) -> Tensor:
        """`[size, ...]`: the slices of all ranks one after the other; gradients flow back."""
        return tensor if self.alone else _gathered(self, tensor, size)

    def same_weights(self, module: nn.Module) -> None:
        """Parameters and buffers become those of rank 0."""
        if not self.alone:
            for tensor in module.state_dict().values():
                dist.broadcast(tensor, src=0)

    def seed(self, seed: int, step: int) -> None:
        """Of a step: every rank draws its own dropout, the same ones in a run that was interrupted."""
        if not self.alone:
            digest = hashlib.sha256(f"{seed} {step} {self.rank}".encode()).digest()
            torch.manual_seed(int.from_bytes(digest[:8], "little", signed=True))

    def agree(self, what: str, value: object) -> None:
        """Raises `UserError` on every rank where `repr(value)` is not the same on all of them."""
        if self.alone:
            return
        digest = hashlib.sha256(repr(value).encode()).digest()
        own = torch.tensor([list(digest)], dtype=torch.int64, device=self.device)
        if (self.gather(own, self.count) != own).any():
            raise UserError(f"{what}: not the same on every rank; start them in one shared working directory")

    def _start(self, rank: int, size: int) -> int:
        return rank * (size // self.count) + min(rank, size % self.count)


ALONE = World()


@contextmanager
def world_of(device: str, environ: Mapping[str, str] = os.environ) -> Iterator[World]:
    """The ranks that torchrun started (gloo on a CPU, nccl on GPUs), or one alone; `device` as in runtime.

    Raises `UserError` where a GPU would have to serve two ranks.
    """
    count = int(environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield World(device=device)
        return
    on_gpu = device.startswith("cuda")
    if on_gpu:
        local, there = int(environ["LOCAL_RANK"]), torch.cuda.device_count()
        if device != "cuda" or local >= there:
            raise UserError(
                f"{count} ranks on device '{device}' with {there} GPUs: every rank needs a GPU of its own; "
                "start fewer with --nproc-per-node, or set PACL_DEVICE=cuda (or cpu)"
            )
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    elif device != "cpu":
        raise UserError(f"several ranks on device '{device}': only cuda and cpu can; set PACL_DEVICE")
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=TIMEOUT)
    yield World(dist.get_rank(), dist.get_world_size(), device)
    # only after success: a failed rank leaves at once, and torchrun ends the others
    dist.destroy_process_group()


def own_folder(work: Path, world: World) -> Path:
    """A folder for what a rank keeps to itself; `work` itself for one alone.

    Raises `UserError` where rank 0 works in another place.
    """
    if world.alone:
        return work
    with world.first_before_the_others():
        folder = work / f"rank-{world.rank}"
        folder.mkdir(exist_ok=True)
    if not (work / "rank-0").is_dir():
        raise UserError(
            f"{work.resolve()}: rank 0 works elsewhere; start all in one shared working directory"
        )
    return folder


class _Gather(torch.autograd.Function):
    """All ranks' shares of equal length `[S, ...]` -> `[count * S, ...]`."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, share: Tensor, world: World) -> Tensor:
        ctx.world = world  # type: ignore[attr-defined]
        shares = [torch.empty_like(share) for _ in range(world.count)]
        dist.all_gather(shares, share)
        return torch.cat(shares)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        # every rank's loss looks at every share: its gradient is the sum of what all ranks send
        world: World = ctx.world  # type: ignore[attr-defined]
        total = world.add_up(gradient.clone(memory_format=torch.contiguous_format))
        return total.chunk(world.count)[world.rank], None


def _gathered(world: World, share: Tensor, size: int) -> Tensor:
    # shares differ by at most one: padded to the same length for the way
    longest = -(-size // world.count)
    padding = share.new_zeros((longest - len(share), *share.shape[1:]))
    everything: Tensor = _Gather.apply(torch.cat([share, padding]), world)
    counts = [World(rank, world.count).local_slice(size) for rank in range(world.count)]
    pieces = torch.split(everything, longest)
    return torch.cat([piece[: own.stop - own.start] for piece, own in zip(pieces, counts, strict=True)])
