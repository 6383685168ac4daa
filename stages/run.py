"""How every stage starts: logging, params.yaml, and a user's mistake as one line."""

import logging
import sys
from collections.abc import Callable

from pacl_core.errors import UserError
from pacl_core.params import Params, load
from pacl_core.timings import Timing


def run(stage: str, main: Callable[[Params], None]) -> None:
    """Run `main` on params.yaml; exit 1 with one line for a mistake, 130 for Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format=f"{stage}: %(message)s", stream=sys.stderr)
    timing = Timing(stage, sys.argv[1:])
    try:
        main(load("params.yaml"))
    except UserError as error:
        _stop(stage, str(error), 1)
    except OSError as error:
        # a full disk, a read-only folder: the user's to mend; what was published before stays whole
        _stop(stage, _one_line(error), 1)
    except KeyboardInterrupt:
        _stop(stage, "interrupted; 'dvc repro' goes on from here", 130)
    timing.note()


def _one_line(error: OSError) -> str:
    what = " ".join(str(error.strerror or error).split())
    return f"{error.filename}: {what}" if error.filename else what


def _stop(stage: str, message: str, code: int) -> None:
    print(f"{stage}: error: {message}", file=sys.stderr)
    sys.exit(code)
