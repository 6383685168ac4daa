"""Evaluate a variant on a downstream data set: python -m stages.evaluate <dataset> <protocol> <variant>"""

import logging
import sys
from pathlib import Path

from pacl_core.datasets.features import read_features
from pacl_core.datasets.tasks import Task, read_tasks
from pacl_core.errors import UserError, unknown
from pacl_core.evaluation.predictions import NotApplicableError, Outcome, write_predictions
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.smoothing import smoothed
from pacl_core.evaluation.summary_file import Evaluation, write_summary
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import CARD, WEIGHTS
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from pacl_core.runtime.settings import runtime
from stages.run import run

log = logging.getLogger("pacl")

# of fine-tuning, whose unfinished work is kept
CODE = ("datasets", "encoding", "evaluation", "media", "models", "runtime/threads.py", "training")
PROTOCOLS = ("linear", "finetune", "zero_shot", "few_shot")


def main(params: Params) -> None:
    dataset, protocol, variant = _arguments()
    images, model = Path(f"data/downstream/{dataset}.parquet"), Path("models") / variant
    tasks = read_tasks(images.with_suffix(".json"))
    link_weights({"text_encoder": params.text_encoder.weights})
    if not (model / CARD).is_file():
        raise UserError(f"{model}: no such variant; put a saved model there or edit evaluate.variants")
    leaked: set[str] = set()
    if params.evaluate.exclude_leaks != "none":
        from pacl_core.datasets.leaks import leaked_items

        leaked = leaked_items(Path(f"data/leaks/{dataset}.parquet"), params.evaluate.exclude_leaks)
    outcomes: list[Outcome] = []
    not_applicable = None
    try:
        outcomes = smoothed(_run(params, protocol, tasks, images=images, model=model, leaked=leaked), images)
    except NotApplicableError as error:
        not_applicable = str(error)
        log.warning("%s does not apply: %s", protocol, not_applicable)
    stem = Path(f"evaluation/{dataset}-{protocol}-{variant}")
    write_predictions(stem.with_name(f"{stem.name}.parquet"), [p for o in outcomes for p in o.predictions])
    evaluation = Evaluation(
        dataset=dataset,
        protocol=protocol,
        variant=variant,
        backbone=read_json(model / CARD)["name"],
        not_applicable=not_applicable,
        excluded_test_items=len(leaked),
    )
    chosen = {one.task.name: {"task": one.task.to_json(), "chosen": one.chosen} for one in outcomes}
    write_summary(stem.with_name(f"{stem.name}.chosen.json"), evaluation, chosen)


def _run(
    params: Params, protocol: str, tasks: list[Task], *, images: Path, model: Path, leaked: set[str]
) -> list[Outcome]:
    """Outcomes of the protocol; each protocol is imported only when it is used."""
    machine = runtime()
    if protocol in ("linear", "few_shot"):
        from pacl_core.evaluation.protocols import few_shot, linear

        downstream = _downstream(images, model, leaked)
        if protocol == "few_shot":
            return few_shot.run(tasks, downstream, params.evaluate.few_shot, device=machine.device)
        return linear.run(tasks, downstream, params.evaluate.linear, device=machine.device)
    if protocol == "zero_shot":
        from pacl_core.evaluation.protocols import zero_shot

        downstream, prompts = _downstream(images, model, leaked), params.evaluate.zero_shot
        return zero_shot.run(tasks, downstream, model, params=prompts, device=machine.device)
    from pacl_core.evaluation.protocols import finetune

    key = {
        "data": [file_sha256(images), file_sha256(images.with_suffix(".json"))],
        "model": [read_json(model / CARD), file_sha256(model / WEIGHTS)],
        "params": params.evaluate.finetune.model_dump(),
        "excluded": sorted(leaked),
        "device": machine.device,
        "code": code_sha256(*CODE, Path(__file__)),
        "libraries": versions("numpy", "open_clip_torch", "pillow", "timm", "torch"),
    }
    with scratch(f"finetune-{images.stem}-{model.name}", key) as work:
        place, recipe = finetune.Workplace(machine.device, machine.workers, work), params.evaluate.finetune
        return finetune.run(tasks, images, model, params=recipe, excluded=leaked, place=place)


def _downstream(images: Path, model: Path, excluded: set[str]) -> DownstreamData:
    features = read_features(Path(f"data/features/{images.stem}-{model.name}"), images)
    return DownstreamData(images, features, excluded)


def _arguments() -> list[str]:
    if len(sys.argv) != 4:
        raise UserError("usage: python -m stages.evaluate <dataset> <protocol> <variant>")
    if sys.argv[2] not in PROTOCOLS:
        raise unknown("protocol", sys.argv[2], PROTOCOLS)
    return sys.argv[1:]


if __name__ == "__main__":
    run("evaluate", main)
