"""One frozen model per section of params.yaml; an error names the key as the user wrote it."""

from pacl_core.params.reading import Params, load

__all__ = ["Params", "load"]
