"""Which partitions train in which epoch (paper 3.3.5) and under which usage (paper Table 4)."""

from collections.abc import Mapping

_PHASES = (
    ("strong",),
    ("strong", "partial_emotional", "partial_factual"),
    ("strong", "partial_emotional", "partial_factual", "weak"),
)
_LAST_PHASE = {"strong": 0, "partial": 1, "weak": 2}


def scheduled_partitions(epoch: int, epochs: int, usage: str = "weak") -> tuple[str, ...]:
    """Partitions whose losses are summed in `epoch` (from 0) of `epochs`: Eq. 15, 16, 17.

    Epochs in [0, E/3), [E/3, 2E/3) and [2E/3, E), with E/3 a fraction where E is not divisible by 3.
    `usage` names the last kind that ever joins. Raises ValueError for an epoch outside the run.
    """
    if not 0 <= epoch < epochs:
        raise ValueError(f"epoch {epoch} is outside a run of {epochs} epochs")
    if usage not in _LAST_PHASE:
        raise ValueError(f"unknown usage '{usage}'; known: {', '.join(_LAST_PHASE)}")
    phase = 3 * epoch // epochs
    return _PHASES[min(phase, _LAST_PHASE[usage])]


def active_partitions(epoch: int, epochs: int, usage: str, *, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """The scheduled partitions that have samples; `sizes` has the number of each, 0 where it lacks one."""
    return tuple(name for name in scheduled_partitions(epoch, epochs, usage) if sizes.get(name, 0) > 0)
