"""What the pages of other methods' trainings have in common: the verdict's form, and the evaluation."""

from collections.abc import Sequence
from typing import Any

import yaml

from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import Evaluated
from pacl_core.report.sections.clips import baseline
from pacl_core.report.sections.controls import cards, controls_table, head, kind, with_controls
from pacl_core.report.sections.examples import examples
from pacl_core.report.sections.identity import identity
from pacl_core.report.sections.judged import Judged
from pacl_core.report.sections.next_steps import Step
from pacl_core.report.sections.reasons import Reason
from pacl_core.report.sections.results import (
    CARDS,
    in_short,
    main_results,
    overview,
    published,
    results,
)
from pacl_core.report.sections.sentences import NO_OTHER, against_first
from pacl_core.report.sections.verdict import Verdict


def method_verdict(
    found: Judged | None, params: dict[str, Any], *, why: Sequence[Reason], following: Sequence[Step]
) -> Verdict:
    """Of the variant that was `found`, None where there is none; `following`: what to do next."""
    rows = found.rows if found else []
    return Verdict(
        answer=found.base if found else "none",
        said=against_first(found) if found else NO_OTHER,
        main=rows,
        controls=controls_table(rows[:CARDS], params, recipes=True),
        missing=None,
        why=[*why, *baseline(rows)],
        next=list(following),
    )


def evaluated(
    artefacts: Evaluated, params_text: str, own: str, *, of: str, image: Thumbnail
) -> dict[str, Any]:
    """What a page shows of the evaluation: `own` is judged, `of` the kind of the method's variants."""
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    evaluations = results(artefacts, own)
    with_controls(evaluations, params)
    rows = overview(evaluations)

    def own_card(row: dict[str, Any]) -> dict[str, Any]:
        judges_another = kind(row["variants"][row["judged"]], params) != of
        return row | {"other": row["other"] if judges_another else None}

    return {
        "on_pairs": False,
        "partition": None,
        "variants": [head(one, params) for one in evaluations[0]["variants"]] if evaluations else [],
        "results": evaluations,
        "overview": in_short(rows),
        "all_overview": len(rows),
        "identity": identity(artefacts, params, params_text),
        "controls": controls_table(rows, params, recipes=True),
        "main_results": [own_card(row) for row in cards(main_results(evaluations), params)],
        "published": published(artefacts),
        "examples": examples(artefacts, image),
    }
