"""The page of one training on clips, report_clips/<name>/index.html: python -m stages.report_clips <name>"""

import logging
from pathlib import Path

from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.report.clips_page import write_clips_report
from pacl_core.report.reading import ClipsArtefacts
from stages.run import instance, run

log = logging.getLogger("pacl")


def artefacts(root: Path, name: str, corpus: str) -> ClipsArtefacts:
    """The artefacts that the page shows: the inputs that dvc.yaml lists for this stage."""
    return ClipsArtefacts(
        name=name,
        attention=root / "data/attention",
        clips=root / "data/clips" / corpus,
        selection=root / f"data/selection/{name}.parquet",
        counts={
            "corpus": root / f"metrics/clips/{corpus}.json",
            "persons": root / f"metrics/persons/{corpus}.json",
            "selection": root / f"metrics/selection/{name}.json",
        },
        examples=root / "data/examples",
        metrics=root / "metrics",
        training=root / "training_clips" / name,
        evaluation=root / "evaluation",
        models=(root / "models/initial", root / "models" / name),
    )


def main(params: Params) -> None:
    name = instance("report_clips", "emotionclip", params.emotionclip, what="training of EmotionCLIP")
    written = Path("params.yaml").read_text(encoding="utf-8")
    shown, page = params.report, Path("report_clips") / name
    with published_folder(page) as draft:
        found = artefacts(Path(), name, params.emotionclip[name].clips)
        write_clips_report(found, draft, written, count=shown.samples, seed=shown.seed)
    log.info("%s/index.html, %.1f MB", page, (page / "index.html").stat().st_size / 1e6)


if __name__ == "__main__":
    run("report_clips", main)
