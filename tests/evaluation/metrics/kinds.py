"""A task of each kind, and random targets and predictions of it."""

import numpy as np

from pacl_core.datasets.tasks import Level, Task

VAD = Task("feeling", "regression", ("valence", "arousal"))
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "neutral", "positive"))
SHARES = Task("shares", "distribution", ("a", "b", "c"), ("a", "b", "c"))
MARKS = Task("marks", "multi_label", ("a", "b", "c"), ("a", "b", "c"))
TREE = Task(
    "tree",
    "hierarchical",
    ("coarse", "fine"),
    levels=(Level("coarse", ("no", "yes")), Level("fine", ("a", "b", "c"))),
    ancestors=((0,), (0,), (1,)),
)
MOODS = Task("feeling, moods", "score", ("valence", "arousal"))
KINDS = [VAD, MOODS, POLARITY, SHARES, MARKS, TREE]


def coarse_distributions(generator, items, classes):
    """On a coarse grid: ties between classes and items, zeros, and confidences on edges of bins."""
    cuts = np.sort(generator.integers(7, size=(items, classes - 1)), axis=1)
    return np.diff(cuts, axis=1, prepend=0, append=6) / 6


def example(task, seed, items):
    generator = np.random.default_rng(seed)
    if task.kind == "score":  # on a coarse grid, so that there are ties
        return generator.integers(4, size=(items, 2)) / 3, generator.integers(5, size=(items, 2)) - 2.0
    if task.kind == "regression":
        return generator.random((items, 2)), generator.random((items, 2))
    if task.kind == "multi_label":
        density = generator.choice([0.0, 0.2, 0.7, 1.0], size=3)
        return (generator.random((items, 3)) < density) * 1.0, generator.integers(5, size=(items, 3)) / 4
    if task.kind == "hierarchical":
        target = np.stack([generator.integers(2, size=items), generator.integers(3, size=items)], axis=1)
        return target, np.hstack([coarse_distributions(generator, items, classes) for classes in (2, 3)])
    target = generator.integers(3, size=(items, 1))
    return (
        target if task.kind == "single_label" else coarse_distributions(generator, items, 3),
        coarse_distributions(generator, items, 3),
    )
