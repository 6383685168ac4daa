"""Arguments and options that several commands share, and what is checked before anything heavy is loaded."""

import functools
import inspect
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pacl_core.errors import UserError

if TYPE_CHECKING:
    from pacl_core.inference.given import Cut
    from pacl_core.runtime.settings import Runtime

MODEL = Path("models/pacl")

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Images, videos, or folders of them; - reads paths from standard input.",
        show_default=False,
    ),
]
Model = Annotated[Path, typer.Option("--model", "-m", help="Folder of a saved model.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@dataclass(frozen=True)
class Using:
    """Options: the model, and the machine's settings for this one command."""

    model: Model = MODEL
    device: Annotated[
        str | None, typer.Option(help="Torch device: cpu, cuda, cuda:1.", show_default="the best there is")
    ] = None
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="Images or frames per step of the model.", show_default="by device"),
    ] = None

    def check_model(self) -> Path:
        """The folder of the model. Raises `UserError` where none is in it."""
        from pacl_core.inference.given import check_model

        try:
            check_model(self.model)
        except UserError as error:
            said = str(error).replace("give the", "-m names the")
            in_project = Path("params.yaml").is_file() and self.model.parts[:1] == ("models",)
            raise UserError(f"{said}; 'dvc repro' writes the project's" if in_project else said) from None
        return self.model

    def machine(self) -> "Runtime":
        """The settings of the machine, those given here before those of the environment."""
        from pacl_core.runtime.settings import runtime

        given = {"PACL_DEVICE": self.device, "PACL_BATCH": None if self.batch is None else str(self.batch)}
        return runtime({**os.environ, **{name: value for name, value in given.items() if value is not None}})


@dataclass(frozen=True)
class Videos:
    """Options: which parts of videos, and who is meant."""

    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Cut videos into spans.", show_default="one span"),
    ] = None
    start: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Begin there.", show_default="the beginning")
    ] = None
    end: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End there.", show_default="the end")
    ] = None
    box: Annotated[
        list[str] | None,
        typer.Option(
            metavar="L,T,R,B",
            help="Who is meant, in pixels as shown, for models of clips; may be repeated.",
            show_default=False,
        ),
    ] = None

    def cut(self) -> "Cut":
        """Exit 2 for what no video could have."""
        from pacl_core.inference.given import Cut, read_box

        for name, value in (("--start", self.start), ("--end", self.end), ("--every", self.every)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise typer.BadParameter(f"{value:g} is no time; give seconds from 0 on", param_hint=name)
        if self.every == 0:
            raise typer.BadParameter("a span must be longer than 0 seconds", param_hint="--every")
        if self.end is not None and self.end <= (self.start or 0):
            raise typer.BadParameter(f"{self.end:g} is not after {self.start or 0:g}", param_hint="--end")
        try:
            boxes = tuple(read_box(box) for box in self.box or ())
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--box") from None
        return Cut(self.start, self.end, self.every, boxes)


def with_records(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of its parameters that are dataclasses."""
    hints = get_type_hints(command, include_extras=True)
    records: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    shown: list[inspect.Parameter] = []
    for name, own in inspect.signature(command).parameters.items():
        if name not in records:
            shown.append(own.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        of_fields = get_type_hints(records[name], include_extras=True)
        shown += [
            inspect.Parameter(
                one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=of_fields[one.name]
            )
            for one in fields(records[name])
        ]

    @functools.wraps(command)
    def expanded(**given: Any) -> None:
        built = {
            name: kind(**{one.name: given.pop(one.name) for one in fields(kind)})
            for name, kind in records.items()
        }
        command(**given, **built)

    expanded.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    expanded.__annotations__ = {one.name: one.annotation for one in shown}
    return expanded


def input_files(given: Sequence[Path]) -> list[Path]:
    """The files that are meant. Where none of them exists, each is named, and the exit code is 1."""
    from pacl_core.inference.given import media_files

    named: list[Path] = []
    for path in given:
        lines = (line.rstrip("\r\n") for line in sys.stdin) if str(path) == "-" else [str(path)]
        named += [Path(line) for line in lines if line]
    if not named:
        raise UserError("no paths on standard input")
    files = media_files(named)
    if any(os.path.lexists(path) for path in files):
        return files
    for path in files:
        print(f"pacl: {path}: no such file", file=sys.stderr)
    raise typer.Exit(1)


def check_suffix(out: Path | None, known: Sequence[str]) -> None:
    """Raise `UserError` for a file to write whose name ends in another way, or whose folder is a file."""
    if out is not None and out.suffix not in known:
        *others, last = known
        raise UserError(f"{out}: the name must end in {', '.join(others)}{' or ' * bool(others)}{last}")
