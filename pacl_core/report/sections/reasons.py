"""Why a run has the result that it has: from metrics/, training/ and the model's card."""

from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.report.reading import optional_columns, optional_json
from pacl_core.report.sections.controls import ENHANCED
from pacl_core.report.sections.run import lookup

NEAR_CHANCE = 0.6  # an AUC below it tells matches from mismatches hardly better than a coin
_SOLVED = 0.1  # mean loss of the first epoch: the projectors alone find the right text
FEW_PAIRS, FEW_IMAGES = 1_000, 20_000
_DEAD, _STARVED = 0.99, 0.5  # share of anchors without a negative


class Reason(NamedTuple):
    """A sentence, and whether it is a warning."""

    text: str
    warns: bool = False


def starved(root: Path) -> dict[str, float]:
    """Partition -> the share of its anchors without a negative in the last epoch, if half or more."""
    found = (optional_json(root / "training/metrics.json") or {}).get("without_negatives") or {}
    return {name: share for name, share in found.items() if share >= _STARVED}


def partition_reasons(root: Path) -> list[Reason]:
    """Shares, thresholds of another scorer, agreement of the scores with the corpus's own record."""
    found = optional_json(root / "metrics/partition.json")
    if found is None:
        return []
    counts = pairs_by_partition(found)
    listed = ", ".join(f"{_spaced(name)} {counts[name]:,}" for name in PARTITIONS)
    few = found["pairs"] < FEW_PAIRS
    pairs = Reason(f"{found['pairs']:,} pairs{', which is few' if few else ''}: {listed}.", few)
    misfits = [Reason(f"{sentence}.", warns=True) for sentence in found.get("warnings") or []]
    agreement = found.get("agreement")
    if not agreement:
        return [
            *misfits,
            Reason(
                "The corpus does not record which pairs match, so whether the partition is right is unknown."
            ),
            pairs,
        ]
    aucs = {name: agreement[f"{name}_auc"] for name in ("factual", "emotional")}
    said = ", ".join(f"{name} {'undefined' if auc is None else f'{auc:.2f}'}" for name, auc in aucs.items())
    chance = [name for name, auc in aucs.items() if auc is not None and auc < NEAR_CHANCE]
    text = f"Scores against the corpus's own record, AUC (0.5 is chance): {said}"
    if (right := agreement.get("accuracy")) is not None:
        text += f"; {right:.1%} of the pairs are in the right partition"
    if chance:
        text += f". The {' and the '.join(chance)} score hardly tells matches from mismatches"
    return [*misfits, Reason(f"{text}.", bool(chance)), pairs]


def training_reasons(root: Path, params: dict[str, Any]) -> list[Reason]:
    """Anchors without negatives, the first losses, images seen."""
    reasons = [Reason(dead_sentence(name, share), warns=True) for name, share in starved(root).items()]
    losses = first_losses(root)
    if losses:
        listed = ", ".join(f"{_spaced(name)} {loss:.2f}" for name, loss in losses.items())
        after = (
            "after the projectors' warm-up" if lookup(params, "train.projector_warmup_steps") else "of each"
        )
        already = solved(losses)
        text = f"Loss in the first epoch {after}: {listed}"
        if already:
            named = " and ".join(map(_spaced, already))
            text += f". The projectors had solved {named} before the backbone learnt"
        reasons.append(Reason(f"{text}.", bool(already)))
    images = images_seen(root)
    if images is not None:
        few = images < FEW_IMAGES
        reasons.append(Reason(f"{images:,} images seen in training{', which is few' if few else ''}.", few))
    return reasons


def pairs_by_partition(found: dict[str, Any]) -> dict[str, int]:
    """Of what metrics/partition.json holds."""
    return {name: round(share * found["pairs"]) for name, share in found["shares"].items()}


def dead_sentence(name: str, share: float) -> str:
    """What it means that this share of the partition's anchors had no negative."""
    if share >= _DEAD:
        return f"Nothing was learnt from {_spaced(name)} pairs: none of these anchors has a negative."
    return f"{share:.0%} of the {_spaced(name)} anchors have no negative, and nothing was learnt from them."


def solved(losses: dict[str, float]) -> list[str]:
    """Not weak: its positive is the text that an image matches best, so its loss is low from the start."""
    return [name for name, loss in losses.items() if loss < _SOLVED and name != "weak"]


def _spaced(partition: str) -> str:
    return partition.replace("_", " ")


def first_losses(root: Path) -> dict[str, float]:
    """Partition -> its mean loss in the first epoch in which it took part."""
    found: dict[str, float] = {}
    for partition in PARTITIONS:
        path = root / f"training/plots/metrics/loss/{partition}.tsv"
        table = optional_columns(path, delimiter="\t")
        if table is not None:
            found[partition] = table[partition][0]
    return found


def images_seen(root: Path) -> int | None:
    card = optional_json(root / "models" / ENHANCED / "model.json") or {}
    seen: int | None = (card.get("training") or {}).get("images_seen")
    return seen
