"""One thin module per stage of the DAG: `python -m stages.<stage>`."""

import sys

if sys.argv[0] == "-m":  # Python imports this package while it looks a stage up
    from pacl_core.runtime.instructions import use_avx2
    from stages.signals import end_cleanly

    end_cleanly()
    use_avx2()
