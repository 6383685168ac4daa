"""The base of every section: frozen, and no key that it does not know."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of params.yaml. Values are fixed once read; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
