"""The page of one training of Feng et al.: its specialists, their pretext tasks, and whether it worked."""

from pathlib import Path
from typing import Any

import yaml

from pacl_core.report.build import filled, fitted
from pacl_core.report.images import Thumbnail
from pacl_core.report.method_page import evaluated, method_verdict
from pacl_core.report.reading import FengArtefacts
from pacl_core.report.sections.controls import FENG
from pacl_core.report.sections.feng import (
    against_first_each,
    feng_settings,
    lead,
    method_cards,
    next_steps,
    reasons,
    stand_ins,
    student,
    variants_of,
)
from pacl_core.report.sections.judged import judged_variant
from pacl_core.report.sections.limits import tested, uncertain
from pacl_core.report.sections.run import lookup, models
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
    following = next_steps(artefacts, params, found)
    return method_verdict(found, params, why=reasons(artefacts, params), following=following)


def _render(artefacts: FengArtefacts, params_text: str, image: Thumbnail) -> str:
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    shown = evaluated(artefacts, params_text, _own(artefacts, params), of=FENG, image=image)
    return filled(
        "feng_page.html",
        **shown,
        name=artefacts.name,
        params_text=params_text,
        verdict=feng_verdict(artefacts, params),
        method_cards=method_cards(artefacts),
        lead=lead(artefacts, params),
        this_run=[f"Training {artefacts.name}", f"backbone {lookup(params, 'backbone.name')}"],
        run={"models": _models(artefacts), "settings": feng_settings(artefacts, params)},
        specialists=specialists(artefacts, against_first_each(artefacts, params), image),
        student=student(artefacts),
        leaks=[],  # test images are looked for among pairs or clips, none of which this training has seen
        limits=[
            *stand_ins(artefacts, params),
            *tested(shown["results"], seeds=None),
            *uncertain(shown["results"]),
        ],
    )


def _own(artefacts: FengArtefacts, params: dict[str, Any]) -> str:
    """The variant that is judged."""
    return next(iter(variants_of(artefacts.name, params)), artefacts.name)


def _models(artefacts: FengArtefacts) -> list[dict[str, Any]]:
    """As `models`, without the lists of classes and words."""
    return [
        one | {"training": [(key, text) for key, text in one["training"] if len(text) <= _LONG]}
        for one in models(artefacts)
    ]
