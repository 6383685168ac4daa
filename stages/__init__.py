"""One thin module per stage of the DAG: `python -m stages.<stage>`."""

import sys
from pathlib import Path

from pacl_core.runtime.file_states import State, states

CODE: dict[Path, State] = {}  # of a stage that is about to run, before it is imported

if sys.argv[0] == "-m":  # Python imports this package while it looks a stage up
    from pacl_core.runtime.instructions import use_avx2
    from stages.signals import end_cleanly

    end_cleanly()
    use_avx2()
    for room in ("pacl_core", "stages"):
        CODE |= states(file for file in Path(room).rglob("*") if file.is_file() and file.suffix != ".pyc")
