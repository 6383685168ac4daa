"""What is taken away from the explorer: tags of pairs, and the selected pairs in three formats."""

import io
import json
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock
from typing import IO

import polars as pl

from pacl_core.errors import UserError
from pacl_core.explorer.pairs import Jpeg
from pacl_core.files.json_csv import read_json, write_json

FORMATS = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}


class Tags:
    """Tags by sample id, kept in `path` with each change; None: only until the explorer ends."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, Lock()
        self._tags: dict[str, list[str]] = read_json(path) if path and path.is_file() else {}
        if not isinstance(self._tags, dict):
            raise UserError(f"{path}: not a file of tags; delete it")

    def of(self, sample_id: str) -> list[str]:
        return list(self._tags.get(sample_id, ()))

    def put(self, sample_id: str, tags: Collection[str]) -> None:
        """Replace the tags of a pair; blank ones are dropped, doubles kept once."""
        kept = list(dict.fromkeys(one.strip() for one in tags if one.strip()))
        with self._lock:
            self._tags.pop(sample_id, None)
            if kept:
                self._tags[sample_id] = kept
            if self._path:
                write_json(self._path, self._tags)

    def all(self) -> dict[str, int]:
        """Every tag and the number of its pairs, by name."""
        found: dict[str, int] = {}
        for tags in list(self._tags.values()):
            for tag in tags:
                found[tag] = found.get(tag, 0) + 1
        return dict(sorted(found.items()))

    def table(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """The table of pairs with a column `tags`, a list, empty for most."""
        rows = {"sample_id": list(self._tags), "tags": list(self._tags.values())}
        own = pl.LazyFrame(rows, schema={"sample_id": pl.String, "tags": pl.List(pl.String)})
        empty = pl.lit([], dtype=pl.List(pl.String))
        joined = table.join(own, on="sample_id", how="left", maintain_order="left")
        return joined.with_columns(pl.col("tags").fill_null(empty))


def exported(table: pl.LazyFrame, rows: Sequence[int], kind: str, *, jpeg: Jpeg) -> IO[bytes]:
    """The pairs with these row numbers, in this order, as a file of `kind`, a key of `FORMATS`.

    `table` has the column `tags`. A zip has images and labels as FiftyOne imports them.
    """
    order = pl.LazyFrame({"row": rows, "place": range(len(rows))}, schema_overrides={"row": pl.UInt32})
    found = table.join(order, on="row").sort("place").drop("place").collect()
    stream = io.BytesIO()
    if kind == "parquet":
        found.write_parquet(stream)
    elif kind == "csv":
        lists = [name for name, kind in found.schema.items() if isinstance(kind, pl.List)]
        found.with_columns(pl.col(name).list.join("; ") for name in lists).write_csv(stream)
    else:
        _fiftyone(found, jpeg, stream)
    stream.seek(0)
    return stream


# the class itself, and what does not fit into a signed integer of 64 bits or says nothing to people
_NO_ATTRIBUTES = ("partition", "perceptual_hash", "pixel_hash")


def _fiftyone(found: pl.DataFrame, jpeg: Jpeg, stream: IO[bytes]) -> None:
    """FiftyOneImageClassificationDataset: data/<name>.jpg, and labels.json with a class and attributes each.

    https://docs.voxel51.com/user_guide/import_datasets.html
    """
    classes = sorted(set(found["partition"]))
    labels = {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for pair in found.iter_rows(named=True):
            name = f"{pair['row']:08}"
            archive.writestr(zipfile.ZipInfo(f"data/{name}.jpg"), jpeg(pair["row"]))
            attributes = {key: value for key, value in pair.items() if key not in _NO_ATTRIBUTES}
            labels[name] = {"label": classes.index(pair["partition"]), "attributes": attributes}
        said = json.dumps({"classes": classes, "labels": labels}, ensure_ascii=False)
        archive.writestr(zipfile.ZipInfo("labels.json"), said)
