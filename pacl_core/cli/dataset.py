"""pacl dataset: the test sets of a project."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from pacl_core.cli.params_file import PARAMS, existing, params_text, write_params, written_path
from pacl_core.errors import UserError

dataset = typer.Typer(name="dataset", help="The test sets of a project.", no_args_is_help=True)

RECORDS = Path("data/datasets")
_EMBEDDED = "emoji_sentiment"


@dataset.callback()
def _dataset() -> None:
    """The test sets of a project."""


@dataset.command()
def add(
    path: Annotated[Path, typer.Argument(help="A folder or a table; ~ is expanded.")],
    name: Annotated[str | None, typer.Option(help="Its name; the folder's by default.")] = None,
    record: Annotated[str | None, typer.Option(help="Use this record of data/datasets/.")] = None,
) -> None:
    """Find out how a labelled data set is read, write its record and its line in params.yaml.

    Published sets are recognised by their layout (FI, EMOTIC, OASIS, ...). Of others, a folder per class, or
    a table of image paths with labels, numbers, or columns of 0 and 1, becomes a new record in
    data/datasets/: read it, as scales and splits are guessed. The default's emoji test set is taken out
    where the posts are your own.

    \b
    Examples:
      pacl dataset add ~/data/FI
      pacl dataset add ratings.csv --name ours
      pacl dataset add emotic/ --record emotic_boxes
    """
    place = existing(path)
    from pacl_core.params.editing import with_value, without
    from pacl_core.project.dataset_form import dataset_form

    text = params_text()
    form = dataset_form(place, RECORDS, record)
    chosen = name or (form.record.stem if form.record else _named(place))
    file = form.record or RECORDS / f"{chosen}.yaml"
    print(f"{place}:")
    for line in form.seen:
        print(f"  {line}")
    entry = {"record": file.as_posix(), "path": written_path(place), "image_size": 256}
    edited = with_value(text, f"downstream.{chosen}", entry)
    embedded = chosen != _EMBEDDED and _is_left_over(edited)
    edited = without(edited, "downstream", _EMBEDDED) if embedded else edited
    if form.tree is not None:
        if file.exists():
            raise UserError(f"{file}: already there; choose another --name, or use it with --record {chosen}")
        _write_record(file, form.tree)
        print(f"{file}: wrote the record; source, licence and citation are yours to add")
    try:
        write_params(edited)
    except UserError:
        if form.tree is not None:
            file.unlink()
        raise
    print(f"{PARAMS}: wrote downstream.{chosen}")
    if embedded:
        print(f"{PARAMS}: took {_EMBEDDED} out, as your posts are not emoji")


def _is_left_over(text: str) -> bool:
    """Whether the test set of emoji is there still, with a corpus of something else."""
    import yaml

    tree = yaml.safe_load(text)
    return tree["pairs"]["reader"] != "openmoji" and _EMBEDDED in tree["downstream"]


def _named(path: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", path.resolve().stem.lower()).strip("_") or "dataset"


def _write_record(file: Path, tree: dict[str, Any]) -> None:
    import yaml

    from pacl_core.datasets.record import DatasetRecord
    from pacl_core.files.publish import published_file
    from pacl_core.params.section import validated

    validated(tree, DatasetRecord, str(file))

    class Plain(yaml.SafeDumper):
        """Writes a list out wherever it is used."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    dumped = yaml.dump(
        tree, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    with published_file(file) as draft:
        draft.write_text(dumped, encoding="utf-8")
