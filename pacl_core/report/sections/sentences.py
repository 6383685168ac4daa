"""Whether it worked, in sentences: the first one weighs what came before and every control."""

from typing import Any

from pacl_core.report.sections.controls import ENHANCED, PLAIN, RANDOM, THAN, TOO_FEW
from pacl_core.report.sections.judged import Judged, word

NOTHING = "Nothing to compare: no data set was evaluated with both the initial and the enhanced backbone."
NO_OTHER = "Nothing to compare: no data set was evaluated with this training and another variant."
_NO_EVIDENCE = "No evidence that it did: "
_STARTS = {
    "better": "better than {}",
    "mixed": "in part better than {}",
    "unclear": "not better than {}",
    "worse": "worse than {}",
}


def sentences(found: Judged) -> str:
    """What was trained is named, and a control is not called PACL."""
    if not found.pacl:
        said = f"PACL was not {'trained' if found.own == ENHANCED else 'evaluated'} here. "
        if found.base == TOO_FEW:
            return f"{said}{found.who} is not known: {_first_change(found.rows)['said']}."
        return said + _against_first(found)
    if found.base == TOO_FEW:
        return f"Not known: {_first_change(found.rows)['said']}."
    if found.held_to:
        return f"{_against_all(found)} {_where(found)}".rstrip()
    return against_first(found)


def against_first(found: Judged) -> str:
    """As `sentences`, of another method: against what came before alone, with a yes or no."""
    start = {"better": "Yes: ", "worse": "No: ", "unclear": _NO_EVIDENCE}.get(found.base, "")
    return start + change_from_first(found)


def change_from_first(found: Judged) -> str:
    """As `against_first`, without a yes or no."""
    if found.base == TOO_FEW:
        return f"Not known: {_first_change(found.rows)['said']}."
    return _against_first(found)


def _first_change(rows: list[dict[str, Any]]) -> dict[str, Any]:
    change: dict[str, Any] = rows[0]["changes"][rows[0]["judged"] - 1]
    return change


def _against_first(found: Judged) -> str:
    """Who is better than what came before, where, and of how many results."""
    base, rows, who, before = found.base, found.rows, found.who, found.before
    if base in ("better", "worse"):
        said = f"{who} is {base} than {before} on {_places(rows, base)}."
    elif base == "mixed":
        said = f"{who} is in part better than {before}: {_parts(rows)} (of {_counted(rows)})."
    elif base == "unclear":
        said = f"{who} shows no clear change from {before}; {_zero(rows)}."
    else:
        return f"{who} was not compared with {before}."
    return said + _few(rows)


def _against_all(found: Judged) -> str:
    """One sentence that says whether the partition helped, even where the result beats the initial one."""
    base, held_to = found.base, found.held_to
    gained = base in ("better", "mixed")
    answers = ("better", "mixed", "worse", "unclear") if gained else ("worse", "unclear", "mixed", "better")
    parts, before_was_good = "", gained
    for answer in (base, *(other for other in answers if other != base)):
        names = [found.before] if answer == base else []
        names += [
            f"{THAN[kind]}{held_to[kind].where}"
            for kind in (PLAIN, RANDOM)
            if kind in held_to and held_to[kind].answer == answer
        ]
        if answer == "none" or not names:
            continue
        good = answer in ("better", "mixed")
        parts += (", and " if good == before_was_good else ", but ") if parts else ""
        parts += _STARTS[answer].format(_listed(names, "and" if good else "or"))
        before_was_good = good
    said = f"{found.who} is {parts}"
    words = {held.answer for held in held_to.values()}
    if not gained:
        start = "" if base == "none" else "No: " if "worse" in {base, *words} else _NO_EVIDENCE
        return f"{start}{said}."
    if words == {"better"}:
        return f"{'Yes: ' if base == 'better' else ''}{said}."
    return f"{said}{_conclusion({kind: held.answer for kind, held in held_to.items()})}."


def _conclusion(answers: dict[str, str]) -> str:
    """Of a result that is better than the initial one, but not than every control."""
    if answers.get(RANDOM) in ("unclear", "worse"):
        return ": the partition is not what helps"
    return {
        "unclear": ": training without partitions may do as well",
        "worse": ": training without partitions does better",
    }.get(answers.get(PLAIN, ""), "")


def _where(found: Judged) -> str:
    """What `_against_all` leaves out of the comparison with what came before."""
    base, rows, before = found.base, found.rows, found.before
    if base in ("better", "worse"):
        said = f"{base.capitalize()} than {before} on {_places(rows, base)}."
    elif base == "mixed":
        said = f"Compared with {before}: {_parts(rows)} (of {_counted(rows)})."
    elif base == "unclear":
        said = f"Against {before}, {_zero(rows)}."
    else:
        return ""
    return said + _few(rows)


def _enough(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if word(row) != TOO_FEW]


def _counted(rows: list[dict[str, Any]]) -> str:
    count = len(_enough(rows))
    return f"{count} main result{'s' if count > 1 else ''}"


def _zero(rows: list[dict[str, Any]]) -> str:
    count = len(_enough(rows))
    return (
        f"all intervals of {count} main results include zero" if count > 1 else "its interval includes zero"
    )


def _places(rows: list[dict[str, Any]], wanted: str) -> str:
    """Where the results have this verdict, and of how many."""
    judged = _enough(rows)
    if len(judged) > 1 and all(word(row) == wanted for row in judged):
        return f"{'both' if len(judged) == 2 else f'all {len(judged)}'} main results"
    return f"{_named(rows, wanted)} (of {_counted(rows)})"


def _parts(rows: list[dict[str, Any]]) -> str:
    parts = [f"{said} on {where}" for said in ("better", "worse") if (where := _named(rows, said))]
    if "unclear" in map(word, rows):
        parts.append("no clear change on the rest")
    return ", ".join(parts)


def _few(rows: list[dict[str, Any]]) -> str:
    few = len(rows) - len(_enough(rows))
    return f" {few} more had too few test items to tell." if few else ""


def _named(rows: list[dict[str, Any]], wanted: str) -> str:
    return ", ".join(
        f"{row['task']} ({row['label'].text}, {row['dataset']}, {row['protocol'].replace('_', '-')})"
        for row in rows
        if word(row) == wanted
    )


def _listed(names: list[str], last: str) -> str:
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
