"""Learning curves of the protocol with few labels, from the comparison of variants."""

import re
from typing import Any

from pacl_core.report.charts.learning import Point, learning_curve
from pacl_core.report.charts.vega import Chart
from pacl_core.report.metric_labels import BASELINES, CHANCE, main_metric, metric_label

_NAME = re.compile(r"(.*), (\d+) labels", re.DOTALL)  # as the protocol names its tasks


def learning_curves(comparison: dict[str, Any]) -> list[tuple[str, Chart]]:
    """A caption and a chart of the main metric for each task that was fitted on several numbers of labels."""
    if comparison["protocol"] != "few_shot":
        return []
    points: dict[tuple[str, str], list[Point]] = {}
    baselines: dict[tuple[str, str], tuple[str, float]] = {}
    for name, task in comparison["tasks"].items():
        named = _NAME.fullmatch(name)
        metric = main_metric(task["task"], task["figures"])
        if named is None or metric is None:
            continue
        scale = 100 if metric_label(metric).percent else 1
        # of the most labels: they all learn from the same training items
        for which, found in task["figures"][metric]["baselines"].items():
            if which != CHANCE:
                baselines[named[1], metric] = (BASELINES[which], scale * found["value"])
        for variant, found in task["figures"][metric]["variants"].items():
            if found["mean"] is None:
                continue
            value, low, high = (
                None if one is None else scale * one for one in map(found.get, ("mean", "low", "high"))
            )
            assert value is not None
            points.setdefault((named[1], metric), []).append((variant, int(named[2]), value, low, high))
    charts = []
    for number, ((task_name, metric), own) in enumerate(points.items()):
        if len({labels for _, labels, *_ in own}) < 2:
            continue
        caption = f"{task_name}: {metric_label(metric).text}"
        identity = f"chart-few-{comparison['dataset']}-{number}"
        title = f"Learning curve on {comparison['dataset']}, {caption}"
        charts.append(
            (caption, learning_curve(identity, title, own, baseline=baselines.get((task_name, metric))))
        )
    return charts
