"""What a stage took on this machine: a record for people, no artefact. DVC neither watches nor keeps it."""

import logging
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pacl_core.files.json_csv import write_json

log = logging.getLogger("pacl")

FOLDER = Path(".pacl/timings")


class Timing:
    """Started when it is made. `instance`: which of a stage's data sets, protocols and variants it is."""

    def __init__(self, stage: str, instance: Sequence[str] = ()) -> None:
        self._stage, self._instance = stage, list(instance)
        self._started = time.monotonic()

    def note(self) -> None:
        """Log time and peak memory, and keep them in `.pacl/timings/<stage>[@<instance>].json`."""
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
