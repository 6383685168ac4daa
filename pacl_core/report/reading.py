"""Artefacts in the form that the page needs. A missing one is None, and its section says so."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import part_files, scan_table, take_rows

Pairs = dict[int, dict[str, Any]]


class Evaluated(Protocol):
    """What the pages of every method show: an evaluation, training curves, models."""

    @property
    def examples(self) -> Path: ...

    @property
    def metrics(self) -> Path: ...

    @property
    def training(self) -> Path: ...

    @property
    def evaluation(self) -> Path: ...

    @property
    def models(self) -> tuple[Path, ...]: ...


@dataclass(frozen=True)
class Artefacts:
    """Paths of what the page shows: tables of pairs, a folder per kind of the rest, a folder per model."""

    pairs: Path
    partition: Path
    cluster_examples: Path
    examples: Path
    metrics: Path
    plots: Path
    training: Path
    evaluation: Path
    models: tuple[Path, ...]


@dataclass(frozen=True)
class ClipsArtefacts:
    """Paths of what the page of one training on clips shows, as `Artefacts`.

    `attention`: the folder of the maps; `clips`: the corpus; `selection`: which of its clips were trained on;
    `counts` of both by the stage that counted them.
    """

    name: str
    attention: Path
    clips: Path
    selection: Path
    counts: dict[str, Path]
    examples: Path
    metrics: Path
    training: Path
    evaluation: Path
    models: tuple[Path, ...]


@dataclass(frozen=True)
class FengArtefacts:
    """Paths of what the page of one training of Feng et al. shows, as `Artefacts`.

    `training`: that of the student; `specialists`: st, ho and hp -> its curves and examples.
    """

    name: str
    specialists: dict[str, Path]
    examples: Path
    metrics: Path
    training: Path
    evaluation: Path
    models: tuple[Path, ...]


def optional_json(path: Path) -> Any | None:
    return read_json(path) if path.is_file() else None


def optional_columns(path: Path, delimiter: str = ",") -> dict[str, list[float]] | None:
    """Columns of a table of numbers; also None if it has no rows. Rows with a gap are left out."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter=delimiter) if all(row.values())]
    return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else None


def rows_of(table: Path, sample_ids: Iterable[str]) -> dict[str, int]:
    """The row number of each id in the partition table; an id that is not there is left out. Streamed."""
    wanted = pl.Series(sorted(set(sample_ids)), dtype=pl.String)
    found = (
        scan_table(table)
        .select("sample_id")
        .with_row_index("row")
        .filter(pl.col("sample_id").is_in(wanted.implode()))
        .collect(engine="streaming")
    )
    return {sample_id: int(row) for row, sample_id in found.iter_rows()}


def pairs_of(artefacts: Artefacts, rows: Iterable[int], columns: list[str]) -> Pairs:
    """Columns of the partition table and the `image` of these rows.

    Raises `UserError` where the partition is not of the stored pairs.
    """
    table, rows = artefacts.partition, list(rows)
    details = take_rows([table], rows, columns)
    images = take_rows(part_files(artefacts.pairs), rows, ["sample_id", "image"])
    for row in rows:
        if row not in images or images[row]["sample_id"] != details[row]["sample_id"]:
            raise UserError(f"{table}: not of these pairs; run 'dvc repro partition'")
    return {row: details[row] | {"image": images[row]["image"]} for row in rows}
