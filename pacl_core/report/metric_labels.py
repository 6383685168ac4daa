"""Names, units and directions of metrics, and names of baselines, for people."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

# name -> label, which direction is better, whether it is shown in percent
METRICS = {
    "accuracy": ("Accuracy", "higher", True),
    "accuracy_joint": ("Accuracy, all levels right", "higher", True),
    "consistency": ("Consistency across levels", "higher", True),
    "f1_weighted": ("F1, weighted", "higher", True),
    "f1_macro": ("F1, macro", "higher", True),
    "f1_micro": ("F1, micro", "higher", True),
    "map": ("Mean average precision", "higher", True),
    "auc": ("AUC", "higher", True),
    "hit_at_1": ("Likeliest class is right", "higher", True),
    "hamming": ("Hamming loss", "lower", True),
    "ranking_loss": ("Ranking loss", "lower", True),
    "mse_x100": ("MSE × 100", "lower", False),
    "r2": ("R²", "higher", False),
    "pearson": ("Pearson r", "higher", False),
    "spearman": ("Spearman ρ", "higher", False),
    "chebyshev": ("Chebyshev", "lower", False),
    "clark": ("Clark", "lower", False),
    "canberra": ("Canberra", "lower", False),
    "kl": ("KL", "lower", False),
    "cosine": ("Cosine", "higher", False),
    "intersection": ("Intersection", "higher", False),
    "ece": ("Calibration error (ECE)", "lower", True),
    "brier": ("Brier score", "lower", False),
}
CHANCE = "chance"
BASELINES = {
    "most_frequent": "the most frequent class",
    "mean": "the mean",
    "training_distribution": "the mean distribution",
    "training_shares": "the training shares",
    CHANCE: "chance",
}


@dataclass(frozen=True)
class MetricLabel:
    """`better` is higher, lower, or None where it is not known; `rank` orders metrics on the page."""

    text: str
    better: str | None
    percent: bool
    rank: int

    def shown(self, value: float | None) -> str:
        if value is None:
            return "–"
        return (f"{100 * value:.2f}" if self.percent else f"{value:.3f}").replace("-", "−")

    def signed(self, value: float) -> str:
        """With its sign; percentages become percentage points."""
        digits, value = (2, 100 * value) if self.percent else (3, value)
        return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else f"{0:.{digits}f}"


def metric_label(name: str) -> MetricLabel:
    """`r2_arousal` reads as R² of arousal; a metric that is not known is shown by its own name."""
    for rank, (known, (text, better, percent)) in enumerate(METRICS.items()):
        if name == known:
            return MetricLabel(text, better, percent, rank)
    starts = [known for known in METRICS if name.startswith(f"{known}_")]
    if not starts:
        return MetricLabel(name, None, False, len(METRICS))
    known = max(starts, key=len)
    text, better, percent = METRICS[known]
    part = name.removeprefix(f"{known}_").replace("_", " ")
    return MetricLabel(f"{text}, {part}", better, percent, list(METRICS).index(known))


def main_metric(task: dict[str, Any], metrics: Collection[str]) -> str | None:
    """The metric that sums up a task; of a hierarchical one the accuracy on its finest level."""
    finest = [f"accuracy_{level['name']}" for level in task.get("levels") or ()][-1:]
    return next(
        (name for name in (*finest, "accuracy", "map", "r2", "kl", "pearson") if name in metrics), None
    )
