"""How long each stage took on this machine: a record for people, not an artefact, unknown to DVC."""

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pacl_core.files.json_csv import write_json

log = logging.getLogger("pacl")

FOLDER = Path(".pacl/timings")


@dataclass(frozen=True)
class Took:
    """What a stage took the last time here. `cpu_seconds` is the sum over cores.

    `name`: as DVC has it, `features@faces-pacl` for one of several; of a whole stage, its `runs` are summed
    and `peak_memory_mb` is the largest.
    """

    name: str
    runs: int
    seconds: float
    cpu_seconds: float
    peak_memory_mb: int


class Timing:
    """Started when it is made. `instance`: which of a stage's data sets, protocols and variants it is."""

    def __init__(self, stage: str, instance: Sequence[str] = ()) -> None:
        self._stage, self._instance = stage, list(instance)
        self._started = time.monotonic()

    def note(self) -> None:
        """Log time and peak memory, and keep them in `.pacl/timings/<stage>[@<instance>].json`.

        Of several processes that run one stage together, the first does so.
        """
        if os.environ.get("RANK", "0") != "0":
            return
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        unit = 1024 if sys.platform == "linux" else 1024**2
        seconds, peak = time.monotonic() - self._started, max(own.ru_maxrss, children.ru_maxrss) / unit
        log.info("done in %.1f s, peak memory %.0f MB", seconds, peak)
        name = "@".join([self._stage, *(["-".join(self._instance)] if self._instance else [])])
        name = name.replace("/", "_")[:200]  # an argument may be anything
        record = {
            "stage": self._stage,
            "instance": self._instance,
            "seconds": round(seconds, 1),
            "cpu_seconds": round(sum(one.ru_utime + one.ru_stime for one in (own, children)), 1),
            "peak_memory_mb": round(peak),
        }
        try:
            write_json(FOLDER / f"{name}.json", record)
        except OSError as error:
            log.info("no record of the time was kept: %s", error)


def read_timings(folder: Path = FOLDER) -> list[Took]:
    """What is on record, by name. A record that cannot be read is left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            took = Took(
                name=path.stem,
                runs=1,
                seconds=float(record["seconds"]),
                cpu_seconds=float(record["cpu_seconds"]),
                peak_memory_mb=int(record["peak_memory_mb"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found.append(took)
    return found


def by_stage(records: Sequence[Took]) -> list[Took]:
    """One record per stage, the longest first."""
    stages: dict[str, list[Took]] = {}
    for one in records:
        stages.setdefault(one.name.partition("@")[0], []).append(one)
    summed = [
        Took(
            name=stage,
            runs=len(runs),
            seconds=round(sum(one.seconds for one in runs), 1),
            cpu_seconds=round(sum(one.cpu_seconds for one in runs), 1),
            peak_memory_mb=max(one.peak_memory_mb for one in runs),
        )
        for stage, runs in stages.items()
    ]
    return sorted(summed, key=lambda one: (-one.seconds, one.name))


def duration(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
