"""What to do next, by rules of thumb, each with the command that does it."""

from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.report.reading import optional_json
from pacl_core.report.sections.controls import (
    ENHANCED,
    ORACLE,
    PLAIN,
    RANDOM,
    RECIPE_PARTITIONS,
    TOO_FEW,
    against,
    is_pacl,
    kind,
)
from pacl_core.report.sections.reasons import (
    FEW_IMAGES,
    FEW_PAIRS,
    NEAR_CHANCE,
    first_losses,
    images_seen,
    pairs_by_partition,
    solved,
    starved,
)
from pacl_core.report.sections.run import lookup

_STEPS = 3


class Step(NamedTuple):
    """What to do next, and the command that does it, or None."""

    text: str
    command: str | None = None


def next_steps(root: Path, params: dict[str, Any], base: str, *, rows: list[dict[str, Any]]) -> list[Step]:
    """The most telling first. `base`: the answer against the first variant, of `rows`."""
    steps = []
    if base == TOO_FEW:
        if lookup(params, "evaluate.folds") == 0:
            steps.append(Step("Predict every labelled item once", _run("evaluate.folds", 5)))
        else:
            steps.append(Step("Evaluate on a larger labelled set: docs/evaluation.md says how to add one"))
    own = _own(rows) if rows else ENHANCED
    steps += _pacl_itself(rows, params, own) if own != ENHANCED else _training(root, params, base)
    if lookup(params, "partition.mode") == "none":
        steps.append(Step("Train with partitions", _run("partition.mode", "both")))
    return (steps + _recorded(root, rows, params))[:_STEPS]


def _training(root: Path, params: dict[str, Any], base: str) -> list[Step]:
    steps = []
    partition = optional_json(root / "metrics/partition.json")
    counts = pairs_by_partition(partition) if partition else {}
    if partition and (pairs := partition["pairs"]) < FEW_PAIRS:
        steps.append(Step(f"Train on more posts: {pairs:,} pairs are few"))
    if starved(root) and (k := lookup(params, "pseudo_labels.k")):
        steps.append(Step("Give every anchor negatives: more clusters", _run("pseudo_labels.k", 2 * k)))
    found = _agreement(root)
    aucs = {name: found.get(f"{name}_auc") for name in ("factual", "emotional")}
    trusted = [name for name, auc in aucs.items() if auc is not None and auc >= NEAR_CHANCE]
    if len(trusted) == 1 and lookup(params, "partition.mode") == "both":
        said = f"Partition by the {trusted[0]} score alone, as the other is near chance"
        steps.append(Step(said, _run("partition.mode", trusted[0])))
    losses, batch = first_losses(root), lookup(params, "train.batch_size")
    if batch and solved(losses) and (not counts or 4 * batch <= max(counts.values())):
        steps.append(Step("Make the task harder: a larger batch", _run("train.batch_size", 4 * batch)))
    images, epochs = images_seen(root), lookup(params, "train.epochs")
    if epochs and images is not None and images < FEW_IMAGES and base != "worse":
        steps.append(Step("Train for longer", _run("train.epochs", 4 * epochs)))
    if base in ("worse", "mixed") and (rate := lookup(params, "train.backbone_lr")):
        steps.append(Step("Change the backbone less", _run("train.backbone_lr", rate / 3)))
    return steps


def _pacl_itself(rows: list[dict[str, Any]], params: dict[str, Any], own: str) -> list[Step]:
    if is_pacl(own, params) or ENHANCED in rows[0]["variants"]:
        return []
    return [Step("Evaluate PACL itself", _with_variants(rows[0]["variants"], {}))]


def _recorded(root: Path, rows: list[dict[str, Any]], params: dict[str, Any]) -> list[Step]:
    """Where the corpus has a record, it shows whether better scores would help; after the other controls."""
    if not rows or not _agreement(root) or missing_controls(rows, params):
        return []
    variants = rows[0]["variants"]
    if ORACLE in [kind(name, params) for name in variants] or not is_pacl(_own(rows), params):
        return []
    said = "See whether a right partition would help: train with the recorded one"
    return [Step(said, _with_variants(variants, _recipes(params, [ORACLE])))]


def missing_controls(rows: list[dict[str, Any]], params: dict[str, Any]) -> Step | None:
    """How to train what PACL has to be compared with; None where plain contrastive training is there."""
    if not rows or not is_pacl(_own(rows), params):
        return None
    variants = rows[0]["variants"]
    known = {one.kind for row in rows for one in against(row, params)}
    known |= {kind(variants[0], params)}
    if PLAIN in known:
        return None
    lacking = [PLAIN] if RANDOM in known else [PLAIN, RANDOM]
    said = "Not compared with plain contrastive training, which is what one would do without PACL"
    said += ". To train it" if RANDOM in known else ", or random partitions. To train both"
    return Step(said, _with_variants(variants, _recipes(params, lacking)))


def _recipes(params: dict[str, Any], kinds: list[str]) -> dict[str, str]:
    """Name -> `partition` of a recipe of each kind; an empty partition where params.yaml has the recipe."""
    own = params.get("recipes") or {}
    found = {}
    for wanted in kinds:
        there = next((name for name in own if kind(name, params) == wanted), None)
        name = there or (wanted if wanted not in own else f"{wanted}_control")
        found[name] = "" if there else RECIPE_PARTITIONS[wanted]
    return found


def _with_variants(variants: list[str], recipes: dict[str, str]) -> str:
    """The command that also trains the recipes; `pacl` is the second variant, as controls are held to it."""
    names = dict.fromkeys([variants[0], ENHANCED, *variants[1:], *recipes])
    new = [f"-S +recipes.{name}.partition={partition}" for name, partition in recipes.items() if partition]
    return " ".join(["dvc exp run", *new, f"-S 'evaluate.variants=[{','.join(names)}]'"])


def _own(rows: list[dict[str, Any]]) -> str:
    return str(rows[0]["variants"][rows[0]["judged"]])


def _agreement(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = (optional_json(root / "metrics/partition.json") or {}).get("agreement") or {}
    return found


def _run(key: str, value: Any) -> str:
    shown = f"{value:.2g}" if isinstance(value, float) else value
    return f"dvc exp run -S {key}={shown}"
