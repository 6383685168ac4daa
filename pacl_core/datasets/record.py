"""The record of a data set, data/datasets/<name>.yaml: source, reader and tasks."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pacl_core.datasets.tasks import SPLITS, Level, Split, Task
from pacl_core.errors import UserError
from pacl_core.params.section import Section, read_section

# columns of every stored data set, and of its draft
RESERVED = (
    *("item_id", "image", "split", "fold", "val_of"),
    *("pixel_hash", "perceptual_hash", "image_name", "file_hash"),
    *("frames", "frames_hash", "times", "group", "frame_boxes", "subject"),
)

Kind = Literal["single_label", "multi_label", "hierarchical", "regression", "distribution", "caption"]


class TaskRecord(Section):
    """One task over the values that the reader yields.

    single_label: `column` holds the label; `classes` in index order, or `classes_from: data` where the reader
    lists those that it finds; `of` maps labels to classes where they
    are not the same (a coarser level); `words` are the names of the classes in prompts; `polarity` names the
    task that gives each class its polarity. multi_label, regression, distribution: `columns`; `classes` names
    them where the columns' own names do not. regression: `scale` is the published range. hierarchical:
    `levels` names single-label tasks, coarse to fine. caption: `column` holds the text.
    """

    kind: Kind
    column: str | None = None
    columns: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    classes_from: Literal["data"] | None = None
    of: dict[str, str] = Field(default_factory=dict)
    words: tuple[str, ...] | None = None
    polarity: str | None = None
    scale: tuple[float, float] | None = None
    levels: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "single_label": ("column",) if self.classes_from else ("column", "classes"),
            "multi_label": ("columns",),
            "hierarchical": ("levels",),
            "regression": ("columns", "scale"),
            "distribution": ("columns",),
            "caption": ("column",),
        }[self.kind]
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"a {self.kind} task needs '{name}'")
        if self.classes_from and (self.classes or self.kind != "single_label"):
            raise ValueError("'classes_from' is for a single_label task without 'classes'")
        if self.classes and self.columns and len(self.classes) != len(self.columns):
            raise ValueError("'classes' and 'columns' differ in number")
        if self.words is not None and len(self.words) != len(self.classes or ()):
            raise ValueError("'words' and 'classes' differ in number")
        if self.scale is not None and not self.scale[0] < self.scale[1]:
            raise ValueError("'scale' is the least and the greatest value, in this order")
        for several in (self.classes, self.columns):
            if several is not None and len(set(several)) < len(several):
                raise ValueError("a name is repeated in 'classes' or 'columns'")
        strange = sorted(set(self.of.values()) - set(self.classes or ()))
        if strange:
            raise ValueError(f"'of' names classes that are not in 'classes': {', '.join(strange)}")
        return self

    def class_of(self, label: str) -> str:
        """The class of a label: its own name unless `of` says otherwise."""
        return self.of.get(label, label)


class Smooth(Section):
    """A Savitzky-Golay filter: a polynomial of `order` over `window` items."""

    window: int = Field(101, ge=3)
    order: int = Field(3, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.window % 2 == 0 or self.order >= self.window:
            raise ValueError("'window' is an odd number, greater than 'order'")
        return self


class DatasetRecord(Section):
    """A data set. `options` belong to the reader. `placeholders`: whether images found under several labels,
    like the one that a site shows for a deleted image, are dropped or kept.
    `splits`: those that there are; test may be absent. `ratio`: parts of the items in each, where they are
    ours to assign (default 8:1:1, or 9:1). `frames`: of a data set of clips, the number of frames that are
    stored of each. `subjects`: of a data set of images, whether the boxes of the persons who are meant are
    stored; those of clips are.
    `smooth`: of clips that follow each other in a film, how predicted ratings are smoothed over its time.
    """

    reader: str
    options: dict[str, Any] = Field(default_factory=dict)
    tasks: dict[str, TaskRecord]
    placeholders: Literal["drop", "keep"] = "drop"
    splits: tuple[Split, ...] = ("train", "val", "test")
    ratio: dict[str, Annotated[int, Field(ge=1)]] | None = None
    frames: int | None = Field(None, ge=1, le=64)
    subjects: bool = False
    smooth: Smooth | None = None
    source: str | None = None
    licence: str | None = None
    citation: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, task in self.tasks.items():
            for other in (*(task.levels or ()), *([task.polarity] if task.polarity else [])):
                if other not in self.tasks or self.tasks[other].kind != "single_label":
                    raise ValueError(f"task '{name}': '{other}' is not a single-label task of this record")
        stored = [column for name, task in self.tasks.items() for column in stored_columns(name, task)]
        twice = sorted({column for column in stored if stored.count(column) > 1})
        if twice:
            raise ValueError(f"two tasks store a column '{twice[0]}'")
        taken = sorted(set(stored) & set(RESERVED))
        if taken:
            raise ValueError(f"'{taken[0]}' is a column of every data set; name the task or column otherwise")
        return self

    @model_validator(mode="after")
    def _splits(self) -> Self:
        if self.splits not in (SPLITS, SPLITS[:2]):
            raise ValueError("'splits' is [train, val, test] or [train, val]")
        if self.ratio is not None and set(self.ratio) != set(self.splits):
            raise ValueError(f"'ratio' gives the parts of {', '.join(self.splits)}")
        return self


def stored_columns(name: str, task: TaskRecord) -> tuple[str, ...]:
    """Columns that a task adds to the stored table; a hierarchical one uses those of its levels."""
    return (name,) if task.kind in ("single_label", "caption") else task.columns or ()


def load_record(path: Path) -> DatasetRecord:
    """Read a record. Raises `UserError`, one line, naming the key as written."""
    absent = "no such record of a data set; data/datasets/ holds those that exist"
    return read_section(path, DatasetRecord, absent)


def evaluable(record: DatasetRecord, where: str) -> None:
    """Raise `UserError` where no protocol could evaluate a data set: no test split, or captions to write."""
    captions = [name for name, task in record.tasks.items() if task.kind == "caption"]
    if "test" not in record.splits:
        raise UserError(f"{where}: its record has no test split; list it under pretext_sets")
    if captions:
        raise UserError(
            f"{where}: no protocol evaluates captions (task '{captions[0]}'); list it under pretext_sets"
        )


def record_tasks(record: DatasetRecord) -> tuple[Task, ...]:
    """The tasks in the record's order, with classes, levels and polarities as indices."""
    return tuple(_task(name, task, record) for name, task in record.tasks.items())


