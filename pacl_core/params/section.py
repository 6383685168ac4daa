"""A section of parameters: its base class, and reading one from YAML with each error as one line."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from yaml.reader import ReaderError

from pacl_core.errors import UserError


class Section(BaseModel):
    """A part of params.yaml. Values are fixed once read; an unknown key, infinity and NaN are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _is_name(name: str) -> str:
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789_-"):
        raise ValueError(
            f"{name!r} is not a valid name: it becomes part of paths and commands; use a-z, 0-9, _ and - only"
        )
    return name


# of a data set or a variant
Name: TypeAlias = Annotated[str, AfterValidator(_is_name)]
# NumPy and scikit-learn take 32 bits; one bit less, as some code adds to the seed
Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]

Model = TypeVar("Model", bound=Section)


def read_section(path: Path, model: type[Model], absent: str = "no such file") -> Model:
    """Read and check a YAML file. Raises `UserError`, one line, naming the key as written.

    `absent` is the message if there is no file.
    """
    try:
        tree = yaml.safe_load(path.read_bytes())  # reads UTF-16, too, by its byte-order mark
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
    key = " ".join(named.split())  # a key may contain anything
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
        if get_origin(section) is dict:  # named entries, which all have the same keys
            section = get_args(section)[1]
        elif isinstance(section, type) and issubclass(section, Section):
            section = section.model_fields[str(part)].annotation
        else:
            return []
    if isinstance(section, type) and issubclass(section, Section):
        return list(section.model_fields)
    return []
