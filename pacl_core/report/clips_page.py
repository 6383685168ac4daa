"""The page of one training on clips: what was trained, on which clips, and whether it worked."""

from pathlib import Path
from typing import Any

import yaml

from pacl_core.report.build import filled, fitted
from pacl_core.report.images import Thumbnail
from pacl_core.report.method_page import evaluated, method_verdict
from pacl_core.report.reading import ClipsArtefacts
from pacl_core.report.sections.attention import attention
from pacl_core.report.sections.clips import (
    TITLES,
    clips,
    next_steps,
    reasons,
    stand_ins,
)
from pacl_core.report.sections.controls import CLIPS
from pacl_core.report.sections.judged import judged_variant
from pacl_core.report.sections.limits import leaked, leaks, tested, uncertain
from pacl_core.report.sections.run import lookup, models, settings
from pacl_core.report.sections.training import training
from pacl_core.report.sections.verdict import Verdict

# the settings that a reader asks for first; {} is the training, {clips} its corpus
_KEYS = (
    ("Clips", "clips.{clips}.reader", "clips.{clips}.path"),
    ("Sentiment", "sentiment.model.kind", "sentiment.model.name"),
    ("Persons", "persons.kind"),
    ("Backbone", "backbone.kind", "backbone.name"),
    ("Subject", "emotionclip.{}.subject.kind"),
    ("Temporal head", "emotionclip.{}.temporal.kind"),
    ("Frames of a clip", "emotionclip.{}.frames"),
    ("Weight of sentiment (beta)", "emotionclip.{}.loss.beta"),
    ("Epochs", "emotionclip.{}.epochs"),
    ("Batch size", "emotionclip.{}.batch_size"),
    (
        "Learning rates: gains, matrices, head",
        "emotionclip.{}.lr.gains",
        "emotionclip.{}.lr.weights",
        "emotionclip.{}.lr.head",
    ),
    ("Held-out clips", "emotionclip.{}.holdout"),
)


def write_clips_report(
    artefacts: ClipsArtefacts, folder: Path, params_text: str, *, count: int, seed: int
) -> None:
    """Write `folder`/index.html, as `build.write_report`. `count` clips are shown, drawn by `seed`."""
    html = fitted(lambda image: _render(artefacts, params_text, count, seed=seed, image=image))
    (folder / "index.html").write_text(html, encoding="utf-8")


def clips_verdict(artefacts: ClipsArtefacts, params: dict[str, Any]) -> Verdict:
    """Did the training on clips work, why, and what next; from metrics/, its curves and its model's card."""
    found = judged_variant(artefacts, artefacts.name, params)
    following = next_steps(artefacts, params, found)
    return method_verdict(found, params, why=reasons(artefacts, params), following=following)


def _render(artefacts: ClipsArtefacts, params_text: str, count: int, *, seed: int, image: Thumbnail) -> str:
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    name = artefacts.name
    shown = evaluated(artefacts, params_text, name, of=CLIPS, image=image)
    corpus = str(lookup(params, f"emotionclip.{name}.clips"))
    keys = [tuple(part.format(name, clips=corpus) for part in one) for one in _KEYS]
    found = clips(artefacts, count, seed, image=image)
    return filled(
        "clips_page.html",
        **shown,
        params_text=params_text,
        verdict=clips_verdict(artefacts, params),
        clips=found,
        method_cards=found["cards"],
        this_run=_this_run(params, name),
        told=lookup(params, f"emotionclip.{name}.subject.kind") != "none",
        run={"models": models(artefacts), "settings": settings(params, keys)},
        training=training(artefacts, TITLES),
        attention=attention(artefacts.attention, artefacts.metrics / "attention", [name], image=image),
        leaks=leaks(artefacts.metrics, params),
        limits=[
            *stand_ins(params, name),
            *leaked(artefacts.metrics, params, shown["results"]),
            *tested(shown["results"], seeds=None),
            *uncertain(shown["results"]),
        ],
    )


def _this_run(params: dict[str, Any], name: str) -> list[str]:
    """What tells this run from others: training, corpus, backbone."""
    corpus = lookup(params, f"emotionclip.{name}.clips")
    where = [lookup(params, f"clips.{corpus}.{key}") for key in ("reader", "path")]
    said = ", ".join(str(one) for one in where if one)
    return [f"Training {name}", f"clips {corpus} ({said})", f"backbone {lookup(params, 'backbone.name')}"]