def _task(name: str, task: TaskRecord, record: DatasetRecord) -> Task:
    if task.kind != "hierarchical":
        return Task(
            name=name,
            kind=task.kind,
            columns=stored_columns(name, task),
            classes=None if task.kind in ("regression", "caption") else task.classes or task.columns,
            scale=task.scale,
            polarity=_polarity(task, record),
            words=task.words,
        )
    levels = [record.tasks[level] for level in task.levels or ()]
    finest = levels[-1].classes or ()
    return Task(
        name=name,
        kind=task.kind,
        columns=task.levels or (),
        levels=tuple(
            Level(level, one.classes or ()) for level, one in zip(task.levels or (), levels, strict=True)
        ),
        ancestors=tuple(tuple(_index(label, coarser) for coarser in levels[:-1]) for label in finest),
    )


def _polarity(task: TaskRecord, record: DatasetRecord) -> tuple[int, ...] | None:
    if task.polarity is None:
        return None
    return tuple(_index(label, record.tasks[task.polarity]) for label in task.classes or ())


def _index(label: str, task: TaskRecord) -> int:
    classes = task.classes or ()
    if task.class_of(label) not in classes:
        raise UserError(f"class '{label}' has no place in the coarser task; add it to its 'of'")
    return classes.index(task.class_of(label))
