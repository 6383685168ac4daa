"""What came of a training of Feng et al.: which variant is judged, why, what next, its limits."""

from pathlib import PurePosixPath
from typing import Any

from pacl_core.report.reading import FengArtefacts
from pacl_core.report.sections.controls import SPECIALISTS, TOO_FEW
from pacl_core.report.sections.judged import Judged, judged_variant
from pacl_core.report.sections.next_steps import Step
from pacl_core.report.sections.reasons import Reason
from pacl_core.report.sections.run import UNTRAINED, Named, lookup, settings
from pacl_core.report.sections.sentences import change_from_first
from pacl_core.report.sections.specialists import TASKS, Learnt, learnt, student_charts

_PUBLISHED = {"scene": "Places365", "anp": "VSO", "caption": "ArtEmis"}
_RECORDS = {"scene": "places365", "anp": "vso", "caption": "artemis"}
_SET_OF = {"anp": "anp", "caption": "caption"}  # the other tasks take the scenes
_OF_PARTS = {"epochs": "epochs", "batch_size": "batch size", "lr": "learning rate"}
_NOT_SEARCHED = (
    "Test images were not looked for among the pictures of the pretext tasks: some may be there, or nearly."
)
_SETTINGS = {
    "sr": ("Super resolution, pixels from and to", "feng.{}.sr.low", "feng.{}.sr.high"),
    "jigsaw": (
        "Jigsaw, pixels of the picture and between tiles",
        "feng.{}.jigsaw.side",
        "feng.{}.jigsaw.gap",
    ),
    "caption": (
        "Captions: words at least, a word at least so often",
        "feng.{}.caption.min_words",
        "feng.{}.caption.min_count",
    ),
}


def variants_of(name: str, params: dict[str, Any]) -> list[str]:
    """The variants of this training that are evaluated: the student first, then the specialists."""
    evaluated = [str(one) for one in lookup(params, "evaluate.variants") or []]
    return [one for one in (name, *(f"{name}-{part}" for part in SPECIALISTS)) if one in evaluated]


def against_first_each(artefacts: FengArtefacts, params: dict[str, Any]) -> dict[str, str]:
    """Variant of a specialist -> a sentence on how it compares as a backbone."""
    said = {}
    for variant in variants_of(artefacts.name, params):
        if variant != artefacts.name and (found := judged_variant(artefacts, variant, params)):
            said[variant] = change_from_first(found)
    return said


def lead(artefacts: FengArtefacts, params: dict[str, Any]) -> str:
    """What was trained, and whose idea it is."""
    name = artefacts.name
    said = "Three copies of a backbone, each trained on pretext tasks of its own."
    if name in variants_of(name, params):
        said += f" {name} learnt from the three without labels: one backbone, which is ours, not the paper's"
        if _amalgamated(params):
            said += "; in rows of amalgamate it is the paper's student, trained with labels"
        said += "."
    return said


def method_cards(artefacts: FengArtefacts) -> list[tuple[str, str, str]]:
    """The first card: how many tasks were learnt."""
    found = learnt(artefacts)
    if not found:
        return []
    said = "held out, better than a constant prediction"
    if failed := _failed(found):
        said += f"; not: {_listed(failed)}"
    return [("Pretext tasks learnt", f"{len(found) - len(failed)} of {len(found)}", said)]


def reasons(artefacts: FengArtefacts, params: dict[str, Any]) -> list[Reason]:
    """Pretext tasks next to the constant prediction, and a model that had random weights."""
    found, failed = learnt(artefacts), _failed(learnt(artefacts))
    reasons = []
    if found and not failed:
        every = f"all {len(found)} pretext tasks are" if len(found) > 1 else "the pretext task is"
        reasons.append(Reason(f"On what was held out, {every} better than a constant prediction."))
    elif failed:
        said = f"On what was held out, {len(failed)} of {len(found)} pretext tasks"
        verb = "is" if len(failed) == 1 else "are"
        reasons.append(
            Reason(f"{said} {verb} no better than a constant prediction: {_listed(failed)}.", warns=True)
        )
    if (
        lookup(params, f"feng.{artefacts.name}.init") == "random"
        or lookup(params, "backbone.name") in UNTRAINED
    ):
        reasons.append(Reason("The backbone had random weights before the pretext tasks."))
    return reasons


