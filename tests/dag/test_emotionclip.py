"""presets/emotionclip-embedded.yaml, cut small, from clips to the report, without PACL's stages."""

import json
import re
import shutil

import pytest
import yaml

from tests.dag.small_project import ROOT, Project, copy_project

pytestmark = pytest.mark.dag

ON_CLIPS = {"clips@rendered", "sentiment@rendered", "persons@rendered", "selection@sap", "emotionclip@sap"}
PACL = {
    "pairs",
    "report",
    "factual_scores",
    "anps",
    "partition",
    "pseudo_labels",
    "image_embeddings",
    "shards",
    "train",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = copy_project(tmp_path_factory.mktemp("emotionclip") / "project")
    small = yaml.safe_load((made.root / "params.yaml").read_text())
    shutil.copy(ROOT / "presets/emotionclip-embedded.yaml", made.root / "params.yaml")
    recipe = made.root / "data/corpora/clips_faces.yaml"
    text = re.sub(r"^clips: \d+", "clips: 40", recipe.read_text(), flags=re.MULTILINE)
    recipe.write_text(text.replace("items: 320", "items: 60"))
    made.edit(
        downstream__emoji_sentiment=small["downstream"]["emoji_sentiment"],
        evaluate__linear=small["evaluate"]["linear"],
        evaluate__bootstrap=100,
        emotionclip__sap__epochs=1,
        emotionclip__sap__batch_size=8,
        emotionclip__sap__warmup_steps=0,
        emotionclip__sap__holdout=8,
    )
    return made


def test_it_trains_and_is_evaluated_and_reported(project: Project) -> None:
    ran = project.repro("report_clips").ran
    assert ran >= ON_CLIPS | {"initial", "features@emoji_sentiment-sap", "compare", "report_clips@sap"}
    assert not ran & PACL
    assert not (project.root / "models/pacl").exists()
    summary = json.loads((project.root / "evaluation/emoji_sentiment-linear-sap.json").read_text())
    assert summary["not_applicable"] is None
    of_clips = json.loads((project.root / "evaluation/rendered_faces-linear-sap.json").read_text())
    assert set(of_clips["tasks"]) == {"valence", "polarity"}
    page = (project.root / "report_clips/sap/index.html").read_text()
    assert "EmotionCLIP report: sap" in page and 'class="missing"' not in page
    status = project.run("dvc", "status", "--with-deps", "report_clips")
    assert status.code == 0 and "up to date" in status.output, status.output
    assert project.repro("report_clips").ran == set()


def test_an_edit_runs_what_it_decides(project: Project) -> None:
    if not (project.root / "report_clips/sap").exists():
        project.repro("report_clips")
    project.edit(emotionclip__sap__filter__max_neutral=0.28)
    # check_names reads every name; its out stays
    assert project.repro("emotionclip@sap").ran == {"check_names", "selection@sap", "emotionclip@sap"}
    project.edit(emotionclip__sap__loss__beta=2.0)
    assert project.repro("emotionclip@sap").ran == {"check_names", "emotionclip@sap"}
