"""One thin module per stage of the DAG: `python -m stages.<stage>`."""

import sys

if sys.argv[0] == "-m":  # Python imports this package while it looks a stage up
    # before anything else: signals among the other imports, and libraries that read the CPU when imported
    from pacl_core.runtime.instructions import use_avx2
    from stages.signals import end_cleanly

    end_cleanly()
    use_avx2()

from pathlib import Path

from pacl_core.project import installed_code
from pacl_core.runtime.file_states import State, states

# below the project in a clone, which has precedence; else where it is installed
PACKAGE = Path("pacl_core") if Path("pacl_core").is_dir() else installed_code.PACKAGE
CODE: dict[Path, State] = {}  # of a stage that is about to run, before it is imported

if sys.argv[0] == "-m":
    for room in (PACKAGE, Path("stages")):
        CODE |= states(file for file in room.rglob("*") if file.is_file() and file.suffix != ".pyc")
