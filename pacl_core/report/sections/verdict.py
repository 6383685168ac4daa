"""Did it work, why, and what next: in a few sentences, from stored figures only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pacl_core.report.sections.controls import ENHANCED, ORACLE, TOO_FEW, controls_table
from pacl_core.report.sections.judged import Judged, judged, word
from pacl_core.report.sections.next_steps import Step, missing_controls, next_steps
from pacl_core.report.sections.reasons import Reason, partition_reasons, training_reasons
from pacl_core.report.sections.results import CARDS, COMPARISON, compared, overview
from pacl_core.report.sections.sentences import NOTHING, sentences


@dataclass(frozen=True)
class Verdict:
    """`answer`: better, worse, mixed, unclear, too_few, none; not_pacl where another training is judged.

    `said` is the same in sentences, `main` are the rows that it is about, `controls` a table of these against
    the controls, `missing` how to train controls that were not.
    """

    answer: str
    said: str
    main: list[dict[str, Any]]
    controls: dict[str, Any] | None
    missing: Step | None
    why: list[Reason]
    next: list[Step]


def verdict(root: Path, params: dict[str, Any]) -> Verdict:
    """Of the run whose project is `root`: from its metrics/, training/ and models/pacl/model.json."""
    found = judged(overview(compared(root / "metrics" / COMPARISON)), params)
    rows = found.rows if found else []
    return Verdict(
        answer=_combined(found) if found else "none",
        said=sentences(found) if found else NOTHING,
        main=rows,
        controls=controls_table(rows[:CARDS], params, recipes=False),
        missing=missing_controls(rows, params),
        why=[*_trained(root, params, found), *_oracle(found), *_baseline(rows)],
        next=next_steps(root, params, found.base if found else "none", rows=rows),
    )


def _combined(found: Judged) -> str:
    """What is not PACL has no colour."""
    if found.base == TOO_FEW:
        return TOO_FEW
    if not found.pacl:
        return "not_pacl"
    answers = [held.answer for held in found.held_to.values()]
    if found.base in ("better", "mixed"):
        return "mixed" if any(answer != "better" for answer in answers) else found.base
    return "worse" if "worse" in answers else found.base


def _trained(root: Path, params: dict[str, Any], found: Judged | None) -> list[Reason]:
    """Of the training that is judged; the artefacts are those of `pacl`."""
    if found is None or found.own == ENHANCED:
        return [*partition_reasons(root), *training_reasons(root, params)]
    said = f"The partition and the training curves below are those of {ENHANCED}, not of {found.own}."
    return [Reason(said)]


def _oracle(run: Judged | None) -> list[Reason]:
    found = run.controls.get(ORACLE) if run else None
    if found is None:
        return []
    result, scores = {
        "worse": ("better than", "better scores would help"),
        "mixed": ("only in part worse than", "whether better scores would help is not clear"),
        "unclear": ("not clearly better than", "better scores would hardly help"),
        "better": ("worse than", "better scores would not help"),
    }[found.answer]
    said = f"the result is {result} with the estimated one{found.where}: {scores}"
    return [Reason(f"With the partition that the corpus recorded (oracle), {said}.")]


def _baseline(rows: list[dict[str, Any]]) -> list[Reason]:
    """Results of the judged variant that a constant prediction reaches."""
    below = [row for row in rows if row["below"][row["judged"]] and word(row) != TOO_FEW]
    named = ", ".join(f"{row['task']} is {row['below'][row['judged']]}" for row in below)
    return [Reason(f"{named[0].upper()}{named[1:]}.", warns=True)] if below else []
