"""Sections of downstream data sets, their evaluation, and the report."""

from typing import Literal

from pydantic import Field

from pacl_core.params.section import Section


class DownstreamParams(Section):
    """One data set as published: its reader, its path, the short side of stored pictures."""

    reader: str
    path: str
    image_size: int = Field(default=256, ge=16)


class EvaluateParams(Section):
    """Data sets (names of `downstream`), protocols and variants to cross, and the linear head."""

    datasets: tuple[str, ...]
    protocols: tuple[Literal["linear"], ...] = ("linear",)
    variants: tuple[str, ...] = ("initial", "pacl")
    head_lr: float = Field(default=1e-2, gt=0)
    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=64, ge=1)
    seeds: int = Field(default=5, ge=1)
    bootstrap: int = Field(default=2000, ge=100)


class ReportParams(Section):
    """How many pairs of each partition the report shows."""

    samples: int = Field(default=8, ge=1)
    seed: int = Field(default=0, ge=0)
