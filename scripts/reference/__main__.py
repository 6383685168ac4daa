"""Rewrite what is generated from dvc.yaml and the params models: python -m scripts.reference"""

import sys
from pathlib import Path

from scripts.reference.files import stale

if __name__ == "__main__":
    try:
        written = stale(Path())
    except KeyError as error:
        sys.exit(error.args[0])
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
        print(f"{path}: written")
