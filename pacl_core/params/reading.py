"""A YAML file as one frozen section; what is wrong with it as one line."""

from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar, get_args, get_origin

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml.reader import ReaderError

from pacl_core.errors import UserError
from pacl_core.params.section import Section

Model = TypeVar("Model", bound=Section)


def read_section(path: Path, model: type[Model], absent: str = "no such file") -> Model:
    """Read and check a YAML file. Raises `UserError`, one line, naming the key as written.

    `absent` is what the line says where there is no file.
    """
    try:
        tree = yaml.safe_load(path.read_bytes())  # which reads UTF-16, too, by its byte-order mark
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{path}: {absent}") from None
    except ReaderError as error:
        raise UserError(
            f"{path}: not UTF-8 ({error.reason}, at {error.position}); save it as UTF-8"
        ) from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    return validated(tree, model, str(path))


def validated(tree: object, model: type[Model], where: str) -> Model:
    """`tree` as a section. Raises `UserError`, one line: `where`, then each key that is wrong."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        lines = [_line(detail, model) for detail in error.errors()]
        raise UserError(f"{where}: {'; '.join(lines)}") from None


def _line(detail: ErrorDetails, model: type[Section]) -> str:
    named = ".".join(str(part) for part in detail["loc"] if part != "[key]")  # pydantic's word for a name
    key = " ".join(named.split())  # it is what somebody wrote
    if detail["type"] == "extra_forbidden":
        close = get_close_matches(
            str(detail["loc"][-1]), _sibling_keys(detail["loc"], model), n=1, cutoff=0.5
        )
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"{key}: unknown key{hint}"
    if detail["type"] == "missing":
        return f"{key}: missing"
    if detail["type"] == "literal_error":
        expected = str(detail["ctx"]["expected"])
        names = [name.strip("' ") for name in expected.replace(" or ", ",").split(",")]
        close = get_close_matches(str(detail["input"]), names, n=1, cutoff=0.5)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}"
        return f"{key}: unknown value '{detail['input']}'; {hint}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}{': ' if key else ''}{message[0].lower()}{message[1:]}"


def _sibling_keys(location: tuple[int | str, ...], model: type[Section]) -> list[str]:
    """Field names of the section that holds the last part of `location`."""
    section: object = model
    for part in location[:-1]:
        if get_origin(section) is dict:  # of named entries: the part is a name, and all entries are alike
            section = get_args(section)[1]
        elif isinstance(section, type) and issubclass(section, Section):
            section = section.model_fields[str(part)].annotation
        else:
            return []
    if isinstance(section, type) and issubclass(section, Section):
        return list(section.model_fields)
    return []
