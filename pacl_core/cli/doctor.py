"""pacl doctor: will this params.yaml run here?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacl_core.cli.arguments import AsJson

if TYPE_CHECKING:
    from pacl_core.doctor.finding import Finding
    from pacl_core.doctor.stages import StageToRun

_MARKS = {"fine": "ok", "note": "note", "stops": "STOPS"}


def doctor(
    params: Annotated[Path, typer.Option(help="The params file to look at.")] = Path("params.yaml"),
    as_json: AsJson = False,
) -> None:
    """What is installed, what is missing, and what would run again.

    Looks at versions and extras, the device, the params file, the first posts of the corpus, test sets and
    weights; says how to get what is missing. Then what 'dvc repro' would run, and how long that took the
    last time on this machine. Loads no model. The exit code is 1 when it will not run.

    \b
    Examples:
      pacl doctor
      pacl doctor --params presets/tumemo-resnet50.yaml
      pacl doctor --json | jq .will_run
    """
    from pacl_core.doctor.data import data
    from pacl_core.doctor.finding import Finding
    from pacl_core.doctor.hashing import hashing
    from pacl_core.doctor.installed import installed
    from pacl_core.doctor.stages import stages_to_run
    from pacl_core.doctor.weights import weights
    from pacl_core.errors import UserError
    from pacl_core.methods.params import load

    findings = installed()
    unhashable: list[Finding] = []
    try:
        read = load(params)
    except UserError as error:
        findings.append(Finding("params", "stops", str(error), f"mend {params}"))
    else:
        findings += [Finding("params", "fine", f"{params} is valid"), *data(read), *weights(read)]
        unhashable = hashing(read.input_paths)
        findings += unhashable
    stages: list[StageToRun] | None = None
    # another file's stages are unknown to DVC, and what it cannot hash it may wait for
    if params == Path("params.yaml") and not unhashable:
        try:
            stages = stages_to_run()
        except UserError as error:
            findings.append(Finding("stages", "stops", str(error), "run from the project's root"))
    runs = all(one.state != "stops" for one in findings)
    if as_json:
        again = None if stages is None else [asdict(one) for one in stages]
        found = [asdict(one) for one in findings]
        print(json.dumps({"will_run": runs, "findings": found, "stages": again}, ensure_ascii=False))
    else:
        print("\n".join([*_lines(findings), *(_again(stages) if stages is not None else []), _verdict(runs)]))
    if not runs:
        raise typer.Exit(1)


def _lines(findings: "list[Finding]") -> list[str]:
    lines = []
    for one in findings:
        lines.append(f"{_MARKS[one.state]:<6} {one.what}: {one.detail}")
        if one.mend:
            lines.append(f"       -> {one.mend}")
    return lines


def _again(stages: "list[StageToRun]") -> list[str]:
    if not stages:
        return ["", "dvc repro has nothing to do"]
    lines = ["", "dvc repro would run:"]
    width = max(len(one.name) for one in stages)
    for one in stages:
        why = ", ".join(one.why[:3]) + (f" and {len(one.why) - 3} more" if len(one.why) > 3 else "")
        lines.append(f"  {one.name:<{width}} {_duration(one.seconds):>9}  {why or 'if its inputs change'}")
    known = [one.seconds for one in stages if one.seconds is not None]
    unknown = len(stages) - len(known)
    total = f"together about {_duration(sum(known))}" if known else "how long is not known yet"
    stages_are = "stage whose time is" if unknown == 1 else "stages whose times are"
    beside = f", and {unknown} {stages_are} not known" if known and unknown else ""
    return [*lines, f"  {total}{beside}"]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _verdict(runs: bool) -> str:
    return "\nit will run" if runs else "\nit will not run until what STOPS is mended"
