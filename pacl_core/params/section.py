"""The base of every section: frozen, no key that it does not know, no number that is none."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of params.yaml. Values are fixed once read; an unknown key, infinity and NaN are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _is_name(name: str) -> str:
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789_-"):
        raise ValueError(
            f"{name!r} is no name: it becomes part of paths and commands; use a-z, 0-9, _ and - only"
        )
    return name


# of a data set or a variant
Name: TypeAlias = Annotated[str, AfterValidator(_is_name)]
# numpy and scikit-learn take 32 bits; some of them take the seed and add to it
Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
