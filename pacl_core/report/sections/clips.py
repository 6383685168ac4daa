"""Clips: which were trained on and why the others were not, a few of each, and what came of the training."""

import random
from typing import Any, NamedTuple

from pacl_core.files.tables import part_files, read_table, take_rows
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import ClipsArtefacts, optional_json
from pacl_core.report.sections.controls import CLIPS, TOO_FEW, kind
from pacl_core.report.sections.judged import Judged, word
from pacl_core.report.sections.next_steps import Step
from pacl_core.report.sections.reasons import Reason
from pacl_core.report.sections.run import UNTRAINED, lookup

TITLES = {
    "loss": "Loss",
    "recall_video_to_text": "Held-out clips: the video finds its text among the first k, share",
    "recall_text_to_video": "Held-out clips: the text finds its video among the first k, share",
    "suppressed": "Pairs that hardly repel, as their sentiment is alike, share",
    "scale": "Scale of the cosines, 1 / temperature",
    "gradient_norm": "Norm of the gradient",
    "learning_rate": "Learning rates",
}
_STAND_INS = {
    "rendered": "The clips are drawn, with sentences made by a seeded rule: nobody filmed or said them.",
    "nade": "Sentiment is that of emoji (nade), not of the published classifier of emotions.",
    "tiny-vit": "The backbone is a small CLIP of random weights: any training may improve on it, and the "
    "results say nothing about CLIP as published.",
}
_MANY = 0.5  # share of pairs that hardly repel
_LITTLE = 2.0  # times chance
_STRIP, _SIDE = 4, 120
_DIRECTIONS = {
    "recall_video_to_text": "the video finds its text",
    "recall_text_to_video": "the text its video",
}


class Retrieval(NamedTuple):
    """Held-out clips after the last epoch: direction -> share found among the first `k`, of `of` clips."""

    k: int
    of: int
    shares: dict[str, float]

    @property
    def chance(self) -> float:
        return min(1.0, self.k / self.of)

    @property
    def factor(self) -> float:
        """The worse direction, in times of chance."""
        return min(self.shares.values()) / self.chance


def retrieval(artefacts: ClipsArtefacts) -> Retrieval | None:
    """None where no clip was held out. k is 10, or less where these would be half of the clips or more."""
    found = optional_json(artefacts.training / "metrics.json") or {}
    of = _card(artefacts).get("held_out") or 0
    both = {name: found[name] for name in _DIRECTIONS if found.get(name)}
    fit = [k for k in (10, 5, 1) if 2 * k <= of and all(f"at_{k}" in shares for shares in both.values())]
    if not both or not fit:
        return None
    return Retrieval(fit[0], of, {name: shares[f"at_{fit[0]}"] for name, shares in both.items()})


def clips(artefacts: ClipsArtefacts, count: int, seed: int, *, image: Thumbnail) -> dict[str, Any]:
    """`corpus`, `selection`, `sentiment` as counted, `cards` for the first screen and `samples`."""
    found = {name: optional_json(path) for name, path in artefacts.counts.items()}
    return found | {
        "name": artefacts.name,
        "cards": _cards(artefacts, found["selection"]),
        "samples": _samples(artefacts, count, seed, image=image),
    }


