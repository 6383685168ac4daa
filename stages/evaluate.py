"""Evaluate a variant on a downstream data set: python -m stages.evaluate <dataset> <protocol> <variant>"""

import logging
import sys
from functools import partial
from pathlib import Path

from pacl_core.datasets.features import read_features
from pacl_core.datasets.leaks import leaked_items
from pacl_core.datasets.tasks import read_tasks
from pacl_core.errors import UserError, unknown
from pacl_core.evaluation.predictions import NotApplicableError, Outcome, over_trainings, write_predictions
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.smoothing import smoothed
from pacl_core.evaluation.summary_file import Evaluation, write_summary
from pacl_core.files.json_csv import read_json
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import CARD, trainings
from pacl_core.runtime.scratch import code_sha256, scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

log = logging.getLogger("pacl")

# of the protocols whose unfinished work is kept
CODE = ("datasets", "encoding", "evaluation", "media", "models", "runtime/threads.py", "training")
Found = list[list[Outcome]]
PROTOCOLS = ("linear", "finetune", "amalgamate", "zero_shot", "few_shot")


def main(params: Params) -> None:
    dataset, protocol, variant = _arguments()
    images, model = Path(f"data/downstream/{dataset}.parquet"), Path("models") / variant
    link_weights({"text_encoder": params.text_encoder.weights})
    if not (model / CARD).is_file():
        raise UserError(f"{model}: no such variant; put a saved model there or edit evaluate.variants")
    among, models = params.evaluate.exclude_leaks, trainings(model)
    leaked = leaked_items(Path(f"data/leaks/{dataset}.parquet"), among) if among != "none" else set()
    outcomes: list[Outcome] = []
    not_applicable = None
    try:
        found = _found(params, protocol, images=images, models=[*models.values()], excluded=leaked)
        outcomes = over_trainings(dict(zip(models, (smoothed(one, images) for one in found), strict=True)))
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


def _found(params: Params, protocol: str, *, images: Path, models: list[Path], excluded: set[str]) -> Found:
    """Outcomes for the model of each training, by task; a protocol is imported only when it is used."""
    machine, tasks = runtime(), read_tasks(images.with_suffix(".json"))
    if protocol in ("finetune", "amalgamate"):
        return _tuned(params, protocol, images=images, models=models, excluded=excluded)
    from pacl_core.evaluation.protocols import few_shot, linear, zero_shot

    names = [model.relative_to("models") for model in models]
    features = [read_features(Path(f"data/features/{images.stem}-{name}"), images) for name in names]
    data = [DownstreamData(images, one, excluded) for one in features]
    if protocol == "zero_shot":
        run_one = partial(zero_shot.run, params=params.evaluate.zero_shot, device=machine.device)
        return [run_one(tasks, own, model) for own, model in zip(data, models, strict=True)]
    if protocol == "few_shot":
        return [few_shot.run(tasks, one, params.evaluate.few_shot, device=machine.device) for one in data]
    return [linear.run(tasks, one, params.evaluate.linear, device=machine.device) for one in data]


def _tuned(params: Params, protocol: str, *, images: Path, models: list[Path], excluded: set[str]) -> Found:
    """Outcomes of a protocol that trains whole networks; its work is kept until all of it is done."""
    from pacl_core.evaluation.protocols import amalgamate, finetune
    from pacl_core.evaluation.protocols.tuned_runs import Workplace, inputs_key

    machine, tasks = runtime(), read_tasks(images.with_suffix(".json"))
    tune = partial(finetune.run, params=params.evaluate.finetune)
    if protocol == "amalgamate":
        for model in models:
            amalgamate.check_applicable(model)
        tune = partial(amalgamate.run, params=params.evaluate.amalgamate)
    key = inputs_key(images, models, tune.keywords["params"], excluded=excluded)
    key |= {"device": machine.device, "code": code_sha256(*CODE, Path(__file__))}
    with scratch(f"{protocol}-{images.stem}-{models[0].name}", key) as work:
        places = [work / model.relative_to(models[0]) for model in models]
        at = [Workplace(machine.device, machine.workers, place) for place in places]
        pairs = zip(models, at, strict=True)
        return [tune(tasks, images, model, excluded=excluded, place=place) for model, place in pairs]


def _arguments() -> list[str]:
    if len(sys.argv) != 4:
        raise UserError("usage: python -m stages.evaluate <dataset> <protocol> <variant>")
    if sys.argv[2] not in PROTOCOLS:
        raise unknown("protocol", sys.argv[2], PROTOCOLS)
    return sys.argv[1:]


if __name__ == "__main__":
    run("evaluate", main)
