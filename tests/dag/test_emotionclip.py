"""presets/emotionclip-embedded.yaml, cut small, from clips to the comparison, without PACL's stages."""

import json
import re
import shutil

import pytest
import yaml

from tests.dag.small_project import ROOT, Project, copy_project

pytestmark = pytest.mark.dag

ON_CLIPS = {"clips@rendered", "sentiment@rendered", "persons@rendered", "selection@sap", "emotionclip@sap"}
PACL = {"factual_scores", "anps", "partition", "pseudo_labels", "image_embeddings", "shards", "train"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = copy_project(tmp_path_factory.mktemp("emotionclip") / "project")
    small = yaml.safe_load((made.root / "params.yaml").read_text())
    shutil.copy(ROOT / "presets/emotionclip-embedded.yaml", made.root / "params.yaml")
    recipe = made.root / "data/corpora/clips.yaml"
    recipe.write_text(re.sub(r"^clips: \d+", "clips: 40", recipe.read_text(), flags=re.MULTILINE))
    made.edit(
        downstream=small["downstream"],
        evaluate__linear=small["evaluate"]["linear"],
        evaluate__bootstrap=100,
        emotionclip__sap__epochs=1,
        emotionclip__sap__batch_size=8,
        emotionclip__sap__warmup_steps=0,
        emotionclip__sap__holdout=8,
    )
    return made


def test_it_trains_and_is_evaluated(project: Project) -> None:
    ran = project.repro("compare").ran
    assert ran >= ON_CLIPS | {"initial", "features@emoji_sentiment-sap", "compare"}
    assert not ran & PACL
    assert not (project.root / "models/pacl").exists()
    summary = json.loads((project.root / "evaluation/emoji_sentiment-linear-sap.json").read_text())
    assert summary["not_applicable"] is None
    assert (project.root / "metrics/comparison.json").is_file()
    assert project.repro("compare").ran == set()


def test_an_edit_runs_what_it_decides(project: Project) -> None:
    if not (project.root / "metrics/comparison.json").exists():
        project.repro("compare")
    project.edit(emotionclip__sap__filter__max_neutral=0.28)
    # check_names reads every name; its out stays
    assert project.repro("emotionclip@sap").ran == {"check_names", "selection@sap", "emotionclip@sap"}
    project.edit(emotionclip__sap__loss__beta=2.0)
    assert project.repro("emotionclip@sap").ran == {"check_names", "emotionclip@sap"}
