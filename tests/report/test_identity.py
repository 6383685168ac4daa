"""The header says which run this is: what differs from the default, the weights, how to find the commit."""

import json
import subprocess

import yaml

from pacl_core.report.build import render
from pacl_core.report.sections.identity import changed, corpus_name, flat, identity, said
from tests.paths import ROOT
from tests.report.test_build import Page


def default() -> dict:
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def test_the_committed_params_do_not_differ_from_the_default():
    assert changed(default()) == []


def test_what_differs_is_named_with_both_values():
    params = default()
    params["train"] |= {"epochs": 12}
    params["pairs"]["path"] = "<b>/data/posts</b>"
    params["downstream"] = {"mine": {"record": "data/datasets/mine.yaml"}}
    assert changed(params) == [
        ("pairs.path", "<b>/data/posts</b>", "data/corpora/openmoji.yaml"),
        ("train.epochs", "12", "3"),
        ("downstream.mine.record", "data/datasets/mine.yaml", "not set"),
    ]


def test_keys_that_are_left_out_are_not_named():
    assert changed({"train": {"epochs": 3}}) == []


def test_nested_sections_become_dotted_keys():
    assert dict(flat({"a": {"b": {"c": [1, None]}, "d": {}}, "e": None})) == {
        "a.b.c": [1, None],
        "a.d": {},
        "e": None,
    }
    assert [said(one) for one in ("x", 1.5, None, [1, "y"])] == ["x", "1.5", "null", '[1, "y"]']


def test_the_weights_and_the_blob_of_params_name_the_run(root, artefacts):
    path = root / "models/pacl/model.json"
    card = json.loads(path.read_text()) | {"files": {"backbone.safetensors": "ab" * 32}}
    card["training"] |= {"torch": "2.9.0"}
    path.write_text(json.dumps(card))
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    found = identity(artefacts, default(), text)
    assert (found["weights"], found["torch"], found["folder"]) == ("ab" * 32, "2.9.0", "models/pacl")
    (root / "params.yaml").write_text(text, encoding="utf-8")
    command = ["git", "hash-object", "params.yaml"]
    of_git = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    assert found["blob"] == of_git


def test_the_corpus_is_named_by_its_file_or_folder(artefacts, tmp_path):
    assert corpus_name(artefacts, {"pairs": {"path": "/data/posts"}}) == "posts, 400 pairs"
    assert corpus_name(artefacts, {"pairs": {"path": "data/corpora/openmoji.yaml"}}) == "openmoji, 400 pairs"
    assert corpus_name(artefacts, {"pairs": {"manifest": {"file": "my.csv"}}}) == "my, 400 pairs"


def test_the_header_has_both(artefacts, params_text):
    page = Page(render(artefacts, params_text.replace("epochs: 3", "epochs: 12"), count=1, seed=0))
    header = page.words.split("Did it work?")[0]
    assert "PACL report: openmoji, 400 pairs" in header
    assert "differ from the default:" in header and "train.epochs 12 3" in header
    assert "git log --find-object=" in header
    assert "Parameters as in the default" not in header
