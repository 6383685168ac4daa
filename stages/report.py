"""One page that shows what ran and what came out: report/index.html, from artefacts only."""

import logging
from pathlib import Path

from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.report.build import write_report
from pacl_core.report.charts.vega import bundle
from pacl_core.report.reading import Artefacts
from stages.run import run

log = logging.getLogger("pacl")


def artefacts(root: Path) -> Artefacts:
    """The artefacts that the page shows: the inputs that dvc.yaml lists for this stage."""
    return Artefacts(
        pairs=root / "data/pairs",
        partition=root / "data/partition.parquet",
        cluster_examples=root / "data/cluster_examples.parquet",
        examples=root / "data/examples",
        metrics=root / "metrics",
        plots=root / "plots",
        training=root / "training",
        evaluation=root / "evaluation",
        models=(root / "models/initial", root / "models/pacl"),
    )


def main(params: Params) -> None:
    written = Path("params.yaml").read_text(encoding="utf-8")
    with published_folder(Path("report")) as draft:
        write_report(artefacts(Path()), draft, written, count=params.report.samples, seed=params.report.seed)
        # for `dvc plots`, whose own page would fetch it from a server (.dvc/plots_page.html)
        (draft / "vega.js").write_text(bundle(), encoding="utf-8")
    size = Path("report/index.html").stat().st_size
    log.info("report/index.html, %.1f MB", size / 1e6)


if __name__ == "__main__":
    run("report", main)
