"""The page: every section from its artefacts, in one self-contained HTML file."""

import base64
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pacl_core.errors import UserError
from pacl_core.report.charts.vega import bundle
from pacl_core.report.images import Thumbnail, thumbnails
from pacl_core.report.reading import Artefacts
from pacl_core.report.sections.clusters import clusters
from pacl_core.report.sections.controls import cards, controls_table, head, with_controls
from pacl_core.report.sections.examples import examples
from pacl_core.report.sections.identity import corpus_name, identity
from pacl_core.report.sections.limits import leaks, limits
from pacl_core.report.sections.partition import partition, thresholds
from pacl_core.report.sections.results import in_short, main_results, overview, published, results
from pacl_core.report.sections.run import lookup, this_run, what_ran
from pacl_core.report.sections.samples import samples
from pacl_core.report.sections.training import rebuilt, training
from pacl_core.report.sections.verdict import verdict

log = logging.getLogger("pacl")

NAMES = {
    "strong": "strong",
    "partial_emotional": "partial, emotional",
    "partial_factual": "partial, factual",
    "weak": "weak",
    "partial": "partial",
}
MEANINGS = {
    "strong": "image and text agree in fact and in emotion",
    "partial_emotional": "they agree in emotion only",
    "partial_factual": "they agree in fact only",
    "weak": "they agree in neither",
}
_STAGES = {
    "partition": "partition",
    "samples": "pairs",
    "training": "train",
    "examples": "examples",
    "clusters": "pseudo_labels",
}
MAX_BYTES = 10_000_000  # opens at once on a phone, and can be mailed
_SCALES = (1.0, 0.7, 0.5)  # of the thumbnails, tried until the page is small enough


def write_report(artefacts: Artefacts, folder: Path, params_text: str, *, count: int, seed: int) -> None:
    """Write `folder`/index.html. The same artefacts and params give the same bytes on every machine.

    `params_text` is params.yaml as written, `count` the sample pairs per partition, `seed` for their draw.
    Raises `UserError` for a page above `MAX_BYTES` even with smaller images.
    """
    html = render(artefacts, params_text, count, seed=seed)
    (folder / "index.html").write_text(html, encoding="utf-8")


def render(
    artefacts: Artefacts, params_text: str, count: int, *, seed: int, max_bytes: int = MAX_BYTES
) -> str:
    """The page as HTML. All text that is not the templates' own is escaped."""
    return fitted(lambda image: _render(artefacts, params_text, count, seed=seed, image=image), max_bytes)


def fitted(draw: Callable[[Thumbnail], str], max_bytes: int = MAX_BYTES) -> str:
    """The page that `draw` makes, with thumbnails as large as fit. Raises `UserError` where none do."""
    size = 0
    for scale in _SCALES:
        html = draw(thumbnails(scale))
        size = len(html.encode("utf-8"))
        if size <= max_bytes:
            return html
        log.info("%.1f MB with images at %.0f %%: too large, trying smaller ones", size / 1e6, 100 * scale)
    raise UserError(
        f"report: the page would be {size / 1e6:.1f} MB, more than {max_bytes / 1e6:g}; lower "
        "report.samples, examples.count or embedding_map.points"
    )


def _render(artefacts: Artefacts, params_text: str, count: int, *, seed: int, image: Thumbnail) -> str:
    params: dict[str, Any] = yaml.safe_load(params_text) or {}
    evaluations = results(artefacts)
    with_controls(evaluations, params)
    names = {name: said for name, said in NAMES.items() if name in MEANINGS}
    rows = overview(evaluations)
    split = partition(artefacts, str(lookup(params, "partition.mode") or "both"), names)
    shown = {
        "partition": split,
        "samples": samples(artefacts, count, seed, image=image),
        "training": training(artefacts),
        "examples": examples(artefacts, image),
        "clusters": clusters(artefacts, names, image),
    }
    return filled(
        "page.html",
        **shown,
        absent=[_STAGES[name] for name, section in shown.items() if section is None],
        method_cards=[],
        on_pairs=True,
        names=NAMES,
        meanings=MEANINGS,
        params_text=params_text,
        verdict=verdict(artefacts.metrics.parent, params),
        identity=identity(artefacts, params, params_text),
        corpus_name=corpus_name(artefacts, params),
        this_run=this_run(artefacts, params),
        variants=[head(name, params) for name in evaluations[0]["variants"]] if evaluations else [],
        run=what_ran(artefacts, params),
        thresholds=thresholds(artefacts, params, split["thresholds"]) if split else None,
        rebuilt=rebuilt(artefacts, image),
        results=evaluations,
        overview=in_short(rows),
        all_overview=len(rows),
        controls=controls_table(rows, params, recipes=True),
        main_results=cards(main_results(evaluations), params),
        published=published(artefacts),
        leaks=leaks(artefacts.metrics, params),
        limits=limits(artefacts.metrics, params, evaluations),
    )


def filled(template: str, **values: Any) -> str:
    """A page with its scripts and the hashes that its security policy names them by."""
    environment = _environment()
    scripts = [bundle(), environment.get_template("page.js").render()]
    return environment.get_template(template).render(
        **values,
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
        "points": lambda value: f"{100 * value:+.1f}".replace("-", "−"),
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
    }
    return environment


def _hash(script: str) -> str:
    """The scripts that may run, as named in the page's security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode()


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}".replace("-", "−")


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}".replace("-", "−")
