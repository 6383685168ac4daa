"""The page of one training of Feng et al.: its specialists, their pretext tasks, and whether it worked."""

from pathlib import Path
from typing import Any

import yaml

from pacl_core.report.build import filled, fitted
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import FengArtefacts
from pacl_core.report.sections.clips import baseline
from pacl_core.report.sections.controls import FENG, cards, controls_table, head, kind, with_controls
from pacl_core.report.sections.examples import examples
from pacl_core.report.sections.feng import (
    against_first_each,
    feng_settings,
    judged_variant,
    lead,
    method_cards,
    next_steps,
    reasons,
    stand_ins,
    student,
    variants_of,
)
from pacl_core.report.sections.limits import tested, uncertain
from pacl_core.report.sections.results import CARDS, main_results, overview, published, results
from pacl_core.report.sections.run import lookup, models
from pacl_core.report.sections.sentences import NO_OTHER, against_first
from pacl_core.report.sections.specialists import specialists
from pacl_core.report.sections.verdict import Verdict

_LONG = 80  # characters of a value on the card; classes and vocabularies have many more


def write_feng_report(artefacts: FengArtefacts, folder: Path, params_text: str) -> None:
    """Write `folder`/index.html, as `build.write_report`."""
    html = fitted(lambda image: _render(artefacts, params_text, image))
    (folder / "index.html").write_text(html, encoding="utf-8")


def feng_verdict(artefacts: FengArtefacts, params: dict[str, Any]) -> Verdict:
    """Did it work, why, and what next: of the student, or of a specialist where that is not evaluated."""
    found = judged_variant(artefacts, _own(artefacts, params), params)
    rows = found.rows if found else []
    return Verdict(
        answer=found.base if found else "none",
        said=against_first(found) if found else NO_OTHER,
        main=rows,
        controls=controls_table(rows[:CARDS], params, recipes=True),
        missing=None,
        why=[*reasons(artefacts, params), *baseline(rows)],
        next=next_steps(artefacts, params, found),
    )


def _render(artefacts: FengArtefacts, params_text: str, image: Thumbnail) -> str:
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    evaluations = results(artefacts, _own(artefacts, params))
    with_controls(evaluations, params)
    rows = overview(evaluations)
    return filled(
        "feng_page.html",
        name=artefacts.name,
        params_text=params_text,
        verdict=feng_verdict(artefacts, params),
        method_cards=method_cards(artefacts),
        on_pairs=False,
        lead=lead(artefacts, params),
        this_run=[f"Training {artefacts.name}", f"backbone {lookup(params, 'backbone.name')}"],
        variants=[head(one, params) for one in evaluations[0]["variants"]] if evaluations else [],
        partition=None,
        run={"models": _models(artefacts), "settings": feng_settings(artefacts, params)},
        specialists=specialists(artefacts, against_first_each(artefacts, params), image),
        student=student(artefacts),
        results=evaluations,
        overview=rows,
        controls=controls_table(rows, params, recipes=True),
        main_results=[
            row | {"other": row["other"] if _judges_another(row, params) else None}
            for row in cards(main_results(evaluations), params)
        ],
        published=published(artefacts),
        examples=examples(artefacts, image),
        leaks=[],  # test images are looked for among pairs or clips, none of which this training has seen
        limits=[*stand_ins(artefacts, params), *tested(evaluations, seeds=None), *uncertain(evaluations)],
    )


def _own(artefacts: FengArtefacts, params: dict[str, Any]) -> str:
    """The variant that is judged."""
    return next(iter(variants_of(artefacts.name, params)), artefacts.name)


def _judges_another(row: dict[str, Any], params: dict[str, Any]) -> bool:
    return kind(row["variants"][row["judged"]], params) != FENG


def _models(artefacts: FengArtefacts) -> list[dict[str, Any]]:
    """As `models`, without the lists of classes and words."""
    return [
        one | {"training": [(key, text) for key, text in one["training"] if len(text) <= _LONG]}
        for one in models(artefacts)
    ]
