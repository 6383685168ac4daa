"""Which record describes a data set: one that is there, or one made from its class folders or its table."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pacl_core.corpus.manifest_rows import SUFFIXES as TABLES
from pacl_core.datasets.names import is_absent
from pacl_core.datasets.readers import Item, read_items
from pacl_core.datasets.record import RESERVED, DatasetRecord, evaluable, load_record
from pacl_core.errors import UserError, unknown
from pacl_core.media.image_tree import is_image, listing, walk
from pacl_core.media.rejects import Rejected
from pacl_core.project.table_form import Table, id_column, image_pattern, read_table

FIRST = 40  # items that must fit a record
_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_CLASS_COLUMNS = (
    "label",
    "class",
    "emotion",
    "sentiment",
    "mood",
    "category",
    "polarity",
    "affect",
    "target",
)
_MOST_CLASSES = 100
_SCALES = (
    (0.0, 1.0),
    (-1.0, 1.0),
    (1.0, 5.0),
    (1.0, 7.0),
    (1.0, 9.0),
    (-3.0, 3.0),
    (0.0, 10.0),
    (0.0, 100.0),
)
_ROWS = 5000  # of a table whose columns are judged by their values


@dataclass(frozen=True)
class Form:
    """`record`: a file of a record that fits, or None and the new record's `tree`. `seen`: what was found."""

    record: Path | None
    tree: dict[str, Any] | None
    seen: list[str]


def dataset_form(path: Path, records: Path, wanted: str | None = None) -> Form:
    """The form of the data set at `path`; `wanted` names one of the records in `records` to use.

    Raises `UserError` where no record fits and none can be made, saying what is there.
    """
    if not path.exists():
        raise UserError(f"{path}: nothing there")
    known = {file.stem: file for file in sorted(records.glob("*.yaml"))}
    if wanted is not None:
        if wanted not in known:
            raise unknown("record", wanted, known)
        if (why := _misfit(load_record(known[wanted]), path)) is not None:
            raise UserError(f"{path}: does not fit {known[wanted]} ({why})")
        return Form(known[wanted], None, [f"read by {known[wanted]}"])
    fitting = _fitting(known.values(), path)
    if fitting:
        others = ", ".join(f"--record {file.stem}" for file in fitting[1:])
        seen = [f"the layout of {fitting[0]}", *([f"it also fits {others}"] if others else [])]
        return Form(fitting[0], None, seen)
    made = _of_tables(path) or _of_folders(path)
    if made is None:
        raise UserError(
            f"{path}: fits no record of {records}/, has no folder per class, and no table "
            f"({', '.join(TABLES)}) with a column of image paths and one of labels or numbers"
        )
    return made


def _fitting(files: Iterable[Path], path: Path) -> list[Path]:
    """Records that describe what is at `path`, those that would fit other layouts too last."""
    found = []
    for file in files:
        try:
            record = load_record(file)
            evaluable(record, file.stem)
        except UserError:
            continue
        if _misfit(record, path) is None:
            found.append((_generic(record), file))
    return [file for _, file in sorted(found)]


def _generic(record: DatasetRecord) -> int:
    """How many other layouts a record's reader would take for its own."""
    if record.reader == "filename_prefix":
        return 2
    return int(record.reader == "class_folders" and not record.options.get("misplaced"))


