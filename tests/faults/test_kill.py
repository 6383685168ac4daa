"""Every stage killed at random moments in a row, and run again: the same bytes, nothing left over."""

import random
import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.processes import Process, Stage, Starter, Tree, drafts, remove, tree, until
from tests.faults.small_reference import Reference
from tests.paths import ROOT

MODULES = sorted(set(re.findall(r"python -m stages\.(\w+)", (ROOT / "dvc.yaml").read_text())))
# `transfer` needs two data sets, with which this project takes twice as long; EmotionCLIP, another backbone
# (tests/stages/test_emotionclip.py kills it); Feng et al., pretext sets (tests/methods/feng/test_run.py)
OF_OTHERS = ("selection", "emotionclip", "attention", "report_clips", "report_feng")
OF_OTHERS += ("pretext_set", "specialist_st", "specialist_ho", "specialist_hp", "amalgamate")
MODULES = [name for name in MODULES if name not in ("transfer", *OF_OTHERS)]
CHAIN = 3  # kills in a row before the stage may finish

pytestmark = pytest.mark.dag

# where kills landed: "work", "publishing" (a draft was left), "between outs" (some were there), "missed"
landed: Counter[str] = Counter()


def of_module(reference: Reference, module: str) -> list[Stage]:
    """The instances of a stage; of those per variant, one variant's."""
    own = [stage for stage in reference.stages.values() if stage.arguments[0] == module]
    pacl = [stage for stage in own if stage.arguments[-1] == "pacl"]
    assert own, f"no stage of {module} in the small project"
    return pacl or own


@pytest.mark.parametrize("module", MODULES)
def test_killed_three_times_and_run_again(reference: Reference, start: Starter, module: str) -> None:
    for stage in of_module(reference, module):
        kill_and_finish(reference, start, stage, random.Random(stage.name))


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_killed_at_twenty_one_moments(reference: Reference, start: Starter, module: str) -> None:
    for stage in of_module(reference, module):
        rng = random.Random(f"{stage.name}, slow")
        for _ in range(7):
            kill_and_finish(reference, start, stage, rng)


def test_most_kills_landed_in_the_work() -> None:
    """Runs last: a harness that kills too late or too early would show nothing."""
    kills = landed.total() - landed["missed"]
    if kills == 0:
        pytest.skip("no stage was killed in this run")
    print(dict(landed))
    assert landed["missed"] <= kills / 4, landed
    assert landed["publishing"] >= kills / 20, landed


def kill_and_finish(reference: Reference, start: Starter, stage: Stage, rng: random.Random) -> None:
    """A chain of kills, then an undisturbed run. The last kill waits for a draft: it lands in publishing."""
    remove(reference.root, stage)
    scale = 1.0  # a run that resumes from scratch is over sooner
    for number in range(CHAIN):
        for _ in range(4):
            fraction = None if number == CHAIN - 1 else scale * (number + rng.random()) / (CHAIN - 1)
            process = start.start(reference.root, *stage.arguments, PACL_CHECKPOINT_MINUTES="0")
            kill(process, reference, stage, fraction)
            if process.wait() == -signal.SIGKILL:
                break
            assert process.wait() == 0, process.output
            scale *= 0.6  # it was over before: sooner
            remove(reference.root, stage)
        else:
            landed["missed"] += 1
        look(reference, stage)
        remove(reference.root, stage)
    last = start.run(reference.root, *stage.arguments)
    assert last.wait() == 0, last.output
    assert tree(reference.root, stage) == reference.outs[stage.name]
    assert not list((reference.root / ".pacl/scratch").glob(f"{'-'.join(stage.arguments)}*/*"))
    assert not list((reference.root / ".pacl/scratch").rglob("*.*"))
    assert not drafts(reference.root)


def kill(process: Process, reference: Reference, stage: Stage, fraction: float | None) -> None:
    """SIGKILL after this fraction of the stage's work, the imports behind it; None: once a draft is there."""
    lock = reference.root / stage.lock
    begun = until(lambda: _holder(lock) == process.pid or not process.running, 60)
    assert begun, process.output
    if fraction is None:
        outs = [reference.root / out for out in stage.outs]
        names = [out.with_name(f".{out.name}.draft") for out in outs]
        until(lambda: any(name.exists() for name in names) or not process.running, 120)
    else:
        until(lambda: not process.running, fraction * reference.seconds[stage.name])
    process.kill(signal.SIGKILL)


def look(reference: Reference, stage: Stage) -> None:
    """What a kill left: every out is there whole or not at all."""
    there = tree(reference.root, stage)
    whole_or_not_at_all(stage, there, reference.outs[stage.name])
    if drafts(reference.root):
        landed["publishing"] += 1
    elif there:
        landed["between outs"] += 1
    else:
        landed["work"] += 1


def whole_or_not_at_all(stage: Stage, there: Tree, expected: Tree) -> None:
    for out in stage.outs:
        found, wanted = (
            {name: content for name, content in files.items() if Path(name).is_relative_to(out)}
            for files in (there, expected)
        )
        assert not found or found == wanted, out


def _holder(lock: Path) -> int:
    try:
        return int(lock.read_text() or 0)
    except FileNotFoundError:
        return 0


def test_past_half_the_shards_are_not_written_again(reference: Reference, start: Starter) -> None:
    stage = reference.stages["shards"]
    shards = sum(name.endswith(".tar") for name in reference.outs["shards"])
    remove(reference.root, stage)
    process = start.start(reference.root, *stage.arguments)
    notes = reference.root / ".pacl/scratch/shards"
    assert until(lambda: len(list(notes.glob("*/whole/*.json"))) > shards / 2, 60), process.output
    process.kill(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    again = start.run(reference.root, *stage.arguments)
    assert again.wait() == 0, again.output
    assert "continuing after" in again.output
    done, of = again.output.split("continuing after ")[1].split()[0::2][:2]
    assert int(done) > int(of) / 3  # shards are of unequal sizes; each was counted by its samples
    assert tree(reference.root, stage) == reference.outs["shards"]


def test_past_half_no_epoch_of_fine_tuning_is_run_again(reference: Reference, start: Starter) -> None:
    stage = reference.stages["evaluate@emoji_sentiment-finetune-pacl"]
    remove(reference.root, stage)
    process = start.start(reference.root, *stage.arguments)
    scratch = reference.root / ".pacl/scratch"
    assert until(lambda: len(list(scratch.glob("finetune-*/*/task-*/done.json"))) == 2, 120), process.output
    process.kill(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    again = start.run(reference.root, *stage.arguments)
    assert again.wait() == 0, again.output
    assert again.output.count("epoch") <= 2, again.output  # of six: those of the third task
    assert tree(reference.root, stage) == reference.outs[stage.name]
