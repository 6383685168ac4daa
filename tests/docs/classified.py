"""What is done with each command of the README and docs/: the one table to edit for a new one.

The first rule whose pattern matches the whole command holds. `how` is

* RUN: run for real in a small copy of the project whose stages have run;
* RUN_ALL: the same, of those that take minutes (slow);
* TARGET: a target of the Makefile, which `make -n` must know; `why` says what runs its recipe;
* OPTIONS: cannot run here, for the reason in `why`; its options must be in the tool's own `--help`;
* SWEEP: a script that queues experiments: run with a `dvc` that only notes them, each must be valid params;
* ELSEWHERE: run by a test of the file in `why`.
"""

import re
from dataclasses import dataclass
from typing import Literal

How = Literal["RUN", "RUN_ALL", "TARGET", "OPTIONS", "SWEEP", "ELSEWHERE"]


@dataclass(frozen=True)
class Rule:
    """What is done with the commands that `pattern` matches whole."""

    pattern: str
    how: How
    why: str = ""


RULES = (
    Rule(r"make (repro|test|lint|types|install|docs)", "TARGET", ".ci/run runs these, or what they run"),
    Rule(r"make [a-z-]+", "TARGET", "what its recipe starts has tests of its own"),
    Rule(r"python3? -m venv .*", "OPTIONS", "makes an environment: minutes; CI's 'make install' makes one"),
    Rule(r"pip install .*", "OPTIONS", "downloads; CI's 'make install' installs the project"),
    Rule(r"hf download .*", "OPTIONS", "needs a network"),
    Rule(r"pacl init .*|pacl (corpus|dataset) add .*", "ELSEWHERE", "tests/cli/test_init.py"),
    Rule(r"pacl .* -m models/sap.*", "ELSEWHERE", "tests/readme/test_using_models_of_clips.py"),
    Rule(r"pacl .*", "ELSEWHERE", "tests/readme/test_using_the_result.py"),
    Rule(r"torchrun .* -m stages\.train", "ELSEWHERE", "tests/methods/pacl/training/test_ranks_stage.py"),
    Rule(r"(RAY_ADDRESS=\S+ )?PACL_ENGINE=ray dvc repro.*", "ELSEWHERE", "tests/encoding/test_ray_engine.py"),
    Rule(
        r"ray start .*", "OPTIONS", "starts a cluster that outlives the test; tests/encoding starts its own"
    ),
    Rule(
        r"cp presets/emotionclip-\S+\.yaml params\.yaml && dvc repro report_clips",
        "ELSEWHERE",
        "tests/dag/test_emotionclip.py",
    ),
    Rule(
        r"cp presets/feng-\S+\.yaml params\.yaml && dvc repro report_feng",
        "ELSEWHERE",
        "tests/dag/test_feng.py",
    ),
    Rule(r"dvc (repro|status --with-deps) report_clips", "ELSEWHERE", "tests/dag/test_emotionclip.py"),
    Rule(r"find \. -name \S+ \| pacl embed - .*", "ELSEWHERE", "tests/cli/test_images.py"),
    Rule(r"cp presets/\S+\.yaml params\.yaml( && dvc repro)?", "ELSEWHERE", "tests/dag/test_presets.py"),
    Rule(r"sh presets/sweeps/\S+\.sh.*", "SWEEP"),
    Rule(r"dvc queue (start|status)", "OPTIONS", "starts a process that outlives the test"),
    Rule(r"dvc gc .*", "OPTIONS", "empties the cache that the other commands use"),
    Rule(r"dvc (cache dir|config|remote add) .*", "OPTIONS", "changes where the project keeps its files"),
    Rule(r"dvc (push|pull) .*", "OPTIONS", "needs a remote"),
    Rule(r"dvc commit .*", "OPTIONS", "takes the outs of a stage that was run elsewhere"),
    Rule(r"git .*|dvc repro && git .*", "OPTIONS", "commits: git's own business"),
    Rule(r"dvc exp (run|show).*", "RUN_ALL"),
    Rule(r"dvc repro", "RUN_ALL"),
    Rule(r"dvc (metrics|plots) (diff|show)( --md metrics/results)?", "RUN_ALL"),
    Rule(r"dvc repro -s partition", "RUN"),
    Rule(r"dvc (params|metrics|plots) (diff|show).*", "RUN"),
    Rule(r"PACL_DEVICE=cpu PACL_WORKERS=2 dvc repro partition", "RUN"),
    Rule(r"python scripts/plan_scale\.py .*", "RUN"),
    Rule(r"python -m scripts\.training_grid .*", "ELSEWHERE", "tests/scripts/test_training_grid.py"),
    Rule(r"python -m scripts\.two_persons .*", "ELSEWHERE", "tests/scripts/test_two_persons.py"),
    Rule(r"python -m scripts\.compare_locks .*", "ELSEWHERE", "tests/scripts/test_compare_locks.py"),
    Rule(r"python -m stages\.(pairs|factual_scores|anps|emotional_scores|partition)", "RUN"),
)

# Python blocks run as they are in that copy, or a test elsewhere runs them on what they need.
PYTHON_RUN_ALL = (r"data/shards",)
PYTHON_ELSEWHERE = {
    r"pacl_core\.load\(\"models/sap\"\)": "tests/readme/test_using_models_of_clips.py",
    r"^import pacl_core|^import timm|^import open_clip": ("tests/readme/test_using_the_result.py"),
    r"Posts of our own crawl": "tests/corpus/test_docs.py",
}

# Blocks with a title are files that tests/docs/test_extending.py writes and runs.


def rule_for(command: str) -> Rule | None:
    """The rule for a command, None if there is none."""
    return next((rule for rule in RULES if re.fullmatch(rule.pattern, command)), None)
