"""Names, units and directions of figures, as a person reads them."""

from dataclasses import dataclass
from typing import Any

# name -> what a person reads, which direction is better, whether it is shown in percent
METRICS = {
    "accuracy": ("Accuracy", "higher", True),
    "accuracy_joint": ("Accuracy, all levels right", "higher", True),
    "consistency": ("Consistency across levels", "higher", True),
    "f1_weighted": ("F1, weighted", "higher", True),
    "f1_macro": ("F1, macro", "higher", True),
    "f1_micro": ("F1, micro", "higher", True),
    "map": ("Mean average precision", "higher", True),
    "auc": ("AUC", "higher", True),
    "hamming": ("Hamming loss", "lower", True),
    "ranking_loss": ("Ranking loss", "lower", True),
    "mse_x100": ("MSE × 100", "lower", False),
    "r2": ("R²", "higher", False),
    "pearson": ("Pearson r", "higher", False),
    "chebyshev": ("Chebyshev", "lower", False),
    "clark": ("Clark", "lower", False),
    "canberra": ("Canberra", "lower", False),
    "kl": ("KL", "lower", False),
    "cosine": ("Cosine", "higher", False),
    "intersection": ("Intersection", "higher", False),
    "ece": ("Calibration error (ECE)", "lower", True),
    "brier": ("Brier score", "lower", False),
}


@dataclass(frozen=True)
class Metric:
    """`better` is higher, lower, or None where it is not known; `rank` orders figures on the page."""

    label: str
    better: str | None
    percent: bool
    rank: int

    def shown(self, value: float | None) -> str:
        if value is None:
            return "–"
        return (f"{100 * value:.2f}" if self.percent else f"{value:.3f}").replace("-", "−")

    def signed(self, value: float) -> str:
        """With its sign; percent become percentage points."""
        digits, value = (2, 100 * value) if self.percent else (3, value)
        return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else f"{0:.{digits}f}"


def metric(name: str) -> Metric:
    """`r2_arousal` reads as R² of arousal; a name that is not known stands for itself."""
    for rank, (known, (label, better, percent)) in enumerate(METRICS.items()):
        if name == known:
            return Metric(label, better, percent, rank)
    starts = [known for known in METRICS if name.startswith(f"{known}_")]
    if not starts:
        return Metric(name, None, False, len(METRICS))
    known = max(starts, key=len)
    label, better, percent = METRICS[known]
    part = name.removeprefix(f"{known}_").replace("_", " ")
    return Metric(f"{label}, {part}", better, percent, list(METRICS).index(known))


def headline(task: dict[str, Any], figures: dict[str, Any]) -> str | None:
    """The figure that stands for a task; of a hierarchical one its finest level's accuracy."""
    finest = [f"accuracy_{level['name']}" for level in task.get("levels") or ()][-1:]
    return next((name for name in (*finest, "accuracy", "map", "r2", "kl") if name in figures), None)
