"""pacl predict: zero-shot emotions of images and videos, and the predictions of fitted heads."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pacl_core.cli.arguments import (
    AsJson,
    Inputs,
    Using,
    Videos,
    check_suffix,
    input_files,
    with_records,
)
from pacl_core.errors import UserError

if TYPE_CHECKING:
    from pacl_core.inference.batches import Row
    from pacl_core.inference.heads import SavedHeads
    from pacl_core.inference.model import Prepared, SavedModel, Vectors
    from pacl_core.inference.prediction_files import Answer, Write

_WIDEST = 118  # characters of a table; what would be wider is written as lists


@dataclass(frozen=True)
class Asked:
    """Options: which classes, and how many of them are told."""

    labels: Annotated[
        str | None,
        typer.Option(help="Class names, separated by commas.", show_default="Mikels' eight emotions"),
    ] = None
    prompt: Annotated[
        list[str] | None,
        typer.Option(help="Prompt with [C] for the class; may be repeated.", show_default="the paper's two"),
    ] = None
    top: Annotated[
        int | None, typer.Option(min=1, help="Only so many of the likeliest classes.", show_default="all")
    ] = None

    def names(self) -> Sequence[str]:
        """The classes. Raises `UserError` where they cannot be asked for."""
        from pacl_core.inference.given import EMOTIONS, check_classes

        if self.labels is None:
            names: Sequence[str] = EMOTIONS
        else:
            names = [name.strip() for name in self.labels.split(",") if name.strip()]
        check_classes(names, self.prompt)
        return names


@dataclass(frozen=True)
class Written:
    """Options: what is written, and how."""

    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write: .csv, .jsonl or .parquet.", show_default=False),
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option(help="Plot of the probabilities over time: .png or .svg.", show_default=False),
    ] = None
    as_json: AsJson = False


@with_records
def predict(inputs: Inputs, asked: Asked, written: Written, *, videos: Videos, using: Using) -> None:
    """Emotions of images and videos, and valence if a head was fitted.

    Emotions are predicted from their names alone (zero-shot), as images and prompts share a space. Heads
    come from 'pacl head fit'. A model that was not trained on photographs says so first, on standard error.

    Of a video, or of each span of --every seconds, a model of clips sees as many frames as it was trained
    with, another model 8, evenly spaced. Videos need the extra 'video'.

    A file that cannot be used is named with the reason; the others are predicted, and the exit code is 1.
    With --json every image or span is one line.

    \b
    Examples:
      pacl predict face.png
      pacl predict face.png --labels joy,sadness --prompt "A photo with [C] emotion."
      pacl predict images/ --top 3 -o emotions.csv
      pacl predict clip.mp4 --every 2 --plot emotions.svg
      pacl predict clip.mp4 -m models/talks_sap --box 40,0,200,180
    """
    from pacl_core.inference.given import PROMPTS, heads_folder, is_video

    names, cut = asked.names(), videos.cut()
    check_suffix(written.out, (".csv", ".jsonl", ".parquet"))
    check_suffix(written.plot, (".png", ".svg"))
    using.check_model()
    files = input_files(inputs)
    timed = any(map(is_video, files))
    if written.plot is not None and not timed:
        raise UserError("--plot shows probabilities over the time of a video, and no video is given")

    from pacl_core.inference.batches import batches
    from pacl_core.inference.model import load_saved_model
    from pacl_core.runtime.progress import Progress

    machine = using.machine()
    loaded = load_saved_model(using.model, machine.device, machine.batch)
    loaded.check_boxes(cut.boxes)
    if caveat := loaded.caveat():
        print(f"pacl: {caveat}", file=sys.stderr)
    heads: list[SavedHeads] = []
    if heads_folder(using.model).is_dir():  # what fits heads loads scipy, which takes a second
        from pacl_core.inference.heads import saved_heads

        heads = list(saved_heads(using.model))
    vectors = None
    if asked.labels is not None or not heads or loaded.shares_space:
        vectors = loaded.class_vectors(names, asked.prompt or PROMPTS)
    answering = _Answering(loaded, names, vectors, heads)
    failed = done = 0
    with ExitStack() as stack:
        sinks = _sinks(stack, names, asked=asked, written=written, timed=timed)
        # lines on the terminal would break the bar
        silent = written.out is None and sys.stdout.isatty()
        total = None if cut.every else len(files)
        progress = None if silent else stack.enter_context(Progress("predictions", total))
        found = batches(
            files,
            lambda path: loaded.read(path, cut),
            batch=machine.batch,
            frames=loaded.taking.frames,
            workers=machine.workers,
        )
        for rows in found:
            for row, answer in zip(rows, answering(rows), strict=True):
                if row.error is not None:
                    failed += 1
                    print(f"pacl: {row.path}: {row.error}", file=sys.stderr)
                for sink in sinks:
                    sink(answer)
            done += len(rows)
            if progress is not None:
                progress.add(len(rows))
    if written.out is not None:
        print(f"{written.out}  {done - failed} rows{f', {failed} left out' if failed else ''}")
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Answering:
    """Rows of a batch -> an answer each. `vectors`: of the classes, None where only heads are asked."""

    model: "SavedModel"
    names: Sequence[str]
    vectors: "Vectors | None"
    heads: "Sequence[SavedHeads]"

    def __call__(self, rows: "Sequence[Row[Prepared]]") -> "list[Answer]":
        answers: list[Answer] = [{"path": str(row.path), **_seconds(row.span)} for row in rows]
        good = [place for place, row in enumerate(rows) if row.error is None]
        for answer, row in zip(answers, rows, strict=True):
            if row.error is not None:
                answer |= {"error": row.error.reason, "detail": row.error.detail}
        if not good:
            return answers
        features = self.model.encode([rows[place].made for place in good])  # type: ignore[misc]
        if self.vectors is not None:
            probabilities = self.model.probabilities(features, self.vectors)
            for place, one in zip(good, probabilities, strict=True):
                answers[place]["emotions"] = dict(zip(self.names, map(float, one), strict=True))
        for head in self.heads:
            for place, values in zip(good, head.predict(features), strict=True):
                answers[place].setdefault("heads", {})[head.dataset] = values
        return answers


def _seconds(span: tuple[float, float] | None) -> dict[str, float]:
    return {} if span is None else {"start": span[0], "end": span[1]}


def _sinks(
    stack: ExitStack, names: Sequence[str], *, asked: Asked, written: Written, timed: bool
) -> "list[Write]":
    """Where answers go: a file or the terminal, and a plot."""
    from pacl_core.inference.prediction_files import json_line, prediction_writer

    sinks: list[Write] = []
    if written.plot is not None:
        from pacl_core.inference.timeline import timeline_writer

        sinks.append(stack.enter_context(timeline_writer(written.plot, names)))
    if written.out is not None:
        write = stack.enter_context(prediction_writer(written.out))
        sinks.append(lambda answer: write(_likeliest(_with_times(answer, timed), asked.top)))
    elif written.as_json:
        sinks.append(lambda answer: print(json_line(_likeliest(answer, asked.top))))
    else:
        sinks.append(_Table(names, asked.top, timed))
    return sinks


def _likeliest(answer: "Answer", top: int | None) -> "Answer":
    """The answer with its `top` likeliest classes, as pairs, in place of all."""
    if top is None or "emotions" not in answer:
        return answer
    ranked = sorted(answer["emotions"].items(), key=lambda one: -one[1])[:top]
    return answer | {"emotions": [list(one) for one in ranked]}


def _with_times(answer: "Answer", timed: bool) -> "Answer":
    """The same columns in every row of a table: an image among videos has no times."""
    if not timed or "start" in answer or "error" in answer:
        return answer
    return {"path": answer["path"], "start": None, "end": None} | answer


class _Table:
    """Answers for a person: a line each, classes as columns; or lists, where they are too many or ranked."""

    def __init__(self, names: Sequence[str], top: int | None, timed: bool) -> None:
        self._top, self._timed = top, timed
        self._widths = {name: max(len(name), 4) for name in names}
        self._listed = top is not None or sum(self._widths.values()) + 2 * len(names) > _WIDEST
        self._headed = False

    def __call__(self, answer: "Answer") -> None:
        if "error" in answer:
            return
        where = answer["path"]
        if self._timed and "start" in answer:
            where += f"  {answer['start']:.1f} to {answer['end']:.1f} s"
        if "emotions" not in answer:
            print(where)
        elif self._listed:
            ranked = _likeliest(answer, self._top or len(self._widths))["emotions"]
            print(f"{where}\n  zero-shot  " + ", ".join(f"{name} {value:.0%}" for name, value in ranked))
        else:
            if not self._headed:
                print("  ".join(f"{name:>{width}}" for name, width in self._widths.items()))
                self._headed = True
            cells = (f"{answer['emotions'][name]:>{width}.0%}" for name, width in self._widths.items())
            print(f"{'  '.join(cells)}  {where}")
        for dataset, tasks in answer.get("heads", {}).items():
            for task, value in tasks.items():
                print(f"  {task} (head {dataset})  {_value(value)}")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    return f"{value:.2f}"
