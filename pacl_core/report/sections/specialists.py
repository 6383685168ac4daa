"""The specialists of Feng et al.: figures on what was held out, curves, and what they make of pictures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.report.charts.curves import curves
from pacl_core.report.charts.vega import Chart
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import FengArtefacts, optional_columns, optional_json
from pacl_core.report.sections.controls import SPECIALISTS

_SIDE = 160


class Task(NamedTuple):
    """A pretext task: its name in a table, in a sentence, and what its figure measures."""

    name: str
    said: str
    measure: str


TASKS = {
    "color": Task("Colours", "colours", "mean squared error of a and b"),
    "sr": Task("Super resolution", "super resolution", "mean squared error of RGB"),
    "scene": Task("Scenes", "scenes", "cross-entropy"),
    "jigsaw": Task("Jigsaw", "the jigsaw", "cross-entropy"),
    "anp": Task("Adjective-noun pairs", "adjective-noun pairs", "cross-entropy"),
    "caption": Task("Captions", "captions", "cross-entropy per word"),
}
# images of a task in the order shown, by the names of their files
_IMAGES = {
    "color": {"grey": "as given", "predicted": "predicted", "true": "true"},
    "sr": {"bicubic": "bicubic", "predicted": "predicted", "true": "true"},
    "jigsaw": {"seen": "as given", "predicted": "as solved", "true": "true"},
}
_IMAGE = {"image": "picture"}
_SERIES = (("constant", "second"), ("bicubic", "third"))


class Learnt(NamedTuple):
    """A task's figures after the last epoch; lower is better. `figures`: all of the task by name."""

    part: str
    task: str
    figures: dict[str, float]
    training: float | None
    images: int | None
    classes: int | None

    @property
    def held_out(self) -> float:
        return self.figures["held_out"]

    @property
    def constant(self) -> float:
        """What a prediction reaches that never looks at the picture."""
        return self.figures["constant"]

    @property
    def word(self) -> str:
        return better_or_worse(self.held_out, self.constant)


def better_or_worse(value: float, other: float) -> str:
    """`better`, `worse` or `equal` of two losses."""
    return "better" if value < other else "worse" if value > other else "equal"


def learnt(artefacts: FengArtefacts) -> list[Learnt]:
    """Every task that has figures on what was held out, in the order of `TASKS`."""
    return [one for part in SPECIALISTS for one in _learnt(artefacts, part)]


def specialists(artefacts: FengArtefacts, said: Mapping[str, str], image: Thumbnail) -> list[dict[str, Any]]:
    """One entry per specialist that has run. `said`: of its variant, how it compares as a backbone."""
    found = []
    for part, name in SPECIALISTS.items():
        folder = artefacts.specialists[part]
        if not (folder / "metrics.json").is_file():
            continue
        figures = _learnt(artefacts, part)
        found.append(
            {
                "title": f"{part.upper()}, {name}",
                "variant": f"{artefacts.name}-{part}",
                "said": said.get(f"{artefacts.name}-{part}"),
                "figures": [_row(one) for one in figures],
                "charts": list(_charts(folder / "plots/metrics", part)),
                "tasks": list(_examples(folder / "examples", image)),
            }
        )
    return found


def student_charts(artefacts: FengArtefacts) -> list[tuple[str, Chart]]:
    """Of the backbone that learns from the specialists: each stage's difference from one of theirs."""
    return list(_charts(artefacts.training / "plots/metrics", "student"))


def card_of(artefacts: FengArtefacts, variant: str) -> dict[str, Any]:
    """What the card of the model of `variant` says of its training."""
    own = next((path for path in artefacts.models if path.name == variant), None)
    card = (own and optional_json(own / "model.json")) or {}
    training: dict[str, Any] = card.get("training") or {}
    return training


def _learnt(artefacts: FengArtefacts, part: str) -> list[Learnt]:
    metrics = optional_json(artefacts.specialists[part] / "metrics.json") or {}
    card = card_of(artefacts, f"{artefacts.name}-{part}")
    losses, held, tasks = metrics.get("loss") or {}, card.get("held_out") or {}, card.get("tasks") or {}
    found = []
    for task in TASKS:
        figures = metrics.get(task)
        if figures and {"held_out", "constant"} <= figures.keys():
            classes = (tasks.get(task) or {}).get("classes")
            number = len(classes) if isinstance(classes, list) else classes
            found.append(Learnt(part, task, figures, losses.get(task), held.get(task), number))
    return found


