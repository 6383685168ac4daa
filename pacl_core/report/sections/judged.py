"""The judged variant against what came before and against the controls, over all main results."""

from typing import Any, NamedTuple

from pacl_core.report.reading import Evaluated
from pacl_core.report.sections.controls import (
    ORACLE,
    PLAIN,
    RANDOM,
    TOO_FEW,
    against,
    is_pacl,
    subject,
    than,
)
from pacl_core.report.sections.results import COMPARISON, compared, overview


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


class Judged(NamedTuple):
    """A variant against what came before and against the controls.

    `base` is the answer against the first variant, `rows` the main results that have it, `who` and `before`
    name the variants in a sentence, `pacl` is whether partitions were estimated, as PACL's are.
    """

    base: str
    rows: list[dict[str, Any]]
    own: str
    who: str
    before: str
    pacl: bool
    controls: dict[str, Held]

    @property
    def held_to(self) -> dict[str, Held]:
        """The controls that PACL has to exceed."""
        return {kind: held for kind, held in self.controls.items() if kind != ORACLE}


def judged(rows: list[dict[str, Any]], params: dict[str, Any]) -> Judged | None:
    """Of the rows that compare the judged variant with another one; None where none does."""
    with_first = [row for row in rows if row["judged"] and word(row) != "undefined"]
    rows = with_first or [row for row in rows if against(row, params)]
    if not rows:
        return None
    variants = rows[0]["variants"]
    own = variants[rows[0]["judged"]]
    return Judged(
        base=_answer([word(row) for row in with_first]),
        rows=rows,
        own=own,
        who=subject(own, params),
        before=than(variants[0], params),
        pacl=is_pacl(own, params),
        controls=_held(rows, params),
    )


def word(row: dict[str, Any]) -> str:
    """The verdict of a row against the first variant."""
    return str(row["changes"][row["judged"] - 1]["verdict"])


def _answer(words: list[str]) -> str:
    if not words:
        return "none"
    clear = [one for one in words if one != TOO_FEW]
    if not clear:
        return TOO_FEW
    better, worse = clear.count("better"), clear.count("worse")
    # of many results one or another looks better by chance: a minority is no yes
    if better and (worse or 2 * better < len(clear)):
        return "mixed"
    return "better" if better else "worse" if worse else "unclear"


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


def judged_variant(artefacts: Evaluated, own: str, params: dict[str, Any]) -> Judged | None:
    """`own` against what came before; None where nothing compares them."""
    found = judged(overview(compared(artefacts.metrics / COMPARISON, own)), params)
    return found if found is not None and found.own == own else None