def _misfit(record: DatasetRecord, path: Path) -> str | None:
    """Why a record does not describe what is at `path`; None if its first items are all read by it."""
    try:
        first = list(islice(read_items(record, path), FIRST))
    except (UserError, OSError, ValueError, KeyError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    items = [one for one in first if not isinstance(one, Rejected)]
    if not items:
        return "no item is read"
    rejected = [one for one in first if isinstance(one, Rejected)]
    if len(rejected) > len(items):
        return f"{rejected[0].source}: {rejected[0].reason}"
    if (strange := _strange_label(record, items)) is not None:
        return f"label '{strange}'"
    if record.reader == "class_folders" and (missing := _without_folder(record, path)):
        return f"no folder '{missing}'"
    return None


def _strange_label(record: DatasetRecord, items: list[Item]) -> str | None:
    """A label that a single-label task has no class for, where this is so of most items."""
    for task in record.tasks.values():
        if task.kind == "single_label" and task.classes and task.column:
            known = {one.casefold() for one in (*task.classes, *task.of)}
            labels = [str(item.values.get(task.column)) for item in items]
            strange = [one for one in labels if one.casefold() not in known]
            if 2 * len(strange) > len(labels):
                return strange[0]
    return None


def _without_folder(record: DatasetRecord, path: Path) -> str | None:
    """A class that has no folder, or a folder that is no class: then it is another data set's tree."""
    classes = {name.casefold() for name in record.options.get("classes", ())}
    top = path / record.options.get("root", ".")
    tops = [top / split for split in record.options.get("splits", {})] or [top]
    there = {entry.name.casefold() for one in tops for entry, is_folder in listing(one) if is_folder}
    misplaced: dict[str, str] = record.options.get("misplaced", {})
    if misplaced and not any((top / name).is_dir() for name in misplaced):
        return next(iter(misplaced))
    moved = {label.casefold() for label in misplaced.values()}
    strange = sorted((classes - there - moved) | (there - classes - {one.casefold() for one in misplaced}))
    return strange[0] if classes and strange else None


def _of_folders(path: Path) -> Form | None:
    """A folder per class, below folders of splits perhaps, or below one folder such as images/."""
    if not path.is_dir():
        return None
    tops = [path, *(entry for entry, is_folder in listing(path) if is_folder)]
    for top in tops if len(tops) == 2 else [path]:
        folders = [entry for entry, is_folder in listing(top) if is_folder]
        splits = {one.name: _SPLITS[one.name.lower()] for one in folders if one.name.lower() in _SPLITS}
        inside = [one for folder in folders if folder.name in splits for one, deep in listing(folder) if deep]
        classes = sorted({one.name for one in (inside if splits else folders) if _holds_images(one)})
        if len(classes) < 2 or len(classes) > _MOST_CLASSES:
            continue
        usable = _usable(splits)
        root = top if usable or not splits else top / next(iter(splits))
        options: dict[str, Any] = {"classes": classes}
        if root != path:
            options["root"] = root.relative_to(path).as_posix()
        if usable:
            options["splits"] = usable
        tasks = {"label": _single_label("label", classes)}
        said = "".join(f"; split {split}: {name}/" for name, split in usable.items())
        seen = [f"a folder per class: {', '.join(classes)}{said}"]
        return Form(None, {"reader": "class_folders", "options": options, "tasks": tasks}, seen)
    return None


def _holds_images(folder: Path) -> bool:
    found = (files for files in walk(folder) if not isinstance(files, Rejected))
    return any(is_image(path) for files in islice(found, 20) for path in files)


def _single_label(column: str, classes: list[str]) -> dict[str, Any]:
    task: dict[str, Any] = {"kind": "single_label", "column": column, "classes": classes}
    words = [" ".join(re.split(r"[\W_]+", one)).strip().lower() for one in classes]
    return task | (
        {"words": words} if words != classes and len(set(words)) == len(words) and all(words) else {}
    )


def _of_tables(path: Path) -> Form | None:
    files = [path] if path.is_file() else [one for one, is_folder in listing(path) if not is_folder]
    for file in files:
        if file.suffix.lower() in TABLES and (form := _of_table(file, None if path.is_file() else file.name)):
            return form
    return None


def _of_table(file: Path, name: str | None) -> Form | None:
    table = read_table(file, _ROWS)
    image = image_pattern(table)
    if image is None:
        return None
    ids = id_column(table)
    free = [one for one in table.columns if one not in (image[0], ids) and f"{{{one}}}" not in image[0]]
    split = next((one for one in free if _is_split(table, one)), None)
    tasks = _tasks(table, [one for one in free if one != split])
    if not tasks:
        return None
    values = [
        one for task in tasks.values() for one in ([task["column"]] if "column" in task else task["columns"])
    ]
    usable = _usable({one: _SPLITS[one.lower()] for one in sorted(set(table.texts(split)))} if split else {})
    chosen = {
        "file": name,
        "image": image[0],
        "id": ids,
        "values": values,
        "split": split if usable else None,
    }
    options = {
        key: value for key, value in (chosen | {"splits": usable or None}).items() if value is not None
    }
    seen = [f"{file.name}: image in '{image[0]}' ({image[1]:.0%} of the first rows have their file)"]
    seen += [_said(task_name, task) for task_name, task in tasks.items()]
    return Form(None, {"reader": "manifest", "options": options, "tasks": tasks}, seen)


def _said(name: str, task: Mapping[str, Any]) -> str:
    if task["kind"] == "single_label":
        return f"labels in '{task['column']}': {', '.join(task['classes'])}"
    if task["kind"] == "multi_label":
        return f"several labels, columns of 0 and 1: {', '.join(task['columns'])}"
    low, high = task["scale"]
    return f"numbers in {', '.join(task['columns'])}; scale {low:g} to {high:g} is guessed from the values"


def _is_split(table: Table, column: str) -> bool:
    names = {text.lower() for text in table.texts(column)}
    return "train" in {_SPLITS.get(one) for one in names} and names <= _SPLITS.keys()


def _tasks(table: Table, columns: list[str]) -> dict[str, dict[str, Any]]:
    """A task per column of labels, one for all columns of 0 and 1, one for all columns of numbers."""
    labels: dict[str, dict[str, Any]] = {}
    marks: list[str] = []
    numbers: dict[str, tuple[float, float]] = {}
    for column in columns:
        texts, name = table.texts(column), _name(column)
        distinct = sorted(set(texts))
        few = 2 <= len(distinct) <= min(_MOST_CLASSES, len(texts) // 2)
        found = _numbers(table, column)
        if column.lower() in _CLASS_COLUMNS and few and name not in RESERVED:
            labels[name] = _single_label(column, _in_order(distinct))
        elif found is not None and set(found) <= {0.0, 1.0}:
            marks += [column] if len(distinct) == 2 else []
        elif found is not None and not _counts_rows(found):
            numbers[column] = min(found), max(found)
    tasks = dict(labels)
    if len(marks) > 1:
        tasks["labels"] = {"kind": "multi_label", "columns": marks}
    named = {
        one: bounds for one, bounds in numbers.items() if re.search("valence|arousal|dominance", one, re.I)
    }
    means = {one: bounds for one, bounds in named.items() if not re.search("std|sd|_n$|count", one, re.I)}
    chosen = means or (numbers if not labels and not marks else {})
    if chosen and (scale := _scale(chosen.values())):
        tasks["ratings"] = {"kind": "regression", "columns": list(chosen), "scale": scale}
    return tasks


def _numbers(table: Table, column: str) -> list[float] | None:
    """The cells as numbers; None where one is none, or nearly all are empty."""
    cells = [row[column] for row in table.rows if not is_absent(row[column]) and str(row[column]).strip()]
    try:
        found = [float(one) for one in cells]
    except (TypeError, ValueError):
        return None
    return found if len(found) * 2 > len(table.rows) else None


def _counts_rows(found: list[float]) -> bool:
    """True for whole numbers that do not repeat: an id."""
    return all(one.is_integer() for one in found) and len(set(found)) == len(found)


def _scale(bounds: Collection[tuple[float, float]]) -> list[float] | None:
    """The narrowest usual scale that holds all values, else their own ends; None where all are the same."""
    low, high = min(one[0] for one in bounds), max(one[1] for one in bounds)
    usual = [one for one in _SCALES if one[0] <= low and high <= one[1]]
    scale = min(usual, key=lambda one: one[1] - one[0], default=(low, high))
    return [int(one) if one == int(one) else one for one in scale] if scale[0] < scale[1] else None


def _in_order(classes: list[str]) -> list[str]:
    """By number where all are whole numbers, else by name."""
    return sorted(classes, key=int) if all(re.fullmatch(r"-?\d{1,9}", one) for one in classes) else classes


def _name(column: str) -> str:
    return re.sub(r"\W+", "_", column.lower()).strip("_") or "label"


def _usable(splits: Mapping[str, str]) -> dict[str, str]:
    """Names of splits that an evaluation can use: validation serves as test where there is none."""
    if "test" in splits.values():
        return dict(splits)
    if "val" not in splits.values() or "train" not in splits.values():
        return {}
    return {name: "test" if split == "val" else split for name, split in splits.items()}
