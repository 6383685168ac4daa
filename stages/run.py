"""How every stage starts: one process at a time, logging, params.yaml, and what went wrong as one line."""

import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl
import pyarrow as pa
from safetensors import SafetensorError

from pacl_core.errors import UserError, unknown
from pacl_core.methods.params import Params, load
from pacl_core.runtime.lock import locked
from pacl_core.runtime.settings import repeatable_products
from pacl_core.runtime.timings import Timing
from stages.inputs import PARAMS, read_inputs, unedited
from stages.signals import exit_code

LOCKS = Path(".pacl/locks")

# what libraries raise for files that are damaged, or that the disk has no room for
_OF_LIBRARIES = (
    pa.ArrowException,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    SafetensorError,
    sqlite3.Error,
)


def run(stage: str, main: Callable[[Params], None]) -> None:
    """Run `main` on params.yaml; exit 1 with one line for a mistake or a fault, 130 for Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format=f"{stage}: %(message)s", stream=sys.stderr)
    repeatable_products()
    try:
        if os.environ.get("RANK", "0") != "0":  # of several processes, the first holds the lock for all
            main(load(PARAMS))
            return
        inputs = read_inputs(stage, sys.argv[1:])
        sys.argv[1:] = inputs.arguments  # one by one, where DVC names all at once: "$DVC_STAGE"
        timing = Timing(stage, sys.argv[1:])
        lock = LOCKS / f"{_name(stage)}.lock"
        with locked(lock, " ".join((stage, *sys.argv[1:]))), unedited(inputs):
            main(inputs.params)
    except UserError as error:
        _stop(stage, str(error), 1)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        _stop(stage, f"out of memory ({_one_line(error)}); lower PACL_BATCH or PACL_WORKERS", 1)
    except OSError as error:
        # a full disk, a read-only folder: the user can fix it; what was published stays whole
        _stop(stage, _of_file(error), 1)
    except _OF_LIBRARIES as error:
        _stop(stage, f"cannot read or write a file ({_one_line(error)}); 'dvc status' says which changed", 1)
    except KeyboardInterrupt:
        _stop(stage, "interrupted; 'dvc repro' resumes from here", exit_code())
    timing.note()


def instance(stage: str, section: str, known: Collection[str], *, what: str) -> str:
    """The one argument of a stage that runs per name of a section of params.yaml; `what` it is the name of.

    Raises `UserError` where there is not one argument, or no such name.
    """
    if len(sys.argv) != 2:
        raise UserError(f"usage: python -m stages.{stage} <name>, a name of '{section}' in params.yaml")
    name = sys.argv[1]
    if name not in known:
        raise unknown(what, name, known)
    return name


def _name(stage: str) -> str:
    """A file name for the stage and its arguments, whatever these hold."""
    return "-".join((stage, *sys.argv[1:])).replace("/", "_")[:200]


def _of_file(error: OSError) -> str:
    what = " ".join(str(error.strerror or error).split())
    return f"{error.filename}: {what}" if error.filename else what


def _out_of_memory(error: Exception) -> bool:
    """Torch says it by a RuntimeError; CUDA's is a kind of one."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _stop(stage: str, message: str, code: int) -> None:
    print(f"{stage}: error: {message}", file=sys.stderr)
    sys.exit(code)
