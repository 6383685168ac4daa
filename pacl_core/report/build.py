"""The page: sections gathered from artefacts, put into one self-contained HTML file."""

from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from pacl_core.report.sections.clusters import clusters
from pacl_core.report.sections.leaks import leaks
from pacl_core.report.sections.limits import limits
from pacl_core.report.sections.partition import partition
from pacl_core.report.sections.published import beside_paper
from pacl_core.report.sections.results import headlines, overview, results
from pacl_core.report.sections.run import lookup, what_ran
from pacl_core.report.sections.samples import samples
from pacl_core.report.sections.training import training

NAMES = {
    "strong": "strong",
    "partial_emotional": "partial, emotional",
    "partial_factual": "partial, factual",
    "weak": "weak",
    "partial": "partial",
}
MEANINGS = {
    "strong": "picture and text agree in fact and in emotion",
    "partial_emotional": "they agree in emotion only",
    "partial_factual": "they agree in fact only",
    "weak": "they agree in neither",
}


def write_report(root: Path, folder: Path, params_text: str, count: int, seed: int) -> None:
    """Write `folder`/index.html from the artefacts under `root`.

    `params_text` is params.yaml as written, `count` the sample pairs per partition, `seed` their draw.
    """
    (folder / "index.html").write_text(render(root, params_text, count, seed), encoding="utf-8")


def render(root: Path, params_text: str, count: int, seed: int) -> str:
    """The page as HTML. Everything that is not the template's own is escaped."""
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    evaluations = results(root)
    environment = Environment(
        loader=PackageLoader("pacl_core.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": lambda value: f"{value:,}",
        "percent": lambda value: f"{100 * value:.1f} %",
        "number": _number,
        "short": _short,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
    }
    return environment.get_template("page.html").render(
        names=NAMES,
        meanings=MEANINGS,
        params_text=params_text,
        run=what_ran(root, params),
        partition=partition(root, str(lookup(params, "partition.mode") or "both")),
        samples=samples(root, count, seed),
        clusters=clusters(root),
        training=training(root),
        results=evaluations,
        overview=overview(evaluations),
        headlines=headlines(evaluations),
        beside_paper=beside_paper(root),
        leaks=leaks(root, params),
        limits=limits(root, params, evaluations),
    )


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}".replace("-", "−")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}".replace("-", "−")
