"""A person of EMOTIC, whichever form the annotations have."""

from dataclasses import dataclass

from pacl_core.evaluation.datasets.published_text import Split

Ratings = tuple[float | None, float | None, float | None]
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class Person:
    """`ratings`: valence, arousal, dominance, None where missing. `box`: left, top, right, bottom, pixels."""

    split: Split
    folder: str
    filename: str
    categories: tuple[str, ...]
    ratings: Ratings
    box: Edges | None
