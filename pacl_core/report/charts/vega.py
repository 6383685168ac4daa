"""Vega-Lite charts: one specification, drawn here as SVG and again in the browser with tooltips."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup

Spec = dict[str, Any]

_AXIS = {
    "labelColor": "var(--muted)",
    "titleColor": "var(--muted)",
    "gridColor": "var(--grid)",
    "domainColor": "var(--muted)",
    "tickColor": "var(--grid)",
    "labelFontSize": 11,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelFlush": False,
}
_CONFIG: Spec = {
    "background": "transparent",
    "font": "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif",
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "labelFontSize": 12,
        "columnPadding": 22,
    },
    "range": {"category": ["var(--accent)", "var(--second)", "var(--third)", "var(--fourth)"]},
    "rule": {"color": "var(--ink)"},
    # a label per mark would be thousands on a page; the chart has one as a whole
    "aria": False,
}
# texts are measured in the font that comes with vl-convert: a font of this machine would make drawings differ
# between machines
_MEASURED = "Liberation Sans"
WIDTH, HEIGHT = 440, 250


@dataclass(frozen=True)
class Chart:
    """`name` is its id on the page, `title` what a screen reader says."""

    name: str
    title: str
    spec: Spec

    @property
    def svg(self) -> Markup:
        """The drawing for readers without scripts, the same bytes on every machine."""
        measured = self.spec | {"config": _CONFIG | {"font": _MEASURED}}
        drawn = _drawn(json.dumps(measured)).replace(f'"{_MEASURED}"', f'"{_CONFIG["font"]}"')
        width, height = re.findall(r'(?:width|height)="([\d.]+)"', drawn)[:2]
        opened = f'<svg class="marks" viewBox="0 0 {width} {height}" aria-hidden="true"'
        return Markup(re.sub(r"<svg[^>]*?(?=>)", opened, drawn, count=1))

    @property
    def data(self) -> Markup:
        """The specification, escaped for a script element."""
        return script_json(self.spec)


def chart(name: str, title: str, spec: Mapping[str, Any], *, height: int = HEIGHT) -> Chart:
    """`spec` completed with size and theme."""
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": _CONFIG,
    }
    return Chart(name, title, whole | dict(spec))


def partition_scale(names: Mapping[str, str]) -> Spec:
    """Colours of the partitions: `names` are theirs on the page, by the artefacts' names."""
    return {"domain": list(names.values()), "range": [f"var(--{partition})" for partition in names]}


@cache
def _drawn(spec: str) -> str:
    """Cached, as it is slow: the page may be built again with smaller images."""
    import vl_convert  # of the extra `pipeline`; a model card needs the sections of the report, but no chart

    return vl_convert.vegalite_to_svg(spec)


@cache
def bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script that defines `vegaEmbed`; the package brings them."""
    import vl_convert

    script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub asks for a snippet
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("the Vega bundle cannot be put into a script element")
    return script


# "</script>", "<!--" and the line ends that JSON allows and scripts once did not
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script_json(value: object) -> Markup:
    """The content of `<script type="application/json">`. Raises ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return Markup(text)
