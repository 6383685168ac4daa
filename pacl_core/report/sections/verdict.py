"""Did it work, why, and what next: in a few sentences, from stored figures only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.report.sections.controls import (
    ENHANCED,
    ORACLE,
    PLAIN,
    RANDOM,
    TOO_FEW,
    against,
    controls_table,
    is_pacl,
    subject,
    than,
)
from pacl_core.report.sections.next_steps import Step, missing_controls, next_steps
from pacl_core.report.sections.reasons import Reason, partition_reasons, training_reasons
from pacl_core.report.sections.results import CARDS, compared, overview


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
    rows = [row for row in overview(compared(root / "metrics")) if row["judged"]]
    judged = [row for row in rows if _word(row) != "undefined"]
    base = _answer([_word(row) for row in judged])
    rows = judged or [row for row in rows if against(row, params)]
    controls = _held(rows, params)
    return Verdict(
        answer=_combined(base, controls, rows, params),
        said=_said(base, controls, rows, params),
        main=rows,
        controls=controls_table(rows[:CARDS], params, recipes=False),
        missing=missing_controls(rows, params),
        why=[*_trained(root, rows, params), *_oracle(controls), *_baseline(judged)],
        next=next_steps(root, params, base, rows=rows),
    )


def _word(row: dict[str, Any]) -> str:
    return str(row["changes"][row["judged"] - 1]["verdict"])


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


class Held(NamedTuple):
    """The answer against a kind of control, on how many results better, worse, and of how many."""

    answer: str
    better: int
    worse: int
    of: int

    @property
    def where(self) -> str:
        """In brackets, where not all results say the same."""
        if self.of in (self.better, self.worse) or not (self.better or self.worse):
            return ""
        said = f"on {self.better or self.worse}"
        if self.better and self.worse:
            said = f"better on {self.better} and worse on {self.worse}"
        return f" ({said} of {self.of} results)"


def _held(rows: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Held]:
    """Kind of control -> what came of it; a yes needs most results. Those of too few items are left out."""
    words: dict[str, list[str]] = {}
    for row in rows:
        for one in against(row, params):
            if one.name == row["variants"][0] or one.kind not in (PLAIN, RANDOM, ORACLE):
                continue
            if one.change["verdict"] != TOO_FEW:
                words.setdefault(one.kind, []).append(one.change["verdict"])
    found = {}
    for kind, of_kind in words.items():
        better, worse, of = of_kind.count("better"), of_kind.count("worse"), len(of_kind)
        partly = better and (worse or 2 * better <= of)
        answer = "mixed" if partly else "better" if better else "worse" if worse else "unclear"
        found[kind] = Held(answer, better, worse, of)
    return found


def _own(rows: list[dict[str, Any]]) -> str:
    return str(rows[0]["variants"][rows[0]["judged"]])


def _combined(
    base: str, controls: dict[str, Held], rows: list[dict[str, Any]], params: dict[str, Any]
) -> str:
    """`base`: the answer against the first variant alone. What is not PACL has no colour."""
    if not rows or base == TOO_FEW:
        return base
    if not is_pacl(_own(rows), params):
        return "not_pacl"
    held_to = [controls[kind].answer for kind in (PLAIN, RANDOM) if kind in controls]
    if base in ("better", "mixed"):
        return "mixed" if any(answer != "better" for answer in held_to) else base
    return "worse" if "worse" in held_to else base


def _said(base: str, controls: dict[str, Held], rows: list[dict[str, Any]], params: dict[str, Any]) -> str:
    if not rows:
        return (
            "Nothing to compare: no data set was evaluated with both the initial and the enhanced backbone."
        )
    own, before = _own(rows), than(rows[0]["variants"][0], params)
    who = subject(own, params)
    if not is_pacl(own, params):
        said = f"PACL was not {'trained' if own == ENHANCED else 'evaluated'} here. "
        if base == TOO_FEW:
            return f"{said}{who} is not known: {_first_change(rows)['said']}."
        return said + _against_first(base, rows, who, before)
    if base == TOO_FEW:
        return f"Not known: {_first_change(rows)['said']}."
    held_to = {kind: held for kind, held in controls.items() if kind != ORACLE}
    if held_to:
        return f"{_against_all(base, held_to, who, before)} {_where(base, rows, before)}".rstrip()
    start = {"better": "Yes: ", "worse": "No: ", "unclear": "No evidence that it did: "}.get(base, "")
    return start + _against_first(base, rows, who, before)


def _first_change(rows: list[dict[str, Any]]) -> dict[str, Any]:
    change: dict[str, Any] = rows[0]["changes"][rows[0]["judged"] - 1]
    return change


def _against_first(base: str, rows: list[dict[str, Any]], who: str, before: str) -> str:
    """Who is better than what came before, where, and of how many results."""
    if base in ("better", "worse"):
        said = f"{who} is {base} than {before} on {_places(rows, base)}."
    elif base == "mixed":
        said = f"{who} is in part better than {before}: {_parts(rows)} (of {_counted(rows)})."
    elif base == "unclear":
        said = f"{who} shows no clear change from {before}; {_zero(rows)}."
    else:
        return f"{who} was not compared with {before}."
    return said + _few(rows)


_STARTS = {
    "better": "better than {}",
    "mixed": "in part better than {}",
    "unclear": "not better than {}",
    "worse": "worse than {}",
}
_THAN = {PLAIN: "plain contrastive training", RANDOM: "random partitions"}


def _against_all(base: str, held_to: dict[str, Held], who: str, before: str) -> str:
    """One sentence that says whether the partition helped, even where the result beats the initial one."""
    gained = base in ("better", "mixed")
    answers = ("better", "mixed", "worse", "unclear") if gained else ("worse", "unclear", "mixed", "better")
    parts, before_was_good = "", gained
    for answer in (base, *(other for other in answers if other != base)):
        names = [before] if answer == base else []
        names += [
            f"{_THAN[kind]}{held_to[kind].where}"
            for kind in (PLAIN, RANDOM)
            if kind in held_to and held_to[kind].answer == answer
        ]
        if answer == "none" or not names:
            continue
        good = answer in ("better", "mixed")
        parts += (", and " if good == before_was_good else ", but ") if parts else ""
        parts += _STARTS[answer].format(_listed(names, "and" if good else "or"))
        before_was_good = good
    said = f"{who} is {parts}"
    words = {held.answer for held in held_to.values()}
    if not gained:
        start = "" if base == "none" else "No: " if "worse" in {base, *words} else _NO_EVIDENCE
        return f"{start}{said}."
    if words == {"better"}:
        return f"{'Yes: ' if base == 'better' else ''}{said}."
    return f"{said}{_conclusion({kind: held.answer for kind, held in held_to.items()})}."


_NO_EVIDENCE = "No evidence that it did: "


def _conclusion(answers: dict[str, str]) -> str:
    """Of a result that is better than the initial one, but not than every control."""
    if answers.get(RANDOM) in ("unclear", "worse"):
        return ": the partition is not what helps"
    return {
        "unclear": ": training without partitions may do as well",
        "worse": ": training without partitions does better",
    }.get(answers.get(PLAIN, ""), "")


def _where(base: str, rows: list[dict[str, Any]], before: str) -> str:
    """What `_against_all` leaves out of the comparison with what came before."""
    if base in ("better", "worse"):
        said = f"{base.capitalize()} than {before} on {_places(rows, base)}."
    elif base == "mixed":
        said = f"Compared with {before}: {_parts(rows)} (of {_counted(rows)})."
    elif base == "unclear":
        said = f"Against {before}, {_zero(rows)}."
    else:
        return ""
    return said + _few(rows)


def _judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if _word(row) != TOO_FEW]


def _counted(rows: list[dict[str, Any]]) -> str:
    count = len(_judged(rows))
    return f"{count} main result{'s' if count > 1 else ''}"


def _zero(rows: list[dict[str, Any]]) -> str:
    count = len(_judged(rows))
    return (
        f"all intervals of {count} main results include zero" if count > 1 else "its interval includes zero"
    )


def _places(rows: list[dict[str, Any]], word: str) -> str:
    """Where the results have this verdict, and of how many."""
    judged = _judged(rows)
    if len(judged) > 1 and all(_word(row) == word for row in judged):
        return f"{'both' if len(judged) == 2 else f'all {len(judged)}'} main results"
    return f"{_named(rows, word)} (of {_counted(rows)})"


def _parts(rows: list[dict[str, Any]]) -> str:
    parts = [f"{word} on {where}" for word in ("better", "worse") if (where := _named(rows, word))]
    if "unclear" in map(_word, rows):
        parts.append("no clear change on the rest")
    return ", ".join(parts)


def _few(rows: list[dict[str, Any]]) -> str:
    few = len(rows) - len(_judged(rows))
    return f" {few} more had too few test items to tell." if few else ""


def _named(rows: list[dict[str, Any]], word: str) -> str:
    return ", ".join(
        f"{row['task']} ({row['label'].text}, {row['dataset']}, {row['protocol'].replace('_', '-')})"
        for row in rows
        if _word(row) == word
    )


def _listed(names: list[str], last: str) -> str:
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _trained(root: Path, rows: list[dict[str, Any]], params: dict[str, Any]) -> list[Reason]:
    """Of the training that is judged; the artefacts are those of `pacl`."""
    if not rows or (own := _own(rows)) == ENHANCED:
        return [*partition_reasons(root), *training_reasons(root, params)]
    return [Reason(f"The partition and the training curves below are those of {ENHANCED}, not of {own}.")]


def _oracle(controls: dict[str, Held]) -> list[Reason]:
    found = controls.get(ORACLE)
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
    below = [row for row in rows if row["below"][row["judged"]] and _word(row) != TOO_FEW]
    named = ", ".join(f"{row['task']} is {row['below'][row['judged']]}" for row in below)
    return [Reason(f"{named[0].upper()}{named[1:]}.", warns=True)] if below else []
