"""Details of a task: classes, confusion, calibration, variants side by side."""

from typing import Any

from pacl_core.report.charts.reliability import reliability

_COUNTS = ("support", "positives")


def task_details(by_variant: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One block per task, one per level of a hierarchical task; none where a kind has no details."""
    first = next(iter(by_variant.values()), {})
    if "per_class" in first:
        return [_block(None, by_variant)]
    levels = [name for name, inner in first.items() if isinstance(inner, dict) and "per_class" in inner]
    return [_block(name, {v: details[name] for v, details in by_variant.items()}) for name in levels]


def _block(level: str | None, by_variant: dict[str, dict[str, Any]]) -> dict[str, Any]:
    first = next(iter(by_variant.values()))
    names = [row["class"] for row in first["per_class"]]
    return {
        "level": level,
        "per_class": _per_class(by_variant),
        "confusions": [
            (variant, names, _shares(details["confusion"]))
            for variant, details in by_variant.items()
            if details.get("confusion")
        ],
        "reliability": [
            (variant, reliability(f"Calibration of {variant}", details["reliability"]))
            for variant, details in by_variant.items()
            if details.get("reliability")
        ],
        "absent": first.get("absent_classes") or [],
        "undefined": first.get("undefined_classes") or [],
    }


def _per_class(by_variant: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """`head` and `rows` of a table: class, count, then every metric per variant."""
    tables = {variant: details["per_class"] for variant, details in by_variant.items()}
    first = next(iter(tables.values()))
    keys = [key for key in first[0] if key != "class"] if first else []
    count = next((key for key in keys if key in _COUNTS), None)
    metrics = [key for key in keys if key != count]
    rows = []
    for index, row in enumerate(first):
        cells = [table[index].get(metric) for metric in metrics for table in tables.values()]
        rows.append((row["class"], row.get(count) if count else None, [_percent(cell) for cell in cells]))
    return {"count": count, "metrics": metrics, "variants": list(tables), "rows": rows}


def _shares(confusion: list[list[float]]) -> list[list[tuple[float, float]]]:
    """Rows of (count, share of the row's items); shares of a row without items are 0."""
    return [[(count, count / (sum(row) or 1.0)) for count in row] for row in confusion]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