def _row(one: Learnt) -> dict[str, Any]:
    """`others`: further figures in words, and the word of those that compare."""
    others: list[tuple[str, str | None]] = []
    if (bicubic := one.figures.get("bicubic")) is not None:
        others.append((f"bicubic {shown(bicubic)}", better_or_worse(one.held_out, bicubic)))
    if (accuracy := one.figures.get("accuracy")) is not None:
        of = f", of {one.classes:,} classes" if one.classes else ""
        others.append((f"{100 * accuracy:.1f} % right{of}", None))
    if (bleu := one.figures.get("bleu4")) is not None:
        others.append((f"BLEU-4 {bleu:.3f}", None))
    return {
        "name": TASKS[one.task].name,
        "measure": TASKS[one.task].measure,
        "images": one.images,
        # that of captions has another term: of attention
        "training": None if one.training is None or one.task == "caption" else shown(one.training),
        "held_out": shown(one.held_out),
        "constant": shown(one.constant),
        "word": one.word,
        "others": others,
    }


def shown(value: float) -> str:
    """Three digits or three decimals, whichever is more: tasks have losses of 0.005 and of 7."""
    return f"{value:.3f}" if abs(value) >= 1 else f"{value:#.3g}"


def _charts(folder: Path, owner: str) -> Iterator[tuple[str, Chart]]:
    """A chart per loss: in training, held out, and what it is next to. A single epoch has no curve."""
    known = list(TASKS)
    losses = sorted(
        (folder / "loss").glob("*.tsv"), key=lambda path: known.index(path.stem) if path.stem in known else 9
    )
    for path in losses:
        name = path.stem
        files = [
            ("in training", "accent", path),
            ("held out", "fourth", folder / name / "held_out.tsv"),
            *((other, colour, folder / name / f"{other}.tsv") for other, colour in _SERIES),
        ]
        series = []
        for label, colour, file in files:
            table = optional_columns(file, delimiter="\t")
            if table is not None and len(table["step"]) > 1:
                column = next(key for key in table if key not in ("step", "timestamp"))
                series.append((label, colour, [step + 1 for step in table["step"]], table[column]))
        if series:
            title = _title(name)
            yield (
                title,
                curves(
                    f"chart-{owner}-{name}", f"Curves over epochs: {title}", series, phases=(), rates=False
                ),
            )


def _title(name: str) -> str:
    """Of a task, or of a term of the student's: feature_st_f2."""
    if name in TASKS:
        more = ", in training with the term of attention" if name == "caption" else ""
        return f"{TASKS[name].name}: {TASKS[name].measure}{more}"
    _, _, rest = name.partition("_")
    part, _, stage = rest.partition("_f")
    return f"Stage {stage}: mean squared difference from that of {part.upper()}"


def _examples(folder: Path, image: Thumbnail) -> Iterator[dict[str, Any]]:
    """Tasks with pictures: each picture's images with what they show, and what was said of it."""
    found = optional_json(folder / "examples.json") or {}
    for task, known in TASKS.items():
        if pictures := found.get(task):
            yield {
                "name": known.name,
                "wide": task in _IMAGES,
                "pictures": [_picture(folder, task, one, image=image) for one in pictures],
            }


def _picture(folder: Path, task: str, one: dict[str, Any], *, image: Thumbnail) -> dict[str, Any]:
    captions = _IMAGES.get(task, _IMAGE)
    return {
        "sample_id": one["sample_id"],
        "images": [
            (image((folder / one["files"][what]).read_bytes(), _SIDE), said)
            for what, said in captions.items()
            if what in one["files"]
        ],
        "lines": _lines(task, one),
    }


def _lines(task: str, one: dict[str, Any]) -> list[tuple[str, str]]:
    """(what it is, words): empty where images say it all."""
    if task == "jigsaw":
        return [("order", "right" if one["solved"] else "wrong")]
    if task == "caption":
        return [("generated", one["said"] or "no words"), ("people said", one["true"])]
    if task not in ("scene", "anp"):
        return []
    likely = ", ".join(f"{_spaced(two['class'])} {100 * two['probability']:.1f} %" for two in one["said"])
    return [("likeliest", likely), ("true", _spaced(one["true"]))]


def _spaced(name: str) -> str:
    return name.replace("_", " ")
