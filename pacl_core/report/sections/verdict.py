"""Did it work, why, and what next: in a few sentences, from stored figures only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.report.reading import optional_columns, optional_json
from pacl_core.report.sections.results import TOO_FEW, compared, overview
from pacl_core.report.sections.run import lookup

ENHANCED = "pacl"
_NEAR_CHANCE = 0.6  # an AUC below it tells matches from mismatches hardly better than a coin
_SOLVED = 0.1  # mean loss of the first epoch: the projectors alone find the right text
_FEW_PAIRS, _FEW_IMAGES = 1_000, 20_000
_DEAD, _STARVED = 0.99, 0.5  # share of anchors without a negative
_STEPS = 3  # of what to do next


class Reason(NamedTuple):
    """A sentence, and whether it is a warning."""

    text: str
    warns: bool = False


class Step(NamedTuple):
    """What to do next, and the command that does it, or None."""

    text: str
    command: str | None = None


@dataclass(frozen=True)
class Verdict:
    """`answer`: better, worse, mixed, unclear, too_few or none; `said`: the same as a sentence."""

    answer: str
    said: str
    main: list[dict[str, Any]]
    why: list[Reason]
    next: list[Step]


def verdict(root: Path, params: dict[str, Any]) -> Verdict:
    """Of the run whose project is `root`: from its metrics/, training/ and models/pacl/model.json."""
    rows = [row for row in overview(compared(root / "metrics")) if _word(row) != "undefined"]
    answer = _answer([_word(row) for row in rows])
    why = [
        *_partition(optional_json(root / "metrics/partition.json")),
        *_training(root, params),
        *_baseline(rows),
    ]
    return Verdict(answer, _said(answer, rows), rows, why, _next(root, params, answer)[:_STEPS])


def enhanced(row: dict[str, Any]) -> int:
    """The place among a row's variants of the one that is judged: `pacl`, else the second."""
    variants = row["variants"]
    return int(variants.index(ENHANCED)) if ENHANCED in variants[1:] else 1


def starved(root: Path) -> dict[str, float]:
    """Partition -> the share of its anchors without a negative in the last epoch, if half or more."""
    found = (optional_json(root / "training/metrics.json") or {}).get("without_negatives") or {}
    return {name: share for name, share in found.items() if share >= _STARVED}


def _change(row: dict[str, Any]) -> dict[str, Any]:
    if len(row["variants"]) < 2:
        return {"verdict": "undefined"}
    change: dict[str, Any] = row["changes"][enhanced(row) - 1]
    return change


def _word(row: dict[str, Any]) -> str:
    return str(_change(row)["verdict"])


def _answer(words: list[str]) -> str:
    if not words:
        return "none"
    clear = [word for word in words if word != TOO_FEW]
    if not clear:
        return TOO_FEW
    better, worse = clear.count("better"), clear.count("worse")
    # of many results one or another looks better by chance: a minority is no yes
    if better and (worse or 2 * better < len(clear)):
        return "mixed"
    return "better" if better else "worse" if worse else "unclear"


def _said(answer: str, rows: list[dict[str, Any]]) -> str:
    if answer == "none":
        return (
            "Nothing to compare: no data set was evaluated with both the initial and the enhanced backbone."
        )
    judged = [row for row in rows if _word(row) != TOO_FEW]
    if answer == TOO_FEW:
        return f"Not known: {_change(rows[0])['said']}."
    named = {word: _named(judged, word) for word in ("better", "worse")}
    before = rows[0]["variants"][0]
    one = f"{len(judged)} main result{'s' if len(judged) > 1 else ''}"
    parts = [f"{word} on {where}" for word, where in named.items() if where]
    parts += ["no clear change on the rest"] if "unclear" in map(_word, judged) else []
    said = {
        "better": f"Yes: better than {before} on {named['better']} (of {one}).",
        "worse": f"No: worse than {before} on {named['worse']} (of {one}).",
        "mixed": f"In part, compared with {before}: {', '.join(parts)} (of {one}).",
        "unclear": f"No clear change from {before}: all intervals of {one} include zero.",
    }[answer]
    if len(judged) < len(rows):
        said += f" {len(rows) - len(judged)} more had too few test items to tell."
    return said


def _named(rows: list[dict[str, Any]], word: str) -> str:
    return ", ".join(
        f"{row['task']} ({row['label'].text}, {row['dataset']}, {row['protocol'].replace('_', '-')})"
        for row in rows
        if _word(row) == word
    )


def _baseline(rows: list[dict[str, Any]]) -> list[Reason]:
    """Results of the enhanced variant that a constant prediction reaches."""
    below = [row for row in rows if row["below"][enhanced(row)] and _word(row) != TOO_FEW]
    named = ", ".join(f"{row['task']} is {row['below'][enhanced(row)]}" for row in below)
    return [Reason(f"{named[0].upper()}{named[1:]}.", warns=True)] if below else []


