"""The rooms of `pacl_core`: what each holds, and who may import whom.

A room may import every room of the tiers below its own; of its own tier, only what `NEIGHBOURS` lists.
tests/architecture holds the code to it.
"""

from typing import NamedTuple

TIERS: tuple[dict[str, str], ...] = (
    {
        "errors": "the error that is shown to a person as one line",
        "extras": "what to install for an optional part",
    },
    {
        "files": "publishing whole files, hashes, tables, vectors, JSON and CSV",
        "runtime": "settings of the machine, threads, Ray, progress, timings, scratch folders and their keys",
        "params": "the sections of `params.yaml` that every method shares, and how the file is read",
        "media": "decoding images and text, image headers, perceptual hashes, rejects",
    },
    {
        "models": "backbones, text encoders, scorers, adjective-noun pairs: one file per kind; weights",
        "corpus": "readers of posts, the emoji corpus, cleaning, near-duplicates, the pair store",
    },
    {
        "encoding": "a model over many inputs, on this machine or on Ray",
        "training": "loop, optimiser, checkpoints, pixels, ranks; it knows no method",
    },
    {
        "datasets": "readers of labelled data sets, their records, splits, tasks, leaks",
        "methods": "a folder per method; `methods/pacl` holds partition, pseudo-labels, shards, objective",
    },
    {
        "evaluation": "protocols, metrics, intervals, comparison with the paper",
        "examples": "test items that the report shows: retrieval, zero-shot",
        "report": "the page and its charts, from artefacts only",
        "explorer": "all pairs in a browser",
        "doctor": "checks of what would stop a run",
        "project": "what `pacl init` writes, which code is installed, which reader or record fits a folder",
    },
    {
        "inference": "a saved model in use, heads, export to other formats",
        "cli": "the command `pacl`",
        "stages": "one thin module per stage of `dvc.yaml`; a package of its own next to `pacl_core`",
        "pacl_core": "the package itself: `pacl_core.load`",
    },
)

NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "runtime": ("files",),
    "examples": ("evaluation",),
    "report": ("evaluation",),
    "doctor": ("project",),
    "cli": ("inference",),
    "pacl_core": ("inference",),
}


class Never(NamedTuple):
    """What is under `who` imports nothing under `what`, `but` the modules listed. Names as `methods.pacl`."""

    who: str
    what: str
    why: str
    but: tuple[str, ...] = ()


EVERYTHING = ""
NEVER = (
    Never("media", EVERYTHING, "decoding depends on no other room", but=("media", "errors", "extras")),
    Never("training", "methods", "the loop knows no method"),
    Never("evaluation", "methods", "any saved backbone is evaluated in the same way"),
    Never("methods", "evaluation", "a method ends as `models/<variant>/`"),
    Never(
        "methods.pacl.objective",
        EVERYTHING,
        "losses are pure functions of tensors",
        but=("methods.pacl.objective", "methods.pacl.partitions", "training.contrastive"),
    ),
    Never(
        "methods.emotionclip.objective",
        EVERYTHING,
        "losses are pure functions of tensors",
        but=("training.contrastive",),
    ),
    Never(
        "methods.feng.pretext",
        EVERYTHING,
        "inputs and targets are pure functions of tensors",
        but=("methods.feng.pretext",),
    ),
    Never("training.contrastive", EVERYTHING, "losses are pure functions of tensors"),
    Never("report", "methods", "names of partitions only, no code", but=("methods.pacl.partitions",)),
    Never("explorer", "methods", "names of partitions only, no code", but=("methods.pacl.partitions",)),
)


def room_of(module: str) -> str:
    """The room of a module: `pacl_core.files.tables` -> files, `stages.train` -> stages."""
    top, _, rest = module.partition(".")
    return (rest or top).split(".")[0] if top == "pacl_core" else top


def may_import(room: str, other: str) -> bool:
    """Whether a room may import another one, or itself. Raises `KeyError` for a room that no tier lists."""
    tiers = {name: number for number, tier in enumerate(TIERS) for name in tier}
    return tiers[other] < tiers[room] or other == room or other in NEIGHBOURS.get(room, ())
