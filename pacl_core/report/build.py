"""The page: sections gathered from artefacts, put into one self-contained HTML file."""

import base64
import hashlib
import logging
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pacl_core.errors import UserError
from pacl_core.report.charts.vega import bundle
from pacl_core.report.images import thumbnails
from pacl_core.report.sections.clusters import clusters
from pacl_core.report.sections.dag import stage_graph
from pacl_core.report.sections.examples import examples
from pacl_core.report.sections.limits import leaks, limits
from pacl_core.report.sections.partition import partition, thresholds
from pacl_core.report.sections.results import beside_paper, headlines, overview, results
from pacl_core.report.sections.run import lookup, what_ran
from pacl_core.report.sections.samples import samples
from pacl_core.report.sections.training import rebuilt, training

log = logging.getLogger("pacl")

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
MAX_BYTES = 10_000_000  # opens at once on a phone, and passes as an attachment
_SCALES = (1.0, 0.7, 0.5)  # of the thumbnails, until the page is small enough


def write_report(root: Path, folder: Path, params_text: str, *, count: int, seed: int) -> None:
    """Write `folder`/index.html from the artefacts under `root`.

    `params_text` is params.yaml as written, `count` the sample pairs per partition, `seed` their draw.
    Raises `UserError` for a page above `MAX_BYTES` although its images were made smaller.
    """
    (folder / "index.html").write_text(render(root, params_text, count, seed=seed), encoding="utf-8")


def render(root: Path, params_text: str, count: int, *, seed: int, max_bytes: int = MAX_BYTES) -> str:
    """The page as HTML. Everything that is not the template's own is escaped."""
    size = 0
    for scale in _SCALES:
        html = _render(root, params_text, count, seed=seed, scale=scale)
        size = len(html.encode("utf-8"))
        if size <= max_bytes:
            return html
        log.info("%.1f MB with pictures at %.0f %%: too large, made smaller", size / 1e6, 100 * scale)
    raise UserError(
        f"report: the page would have {size / 1e6:.1f} MB, more than {max_bytes / 1e6:g}; lower "
        "report.samples, examples.count or embedding_map.points"
    )


def _render(root: Path, params_text: str, count: int, *, seed: int, scale: float) -> str:
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    evaluations = results(root)
    image = thumbnails(scale)
    names = {name: said for name, said in NAMES.items() if name in MEANINGS}
    split = partition(root, str(lookup(params, "partition.mode") or "both"), names)
    environment = _environment()
    scripts = [bundle(), environment.get_template("page.js").render()]
    return environment.get_template("page.html").render(
        names=NAMES,
        meanings=MEANINGS,
        params_text=params_text,
        run=what_ran(root, params),
        graph=stage_graph(root),
        partition=split,
        thresholds=thresholds(root, params, split["thresholds"]) if split else None,
        samples=samples(root, count, seed, image=image),
        clusters=clusters(root, names, image),
        training=training(root),
        rebuilt=rebuilt(root, image),
        results=evaluations,
        overview=overview(evaluations),
        headlines=headlines(evaluations),
        beside_paper=beside_paper(root),
        examples=examples(root, image),
        leaks=leaks(root, params),
        limits=limits(root, params, evaluations),
        scripts=[Markup(script) for script in scripts],
        hashes=[_hash(script) for script in scripts],
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pacl_core.report", "templates"),
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
    return environment


def _hash(script: str) -> str:
    """What the page's policy lets run: this script and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode()


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}".replace("-", "−")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}".replace("-", "−")
