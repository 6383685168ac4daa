"""Which partitions train when."""

import pytest

from pacl_core.methods.pacl import partitions
from pacl_core.methods.pacl.objective import active_partitions, scheduled_partitions
from pacl_core.methods.pacl.partitions import PARTITIONS

STRONG = ("strong",)
PARTIAL = ("strong", "partial_emotional", "partial_factual")


@pytest.mark.parametrize(
    ("epochs", "kinds"),
    [(1, "s"), (2, "sp"), (3, "spw"), (4, "sspw"), (5, "sspp" + "w"), (7, "sss" + "pp" + "ww")],
)
def test_thirds_of_any_number_of_epochs(epochs: int, kinds: str) -> None:
    names = {"s": STRONG, "p": PARTIAL, "w": PARTITIONS}
    assert [scheduled_partitions(epoch, epochs) for epoch in range(epochs)] == [names[kind] for kind in kinds]


def test_thirty_epochs_as_published() -> None:
    phases = [len(scheduled_partitions(epoch, 30)) for epoch in range(30)]
    assert phases == [1] * 10 + [3] * 10 + [4] * 10


def test_usage_says_who_ever_joins() -> None:
    assert scheduled_partitions(29, 30, "strong") == STRONG
    assert scheduled_partitions(29, 30, "partial") == PARTIAL
    assert scheduled_partitions(0, 30, "partial") == STRONG


def test_empty_partitions_are_left_out() -> None:
    sizes = {"strong": 0, "partial_emotional": 3, "weak": 9}
    assert active_partitions(0, 3, "weak", sizes=sizes) == ()
    assert active_partitions(1, 3, "weak", sizes=sizes) == ("partial_emotional",)
    assert active_partitions(2, 3, "weak", sizes=sizes) == ("partial_emotional", "weak")


@pytest.mark.parametrize("epoch", [-1, 3])
def test_an_epoch_outside_the_run_is_refused(epoch: int) -> None:
    with pytest.raises(ValueError, match="outside a run of 3 epochs"):
        scheduled_partitions(epoch, 3)


def test_every_partition_with_a_rule_is_scheduled() -> None:
    assert set(scheduled_partitions(29, 30)) == set(PARTITIONS)
    for ruled in (partitions.USES_FACTUAL, partitions.USES_EMOTIONAL, partitions.REBUILDS):
        assert set(ruled) <= set(PARTITIONS)
