"""presets/feng-embedded.yaml, cut small, from pretext sets to the page, without PACL's stages."""

import json
import shutil

import pytest
import yaml

from tests.dag.small_project import ROOT, Project, copy_project

pytestmark = [pytest.mark.dag, pytest.mark.slow]

SPECIALISTS = {"specialist_st@feng", "specialist_ho@feng", "specialist_hp@feng"}
SETS = {f"pretext_set@emoji_{name}" for name in ("scenes", "anps", "captions")}
PACL = {
    "factual_scores",
    "anps",
    "partition",
    "pseudo_labels",
    "image_embeddings",
    "shards",
    "train",
    "report",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = copy_project(tmp_path_factory.mktemp("feng") / "project")
    small = yaml.safe_load((made.root / "params.yaml").read_text())
    shutil.copy(ROOT / "presets/feng-embedded.yaml", made.root / "params.yaml")
    made.edit(
        backbone=small["backbone"],
        downstream__emoji_sentiment=small["downstream"]["emoji_sentiment"],
        evaluate__linear=small["evaluate"]["linear"],
        evaluate__bootstrap=100,
        evaluate__variants=["initial", "feng", "feng-hp"],
        evaluate__amalgamate__epochs=1,
        feng__feng__sr__low=16,
        feng__feng__sr__high=64,
        feng__feng__jigsaw__side=48,
        **{f"feng__feng__{part}__epochs": 1 for part in ("st", "ho", "hp")},
        **{f"pretext_sets__emoji_{name}__image_size": 32 for name in ("scenes", "anps", "captions")},
    )
    return made


def test_it_trains_and_is_evaluated(project: Project) -> None:
    ran: set[str] = set()
    for target in (*sorted(SPECIALISTS), "amalgamate@feng", "report_feng"):  # each has minutes of its own
        ran |= project.repro(target).ran
    assert ran >= SPECIALISTS | SETS | {
        "amalgamate@feng",
        "features@emoji_sentiment-feng",
        "report_feng@feng",
    }
    assert not ran & PACL
    summary = json.loads((project.root / "evaluation/emoji_sentiment-amalgamate-feng.json").read_text())
    assert summary["not_applicable"] is None and summary["tasks"]
    alone = json.loads((project.root / "evaluation/emoji_sentiment-amalgamate-feng-hp.json").read_text())
    assert "no specialists" in alone["not_applicable"]
    assert project.repro("report_feng").ran == set()


def test_an_edit_of_hp_leaves_st_and_ho(project: Project) -> None:
    if not (project.root / "models/feng").exists():
        project.repro("compare")
    project.edit(feng__feng__hp__lr=0.02)
    ran = project.repro("amalgamate@feng").ran
    assert {"specialist_hp@feng", "amalgamate@feng"} <= ran
    assert not ran & {"specialist_st@feng", "specialist_ho@feng", *SETS}