def _cards(artefacts: ClipsArtefacts, selection: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    cards = []
    if selection:
        out = ", ".join(f"{_spaced(why)} {n:,}" for why, n in selection["left_out_by_reason"].items())
        cards.append(("Clips kept", f"{selection['kept']:,}", f"left out: {out or 'none'}"))
    if held := retrieval(artefacts):
        value = " / ".join(f"{share:.0%}" for share in held.shares.values()).replace("%", "\u00a0%")
        said = (
            f"among the first {held.k} of {held.of}, video to text / text to video; chance {held.chance:.0%}"
        )
        cards.append(("Held-out clips found", value, said.replace("%", "\u00a0%")))
    return cards


def _samples(artefacts: ClipsArtefacts, count: int, seed: int, *, image: Thumbnail) -> list[dict[str, Any]]:
    """Kept clips first, then some that were left out, drawn by `seed`; frames evenly spaced."""
    if not artefacts.selection.is_file():
        return []
    rows = read_table(artefacts.selection).to_pylist()
    rng = random.Random(seed)
    by_kept = {kept: [n for n, row in enumerate(rows) if row["kept"] is kept] for kept in (True, False)}
    left_out = rng.sample(by_kept[False], min(count // 4, len(by_kept[False])))
    chosen = rng.sample(by_kept[True], min(count - len(left_out), len(by_kept[True]))) + left_out
    columns = ["sample_id", "text", "frames", "start", "end"]
    found = take_rows(part_files(artefacts.clips), chosen, columns)
    return [_sample(found[row], rows[row]["reason"], image) for row in chosen if row in found]


def _sample(clip: dict[str, Any], reason: str | None, image: Thumbnail) -> dict[str, Any]:
    frames = clip["frames"]
    places = sorted({round(n * (len(frames) - 1) / (_STRIP - 1)) for n in range(_STRIP)})
    return {
        "frames": [image(frames[place], _SIDE) for place in places],
        "text": clip["text"],
        "seconds": clip["end"] - clip["start"],
        "reason": None if reason is None else _spaced(reason),
    }


def reasons(artefacts: ClipsArtefacts, params: dict[str, Any]) -> list[Reason]:
    """Retrieval of held-out clips against chance, pairs that hardly repel, the clips that were kept."""
    found = []
    if held := retrieval(artefacts):
        parts = [
            f"{said} in {held.shares[name]:.0%}" for name, said in _DIRECTIONS.items() if name in held.shares
        ]
        little = held.factor < _LITTLE
        said = f"Of {held.of} held-out clips, {' and '.join(parts)} among the first {held.k}"
        chance = f"by chance {held.chance:.0%}{', which is little less' if little else ''}"
        found.append(Reason(f"{said}; {chance}.", little))
    metrics = optional_json(artefacts.training / "metrics.json") or {}
    if (share := metrics.get("suppressed")) is not None:
        beta = lookup(params, f"emotionclip.{artefacts.name}.loss.beta")
        known = "" if beta is None else f" (loss.beta {beta:g})"
        found.append(
            Reason(
                f"{share:.0%} of the pairs hardly repel, as their sentiment is alike{known}.", share >= _MANY
            )
        )
    if counts := optional_json(artefacts.counts["selection"]):
        trained = _card(artefacts).get("clips")
        of = "" if trained is None else f"; {trained:,} were trained on"
        found.append(Reason(f"{counts['kept']:,} of {counts['clips']:,} clips were kept{of}."))
    if lookup(params, "backbone.name") in UNTRAINED:
        found.append(
            Reason("The model before training has random weights: to be better than it is not much.")
        )
    return found


def baseline(rows: list[dict[str, Any]]) -> list[Reason]:
    """Results of the judged variant that a constant prediction reaches."""
    below = [row for row in rows if row["below"][row["judged"]] and word(row) != TOO_FEW]
    if below and len(below) == len(rows) > 1:
        said = (
            f"None of the {len(rows)} main results is better than a prediction that never looks at the item"
        )
        return [Reason(f"{said}.", warns=True)]
    said = ", ".join(f"{row['task']} ({row['dataset']}) is {row['below'][row['judged']]}" for row in below)
    return [Reason(f"{said[0].upper()}{said[1:]}.", warns=True)] if below else []


def next_steps(artefacts: ClipsArtefacts, params: dict[str, Any], found: Judged | None) -> list[Step]:
    """The most telling first."""
    name, steps = artefacts.name, []
    own = f"emotionclip.{name}"
    variants = [str(one) for one in lookup(params, "evaluate.variants") or []]
    if name not in variants:
        listed = ",".join([*variants, name])
        steps.append(Step("Evaluate it", f"{_run(name)} -S 'evaluate.variants=[{listed}]'"))
    if found is not None and found.base == TOO_FEW:
        steps.append(Step("Evaluate on a larger labelled set: docs/evaluation.md says how to add one"))
    held, epochs = retrieval(artefacts), lookup(params, f"{own}.epochs")
    if held is not None and held.factor < _LITTLE and epochs:
        steps.append(Step("Train for longer", f"{_run(name)} -S {own}.epochs={4 * epochs}"))
    suppressed = (optional_json(artefacts.training / "metrics.json") or {}).get("suppressed") or 0
    if suppressed >= _MANY and (beta := lookup(params, f"{own}.loss.beta")):
        steps.append(Step("Let more pairs repel", f"{_run(name)} -S {own}.loss.beta={beta / 10:g}"))
    if [kind(one, params) for one in variants].count(CLIPS) < 2:
        said = "See what the person's box and the sentiment add: train without each"
        steps.append(Step(said, "sh presets/sweeps/emotionclip-table1.sh"))
    return steps


def stand_ins(params: dict[str, Any], name: str) -> list[str]:
    """Sentences on what replaces clips, models and weights of the published run."""
    corpus = lookup(params, f"emotionclip.{name}.clips")
    used = (
        lookup(params, f"clips.{corpus}.reader"),
        lookup(params, "sentiment.model.kind"),
        lookup(params, "backbone.name"),
    )
    return [_STAND_INS[one] for one in used if one in _STAND_INS]


def _card(artefacts: ClipsArtefacts) -> dict[str, Any]:
    """What the card of the model says of its training."""
    own = next(path for path in artefacts.models if path.name == artefacts.name)
    card = optional_json(own / "model.json") or {}
    training: dict[str, Any] = card.get("training") or {}
    return training


def _run(name: str) -> str:
    """An experiment that runs what the page of this training needs, and no more."""
    return f"dvc exp run report_clips@{name}"


def _spaced(reason: str) -> str:
    return reason.replace("_", " ")