def next_steps(artefacts: FengArtefacts, params: dict[str, Any], found: Judged | None) -> list[Step]:
    """The most telling first."""
    name, steps = artefacts.name, []
    if not variants_of(name, params):
        evaluated = [str(one) for one in lookup(params, "evaluate.variants") or []]
        steps.append(
            Step("Evaluate it", f"{_run(name)} -S 'evaluate.variants=[{','.join([*evaluated, name])}]'")
        )
    if found is not None and found.base == TOO_FEW:
        steps.append(Step("Evaluate on a larger labelled set: docs/evaluation.md says how to add one"))
    for part in dict.fromkeys(one.part for one in _failed(learnt(artefacts))):
        if epochs := lookup(params, f"feng.{name}.{part}.epochs"):
            said = f"Train {part.upper()} for longer"
            steps.append(Step(said, f"{_run(name)} -S feng.{name}.{part}.epochs={4 * epochs}"))
    return steps


def feng_settings(artefacts: FengArtefacts, params: dict[str, Any]) -> Named:
    """The settings that a reader asks for first, of the tasks that were trained."""
    name, tasks = artefacts.name, [one.task for one in learnt(artefacts)]
    keys = [
        ("Pretext pictures", "feng.{}.sets.scene", "feng.{}.sets.anp", "feng.{}.sets.caption"),
        ("Backbone", "backbone.kind", "backbone.name"),
        ("Starts from", "feng.{}.init"),
        *(_SETTINGS[task] for task in tasks if task in _SETTINGS),
    ]
    rows = settings(params, [tuple(part.format(name) for part in one) for one in keys])
    for part in SPECIALISTS:
        own = lookup(params, f"feng.{name}.{part}") or {}
        said = [f"{word} {own[key]}" for key, word in _OF_PARTS.items() if own.get(key) is not None]
        rows += [(part.upper(), ", ".join(said))] if said else []
    own_keys = [("Student: starts from, epochs", f"feng.{name}.distil.student", f"feng.{name}.distil.epochs")]
    if _amalgamated(params):
        of = "evaluate.amalgamate"
        own_keys.append(("Amalgamation: starts from, epochs", f"{of}.student", f"{of}.epochs"))
    return rows + settings(params, own_keys)


def stand_ins(artefacts: FengArtefacts, params: dict[str, Any]) -> list[str]:
    """Sentences on what replaces the published run, and on what is ours."""
    name = artefacts.name
    found = []
    replaced = {}
    for key in dict.fromkeys(_SET_OF.get(one.task, "scene") for one in learnt(artefacts)):
        own = lookup(params, f"feng.{name}.sets.{key}")
        record = PurePosixPath(str(lookup(params, f"pretext_sets.{own}.record") or "")).stem
        if own and record != _RECORDS[key]:
            replaced[_PUBLISHED[key]] = str(own)
    if replaced:
        listed = ", ".join(f"{own} in place of {theirs}" for theirs, own in replaced.items())
        found.append(f"The pictures of the pretext tasks are not the published ones: {listed}.")
    if lookup(params, "backbone.name") == "tf_efficientnet_lite0":
        found.append("The backbone is EfficientNet-Lite0 at a small image size, not one of the paper's.")
    if name in variants_of(name, params):
        found.append(
            f"{name} learnt from the three specialists without labels, so that it can be evaluated as other "
            "variants are. This is ours: the paper's student learns on the labels of the data set itself."
        )
    return [*found, _NOT_SEARCHED]


def student(artefacts: FengArtefacts) -> dict[str, Any] | None:
    """Curves of the backbone that learnt from the three; None where it has none."""
    charts = student_charts(artefacts)
    return {"name": artefacts.name, "charts": charts} if charts else None


def _amalgamated(params: dict[str, Any]) -> bool:
    return "amalgamate" in (lookup(params, "evaluate.protocols") or [])


def _failed(found: list[Learnt]) -> list[Learnt]:
    return [one for one in found if one.word != "better"]


def _listed(found: list[Learnt]) -> str:
    return ", ".join(TASKS[one.task].said for one in found)


def _run(name: str) -> str:
    """An experiment that runs what the page of this training needs, and no more."""
    return f"dvc exp run report_feng@{name}"
