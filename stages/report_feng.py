"""The page of one training of Feng et al.: python -m stages.report_feng <name>"""

import logging
from pathlib import Path

from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.report.feng_page import write_feng_report
from pacl_core.report.reading import FengArtefacts
from pacl_core.report.sections.controls import SPECIALISTS
from stages.run import instance, run

log = logging.getLogger("pacl")


def artefacts(root: Path, name: str) -> FengArtefacts:
    """The artefacts that the page shows: the inputs that dvc.yaml lists for this stage."""
    models = ("initial", name, *(f"{name}-{part}" for part in SPECIALISTS))
    return FengArtefacts(
        name=name,
        specialists={part: root / "training_feng" / f"{name}-{part}" for part in SPECIALISTS},
        examples=root / "data/examples",
        metrics=root / "metrics",
        training=root / "training_feng" / name,
        evaluation=root / "evaluation",
        models=tuple(root / "models" / one for one in models),
    )


def main(params: Params) -> None:
    """Write report_feng/<name>/index.html."""
    name = instance("report_feng", "feng", params.feng, what="training of Feng et al.")
    written = Path("params.yaml").read_text(encoding="utf-8")
    page = Path("report_feng") / name
    with published_folder(page) as draft:
        write_feng_report(artefacts(Path(), name), draft, written)
    log.info("%s/index.html, %.1f MB", page, (page / "index.html").stat().st_size / 1e6)


if __name__ == "__main__":
    run("report_feng", main)
