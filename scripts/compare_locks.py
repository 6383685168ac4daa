"""Compares two dvc.lock files, out by out: do two runs have the same outs?

python -m scripts.compare_locks <before> <after>    e.g. <(git show HEAD~1:dvc.lock) dvc.lock

Prints every out whose hash differs or that only one file has, then the counts. Exit 1 where any does.
"""

import sys
from pathlib import Path

import yaml


def outs(lock: Path) -> dict[str, str]:
    """Path of an out -> its hash, of every stage in a dvc.lock."""
    stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}


def compare(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One line for every out that is not the same in both, in name order."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            found.append(f"only before  {path}")
        elif path not in before:
            found.append(f"only after   {path}")
        elif before[path] != after[path]:
            found.append(f"changed      {path}")
    return found


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    before, after = (outs(Path(name)) for name in sys.argv[1:])
    differences = compare(before, after)
    for line in differences:
        print(line)
    print(f"{len(before.keys() | after.keys()) - len(differences)} outs equal, {len(differences)} not")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
