"""Makes the modules beside it, and the small project of tests/dag, importable."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "dag"), str(HERE.parents[1])]