def _partition(found: dict[str, Any] | None) -> list[Reason]:
    if found is None:
        return []
    counts = {name: round(share * found["pairs"]) for name, share in found["shares"].items()}
    listed = ", ".join(f"{_spaced(name)} {counts[name]:,}" for name in PARTITIONS)
    few = found["pairs"] < _FEW_PAIRS
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
    chance = [name for name, auc in aucs.items() if auc is not None and auc < _NEAR_CHANCE]
    text = f"Scores against the corpus's own record, AUC (0.5 is chance): {said}"
    if (right := agreement.get("accuracy")) is not None:
        text += f"; {right:.1%} of the pairs are in the right partition"
    if chance:
        text += f". The {' and the '.join(chance)} score hardly tells matches from mismatches"
    return [*misfits, Reason(f"{text}.", bool(chance)), pairs]


def _training(root: Path, params: dict[str, Any]) -> list[Reason]:
    reasons = [Reason(dead_sentence(name, share), warns=True) for name, share in starved(root).items()]
    losses = _first_losses(root)
    if losses:
        listed = ", ".join(f"{_spaced(name)} {loss:.2f}" for name, loss in losses.items())
        after = (
            "after the projectors' warm-up" if lookup(params, "train.projector_warmup_steps") else "of each"
        )
        solved = _solved(losses)
        text = f"Loss in the first epoch {after}: {listed}"
        if solved:
            text += (
                f". The projectors had solved {' and '.join(map(_spaced, solved))} before the backbone learnt"
            )
        reasons.append(Reason(f"{text}.", bool(solved)))
    images = _images_seen(root)
    if images is not None:
        few = images < _FEW_IMAGES
        reasons.append(Reason(f"{images:,} images seen in training{', which is few' if few else ''}.", few))
    return reasons


def dead_sentence(name: str, share: float) -> str:
    """What it means that this share of the partition's anchors had no negative."""
    if share >= _DEAD:
        return f"Nothing was learnt from {_spaced(name)} pairs: none of these anchors has a negative."
    return f"{share:.0%} of the {_spaced(name)} anchors have no negative, and nothing was learnt from them."


def _solved(losses: dict[str, float]) -> list[str]:
    """Not weak: its positive is the text that an image matches best, so its loss is low from the start."""
    return [name for name, loss in losses.items() if loss < _SOLVED and name != "weak"]


def _spaced(partition: str) -> str:
    return partition.replace("_", " ")


def _first_losses(root: Path) -> dict[str, float]:
    """Partition -> its mean loss in the first epoch in which it took part."""
    found: dict[str, float] = {}
    for partition in PARTITIONS:
        path = root / f"training/plots/metrics/loss/{partition}.tsv"
        table = optional_columns(path, delimiter="\t")
        if table is not None:
            found[partition] = table[partition][0]
    return found


def _images_seen(root: Path) -> int | None:
    card = optional_json(root / "models" / ENHANCED / "model.json") or {}
    seen: int | None = (card.get("training") or {}).get("images_seen")
    return seen


def _next(root: Path, params: dict[str, Any], answer: str) -> list[Step]:
    """Rules of thumb, the most telling first."""
    steps = []
    if answer == TOO_FEW:
        if lookup(params, "evaluate.folds") == 0:
            steps.append(Step("Predict every labelled item once", _run("evaluate.folds", 5)))
        else:
            steps.append(Step("Evaluate on a larger labelled set: docs/evaluation.md says how to add one"))
    if starved(root) and (k := lookup(params, "pseudo_labels.k")):
        steps.append(Step("Give every anchor negatives: more clusters", _run("pseudo_labels.k", 2 * k)))
    found = optional_json(root / "metrics/partition.json") or {}
    aucs = {name: (found.get("agreement") or {}).get(f"{name}_auc") for name in ("factual", "emotional")}
    trusted = [name for name, auc in aucs.items() if auc is not None and auc >= _NEAR_CHANCE]
    if len(trusted) == 1 and lookup(params, "partition.mode") == "both":
        said = f"Partition by the {trusted[0]} score alone, as the other is near chance"
        steps.append(Step(said, _run("partition.mode", trusted[0])))
    losses, batch = _first_losses(root), lookup(params, "train.batch_size")
    if batch and _solved(losses):
        steps.append(Step("Make the task harder: a larger batch", _run("train.batch_size", 4 * batch)))
    images, epochs = _images_seen(root), lookup(params, "train.epochs")
    if epochs and images is not None and images < _FEW_IMAGES and answer != "worse":
        steps.append(Step("Train for longer", _run("train.epochs", 4 * epochs)))
    if answer in ("worse", "mixed") and (rate := lookup(params, "train.backbone_lr")):
        steps.append(Step("Change the backbone less", _run("train.backbone_lr", rate / 3)))
    if lookup(params, "partition.mode") not in (None, "none"):
        steps.append(
            Step("See what the partition adds over plain contrastive", _run("partition.mode", "none"))
        )
    return steps


def _run(key: str, value: Any) -> str:
    shown = f"{value:.2g}" if isinstance(value, float) else value
    return f"dvc exp run -S {key}={shown}"
