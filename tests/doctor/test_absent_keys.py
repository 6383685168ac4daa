"""Keys that are left out are found, and filled in without touching the rest."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.doctor.absent_keys import absent_keys, fill
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.params import load
from tests.paths import ROOT

TEXT = (ROOT / "params.yaml").read_text()
PIPELINE = ROOT / "dvc.yaml"


def test_the_committed_params_lack_nothing() -> None:
    assert absent_keys(ROOT / "params.yaml", PIPELINE) == []


@pytest.mark.parametrize(
    ("removed", "left", "key"),
    [
        ("  clip_norm: null\n", "", "train.clip_norm"),
        ("  near_duplicates: {distance: 2}\n", "", "pairs.near_duplicates"),
        ("recipes: {}\n", "", "recipes"),
        ("sample: 50000, seed: 0}", "sample: 50000}", "pseudo_labels.seed"),
        ("  protocols: [linear, zero_shot]\n", "", "evaluate.protocols"),
        (
            "embedding_map: {points: 800, nearest: 6, seed: 0}\n",
            "embedding_map: {}\n",
            "embedding_map.points",
        ),
    ],
)
def test_a_key_that_is_left_out_is_filled_in(tmp_path: Path, removed: str, left: str, key: str) -> None:
    params = tmp_path / "params.yaml"
    assert TEXT.count(removed) == 1
    before = TEXT.replace(removed, left)
    params.write_text(before)
    expected = load(params)
    absent = absent_keys(params, PIPELINE)
    assert key in absent
    fill(params, absent)
    assert absent_keys(params, PIPELINE) == []
    assert load(params) == expected
    changed = set(before.splitlines()) - set(params.read_text().splitlines())
    assert len(changed) <= 1  # a line in braces, which got longer


LEAVES = [
    line
    for line in TEXT.splitlines(keepends=True)
    if line.partition(":")[0] in {f"  {key}" for key in TrainParams.model_fields} and TEXT.count(line) == 1
]


@settings(max_examples=25, deadline=None)
@given(left_out=st.sets(st.sampled_from(LEAVES), min_size=1))
def test_several_at_once(tmp_path_factory: pytest.TempPathFactory, left_out: set[str]) -> None:
    params = tmp_path_factory.mktemp("several") / "params.yaml"
    before = "".join(line for line in TEXT.splitlines(keepends=True) if line not in left_out)
    params.write_text(before)
    expected = load(params)
    absent = absent_keys(params, PIPELINE)
    assert len(absent) == len(left_out)
    fill(params, absent)
    assert absent_keys(params, PIPELINE) == []
    assert load(params) == expected
    assert set(before.splitlines()) <= set(params.read_text().splitlines())


def test_comments_and_the_last_line_stay(tmp_path: Path) -> None:
    params, pipeline = tmp_path / "params.yaml", tmp_path / "dvc.yaml"
    text = TEXT.replace("  temperature: 0.07\n", "").replace("report: {samples: 8, seed: 0}", "")
    params.write_text(text.rstrip() + "\n# the end")
    pipeline.write_text(yaml.safe_dump({"stages": {"a": {"params": ["report", "train.temperature"]}}}))
    fill(params, absent_keys(params, pipeline))
    assert "\n# the end" in params.read_text()
    filled = yaml.safe_load(params.read_text())
    assert filled["report"] == {"samples": 8, "seed": 0}
    assert filled["train"]["temperature"] == 0.07
