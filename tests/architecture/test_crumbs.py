"""No file of a few lines that only one neighbour imports: its lines belong in that neighbour."""

from pathlib import Path

from tests.architecture.sources import importers, modules

LEAST_LINES = 40

# one file per kind, however short: found by their name, or listed once
KINDS = (
    "pacl_core/cli",
    "pacl_core/corpus/clips/readers",
    "pacl_core/corpus/readers",
    "pacl_core/datasets/readers",
    "pacl_core/evaluation/metrics",
    "pacl_core/models/backbones",
    "pacl_core/models/scorers",
    "pacl_core/models/text_encoders",
)


def test_no_crumbs() -> None:
    known, used_by = modules(), importers()
    crumbs = []
    for name, source in known.items():
        lines = len(source.text.splitlines())
        folder = Path(source.path).parent
        alone = [known[one] for one in used_by[name]]
        if source.is_package or lines >= LEAST_LINES or len(alone) != 1 or str(folder) in KINDS:
            continue
        if Path(alone[0].path).parent == folder:
            crumbs.append(f"{source.path}: {lines} lines, imported by {alone[0].path} alone")
    assert not crumbs, "\n".join(crumbs)
