"""An evaluation as JSON: its data set, protocol and variant, and what is known of each task.

Two files have this form: `<evaluation>.chosen.json`, with each `task` and what validation has `chosen`, as
the protocol left it; and `<evaluation>.json`, which adds metrics and tables. The second needs no model.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A variant on a data set under a protocol, and the architecture of its backbone.

    `not_applicable`: why the protocol cannot be applied here, else None. `excluded_test_items`: number of
    test items left out because the pairs hold them too.
    """

    dataset: str
    protocol: str
    variant: str
    backbone: str
    not_applicable: str | None
    excluded_test_items: int


_KEYS = {*(field.name for field in fields(Evaluation)), "tasks"}


def write_summary(path: Path, evaluation: Evaluation, tasks: Json) -> None:
    """Publish either file; `tasks`: name -> what is known of the task, empty if `not_applicable`."""
    write_json(path, {**asdict(evaluation), "tasks": tasks})


def read_summary(path: Path) -> Json:
    """The fields of an `Evaluation`, and `tasks`. Raises `UserError` for a file that is missing or no
    summary."""
    try:
        summary: Json = read_json(path)
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run 'dvc repro measure'") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); delete it and run 'dvc repro measure'") from None
    if not isinstance(summary, dict) or set(summary) != _KEYS:
        raise UserError(f"{path}: not the summary of an evaluation; delete it and run 'dvc repro measure'")
    return summary
