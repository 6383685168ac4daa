"""pacl doctor: will this params.yaml run here?"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacl_core.cli.arguments import AsJson
from pacl_core.cli.init import INSTALLED

if TYPE_CHECKING:
    from pacl_core.doctor import Finding
    from pacl_core.doctor.stages import StageToRun
    from pacl_core.methods.params import Params
    from pacl_core.runtime.timings import Took

_MARKS = {"fine": "ok", "note": "note", "stops": "STOPS"}


def doctor(
    params: Annotated[Path, typer.Option(help="The params file to check.")] = Path("params.yaml"),
    as_json: AsJson = False,
) -> None:
    """Will it run here? What is missing, what would run again, what each stage took.

    Checks versions and extras, the device, the params file, the first posts of the corpus, the test sets and
    the weights, and says how to get what is missing. Then lists what each stage took the last time it ran on
    this machine, and what 'dvc repro' would run. Loads no model. The exit code is 1 if it will not run.

    \b
    Examples:
      pacl doctor
      pacl doctor --params presets/tumemo-resnet50.yaml
      pacl doctor --json | jq .timings
    """
    from pacl_core.doctor import Finding
    from pacl_core.doctor.hashing import hashing
    from pacl_core.doctor.installed import installed
    from pacl_core.doctor.stages import stages_to_run, way_into_dvc
    from pacl_core.errors import UserError
    from pacl_core.extras import missing
    from pacl_core.methods.params import load
    from pacl_core.runtime.timings import by_stage, read_timings

    findings = installed()
    unhashable: list[Finding] = []
    try:
        read = load(params)
    except UserError as error:
        findings.append(Finding("params", "stops", str(error), f"fix {params}"))
    else:
        findings += [Finding("params", "fine", f"{params} is valid"), *_absent(params), *_inputs(read)]
        unhashable = hashing(read.input_paths)
        findings += unhashable
    timings = read_timings()
    stages: list[StageToRun] | None = None
    # DVC knows no stages of another file, and may wait for ever for an input that it cannot hash
    if params == Path("params.yaml") and not unhashable:
        _note_code()
        try:
            stages = stages_to_run({one.name: one.seconds for one in timings})
        except UserError as error:
            findings.append(Finding("stages", "stops", str(error), way_into_dvc(Path())))
        except ModuleNotFoundError as error:
            findings.append(Finding("stages", "stops", missing(error) or str(error)))
    runs = all(one.state != "stops" for one in findings)
    if as_json:
        found = {
            "will_run": runs,
            "findings": [asdict(one) for one in findings],
            "timings": [asdict(one) for one in by_stage(timings)],
            "stages": None if stages is None else [asdict(one) for one in stages],
        }
        print(json.dumps(found, ensure_ascii=False))
    else:
        again = [] if stages is None else _again(stages)
        print("\n".join([*_lines(findings), *_table(by_stage(timings)), *again, _verdict(runs)]))
    if not runs:
        raise typer.Exit(1)


def _absent(params: Path) -> "list[Finding]":
    """Keys that DVC would stop at."""
    from pacl_core.doctor import Finding
    from pacl_core.doctor.absent_keys import absent_keys

    pipeline = Path("dvc.yaml")
    absent = absent_keys(params, pipeline) if pipeline.is_file() else []
    if not absent:
        return []
    if all("." in key for key in absent) and "stages.ready" in pipeline.read_text(encoding="utf-8"):
        return [
            Finding("params", "note", f"{params} leaves out {', '.join(absent)}; 'dvc repro' fills them in")
        ]
    detail = f"{params} leaves out {', '.join(absent)}; DVC needs every key"
    return [Finding("params", "stops", detail, f"pacl params fill --file {params}")]


def _note_code() -> None:
    """In a project outside the clone: which code is installed, as DVC will see it."""
    from pacl_core.project.installed_code import hashed_rooms, refresh

    pipeline = Path("dvc.yaml")
    wanted = hashed_rooms(pipeline.read_text(encoding="utf-8"), INSTALLED) if pipeline.is_file() else []
    if wanted:
        refresh(INSTALLED, wanted)


def _inputs(params: "Params") -> "list[Finding]":
    """Corpus, lists and models that params.yaml names."""
    from pacl_core.doctor.data import clip_corpora, data, pretext_sets
    from pacl_core.doctor.weights import Model, weights

    models: dict[str, Model] = {
        "factual_scores.scorer": params.factual_scores.scorer,
        "emotional_scores.text_encoder": params.emotional_scores.text_encoder,
        "backbone": params.backbone,
        "text_encoder": params.text_encoder,
    }
    if params.clips:
        models["sentiment.model"] = params.sentiment.model
        if params.persons.kind == "torchvision":
            models["persons"] = params.persons
    return [
        *data(params.pairs, Path(params.anps.path), params.downstream),
        *pretext_sets(params.pretext_sets),
        *clip_corpora(params.clips),
        *weights(models, params.variants),
    ]


def _lines(findings: "Sequence[Finding]") -> list[str]:
    lines = []
    for one in findings:
        lines.append(f"{_MARKS[one.state]:<6} {one.what}: {one.detail}")
        if one.fix:
            lines.append(f"       -> {one.fix}")
    return lines


def _table(stages: "Sequence[Took]") -> list[str]:
    """What each stage took, the longest first; nothing if no stage ran here."""
    if not stages:
        return []
    lines = ["", "The last run of each stage on this machine:"]
    lines.append(f"  {'stage':<17}{'runs':>5}{'seconds':>10}{'of CPU':>10}{'peak MB':>9}")
    for one in stages:
        numbers = f"{one.runs:>5}{one.seconds:>10,.1f}{one.cpu_seconds:>10,.1f}{one.peak_memory_mb:>9,}"
        lines.append(f"  {one.name:<17}{numbers}")
    return lines


def _again(stages: "Sequence[StageToRun]") -> list[str]:
    if not stages:
        return ["", "dvc repro has nothing to do."]
    lines = ["", "dvc repro would run:"]
    width = max(len(one.name) for one in stages)
    for one in stages:
        why = ", ".join(one.why[:3]) + (f" and {len(one.why) - 3} more" if len(one.why) > 3 else "")
        lines.append(f"  {one.name:<{width}} {_duration(one.seconds):>9}  {why or 'if its inputs change'}")
    known = [one.seconds for one in stages if one.seconds is not None]
    unknown = len(stages) - len(known)
    if not known:
        return [*lines, "  The total time is not known yet."]
    stages_are = "stage whose time is" if unknown == 1 else "stages whose times are"
    more = f", and {unknown} {stages_are} not known" if unknown else ""
    return [*lines, f"  together about {_duration(sum(known))}{more}"]


def _duration(seconds: float | None) -> str:
    from pacl_core.runtime.timings import duration

    return "unknown" if seconds is None else duration(seconds)


def _verdict(runs: bool) -> str:
    return "\nIt will run." if runs else "\nIt will not run until every STOPS is fixed."
