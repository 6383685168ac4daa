"""What is done with each command of the README and docs/: the one table to edit for a new one.

The first rule whose pattern matches the whole command holds. `how` is

* RUN: run for real in a small copy of the project whose stages up to `partition` have run;
* RUN_ALL: the same where the whole pipeline has run (slow);
* TARGET: a target of the Makefile; `make -n` must know it. The reason says what runs its recipe;
* OPTIONS: cannot run here; command and options must be those that the tool's own `--help` knows;
* ELSEWHERE: run by the named test, which must exist.
"""

import re
from dataclasses import dataclass
from typing import Literal

How = Literal["RUN", "RUN_ALL", "TARGET", "OPTIONS", "ELSEWHERE"]


@dataclass(frozen=True)
class Rule:
    """`why`: for OPTIONS the reason, for ELSEWHERE `<file>::<test>`, for TARGET who runs it."""

    pattern: str
    how: How
    why: str = ""


RULES = (
    Rule(r"make (repro|test|lint|types|install|docs).*", "TARGET", ".ci/run runs these, or what they run"),
    Rule(r"make [a-z-]+", "TARGET", "the commands of its recipe are run by the tests of what they start"),
    Rule(r"source \.venv/bin/activate", "RUN"),
    Rule(r"python3? -m venv .*", "OPTIONS", "an environment takes minutes; 'make install' makes one in CI"),
    Rule(r"pip install .*", "OPTIONS", "downloads; 'make install' installs the project in CI"),
    Rule(r"hf download .*", "OPTIONS", "needs a network"),
    Rule(r"torchrun .* -m stages\.train", "ELSEWHERE", "tests/training/test_ranks_stage.py"),
    Rule(
        r"cp presets/\S+\.yaml params\.yaml( && dvc repro)?",
        "ELSEWHERE",
        "tests/dag/test_presets.py",
    ),
    Rule(r"sh presets/sweeps/.*", "ELSEWHERE", "tests/dag/test_presets.py"),
    Rule(r"dvc queue (start|status)", "OPTIONS", "starts a process that outlives the test"),
    Rule(r"dvc gc .*", "OPTIONS", "empties the cache that the other commands use"),
    Rule(r"git commit -am .*|dvc repro && git commit .*", "OPTIONS", "commits; git's own business"),
    Rule(r"dvc exp (run|show).*", "RUN_ALL"),
    Rule(r"dvc repro", "RUN_ALL"),
    Rule(r"dvc (metrics|plots) (diff|show)( --md metrics/results)?", "RUN_ALL"),
    Rule(r"dvc .*", "RUN"),
    Rule(r"PACL_\w+=.* dvc repro partition", "RUN"),
    Rule(r"python -m stages\.\w+", "RUN"),
)

# Python blocks run as they stand where the stages up to `partition` have run, unless they need more.
PYTHON_RUN_ALL = (r".*data/shards.*", r".*models/pacl.*")

# Blocks with a title are files that tests/docs/test_extending.py writes and runs.


def rule_for(command: str) -> Rule | None:
    """The rule that holds for a command, None where there is none."""
    return next((rule for rule in RULES if re.fullmatch(rule.pattern, command)), None)
