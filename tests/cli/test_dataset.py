"""`pacl dataset add`: published layouts are recognised, others get a record (project/dataset_form)."""

import shutil
from pathlib import Path

import pytest
import yaml

from pacl_core.datasets.readers import Item, read_items
from pacl_core.datasets.record import load_record
from pacl_core.methods.params import load
from tests import published_trees
from tests.paths import ROOT
from tests.published_trees import image, put


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copytree(ROOT / "data/datasets", folder / "data/datasets")
    shutil.copy(ROOT / "presets/mvsa-oasis.yaml", folder / "params.yaml")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def tree(tmp_path) -> Path:
    return tmp_path / "tree"


def made(name: str) -> dict:
    return yaml.safe_load(Path(f"data/datasets/{name}.yaml").read_text())


@pytest.mark.parametrize(
    "name",
    [
        *("abstract", "artphoto", "emoset", "emotic", "emotion6_panda", "emotion6_peng"),
        *("fi", "iaps", "oasis", "unbiasedemo", "webemo"),
    ],
)
def test_published_layouts_are_recognised(project, tree, pacl, name) -> None:
    getattr(published_trees, f"write_{name}")(tree)
    ended = pacl("dataset", "add", tree)
    assert ended.code == 0, ended.err
    assert f"the layout of data/datasets/{name}.yaml" in ended.out
    chosen = load("params.yaml").downstream[name]
    assert (chosen.record, chosen.path) == (f"data/datasets/{name}.yaml", str(tree))


def test_one_of_several_records(project, tree, pacl) -> None:
    published_trees.write_emotic(tree)
    assert "it also fits --record emotic_boxes, --record emotic_person" in pacl("dataset", "add", tree).out
    assert pacl("dataset", "add", tree, "--record", "emotic_boxes", "--name", "boxes").code == 0
    assert load("params.yaml").downstream["boxes"].record == "data/datasets/emotic_boxes.yaml"
    assert "does not fit data/datasets/fi.yaml" in pacl("dataset", "add", tree, "--record", "fi").err


def test_a_folder_per_class(project, tree, pacl) -> None:
    for part in ("training", "test"):
        for place, label in enumerate(("calm", "very_tense")):
            for number in range(3):
                put(tree / part / label / f"{number}.jpg", image(10 * place + number + 100 * len(part)))
    ended = pacl("dataset", "add", tree, "--name", "moods")
    assert "a folder per class: calm, very_tense; split test: test/; split train: training/" in ended.out
    assert made("moods") == {
        "reader": "class_folders",
        "options": {"classes": ["calm", "very_tense"], "splits": {"test": "test", "training": "train"}},
        "tasks": {
            "label": {
                "kind": "single_label",
                "column": "label",
                "classes": ["calm", "very_tense"],
                "words": ["calm", "very tense"],
            }
        },
    }
    items = list(read_items(load_record(Path("data/datasets/moods.yaml")), tree))
    assert [one.split for one in items if isinstance(one, Item)] == ["test"] * 6 + ["train"] * 6
    # it now has a record that fits; another tree is another set
    assert "the layout of data/datasets/moods.yaml" in pacl("dataset", "add", tree, "--name", "again").out
    shutil.rmtree(tree / "test/calm")
    shutil.rmtree(tree / "training/calm")
    (tree / "test/very_tense").rename(tree / "test/glad")
    ended = pacl("dataset", "add", tree, "--name", "moods")
    assert "already there; choose another --name, or use it with --record moods" in ended.err


def test_validation_is_the_test_where_there_is_none_and_one_folder_may_be_above(project, tree, pacl) -> None:
    for part in ("train", "val"):
        for label in ("calm", "tense"):
            put(tree / part / label / "0.jpg", image(len(part + label)))
    assert pacl("dataset", "add", tree, "--name", "a").code == 0
    assert made("a")["options"]["splits"] == {"train": "train", "val": "test"}
    shutil.rmtree(tree / "val")
    assert pacl("dataset", "add", tree, "--name", "b").code == 0
    assert made("b")["options"] == {"classes": ["calm", "tense"], "root": "train"}
    assert len([*read_items(load_record(Path("data/datasets/b.yaml")), tree)]) == 2


def test_a_table(project, tree, pacl) -> None:
    rows = [
        f"n{n},{('calm', 'tense')[n % 2]},{1.5 + n % 6},{2 + n % 4},{('train', 'dev', 'test')[n % 3]},"
        f"{n % 2},{n // 2 % 2}"
        for n in range(12)
    ]
    put(tree / "ratings.csv", ("name,Mood,valence,arousal,part,indoor,people\n" + "\n".join(rows)).encode())
    for n in range(12):
        put(tree / f"photos/n{n}.jpg", image(n))
    ended = pacl("dataset", "add", tree)
    assert ended.code == 0, ended.err
    assert "scale 1 to 7 is guessed from the values" in ended.out
    assert made("tree") == {
        "reader": "manifest",
        "options": {
            "file": "ratings.csv",
            "image": "photos/{name}.jpg",
            "values": ["Mood", "indoor", "people", "valence", "arousal"],
            "split": "part",
            "splits": {"dev": "val", "test": "test", "train": "train"},
        },
        "tasks": {
            "mood": {"kind": "single_label", "column": "Mood", "classes": ["calm", "tense"]},
            "labels": {"kind": "multi_label", "columns": ["indoor", "people"]},
            "ratings": {"kind": "regression", "columns": ["valence", "arousal"], "scale": [1, 7]},
        },
    }
    items = list(read_items(load_record(Path("data/datasets/tree.yaml")), tree))
    assert [one.split for one in items[:3] if isinstance(one, Item)] == ["train", "val", "test"]
    assert len(items) == 12


def test_numbers_as_labels_are_in_their_order(project, tree, pacl) -> None:
    rows = "".join(f"{n}.jpg,{n % 11}\n" for n in range(33))
    put(tree / "t.csv", f"file,label\n{rows}".encode())
    for n in range(33):
        put(tree / f"{n}.jpg", image(n))
    assert pacl("dataset", "add", tree / "t.csv", "--name", "digits").code == 0
    assert made("digits")["tasks"]["label"]["classes"] == [str(n) for n in range(11)]


def test_the_emoji_test_set_goes_only_where_posts_are_others(project, tree, pacl) -> None:
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    published_trees.write_fi(tree)
    assert pacl("dataset", "add", tree).code == 0
    assert set(load("params.yaml").downstream) == {"emoji_sentiment", "fi"}
    text = Path("params.yaml").read_text().replace("reader: openmoji", "reader: folder")
    Path("params.yaml").write_text(text)
    ended = pacl("dataset", "add", tree)
    assert "took emoji_sentiment out, as your posts are not emoji" in ended.out
    assert set(load("params.yaml").downstream) == {"fi"}


def test_mistakes(project, tree, pacl) -> None:
    assert pacl("dataset", "add", tree).err == f"pacl: error: {tree}: nothing there\n"
    put(tree / "note.txt", b"x")
    ended = pacl("dataset", "add", tree)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "fits no record of data/datasets/, has no folder per class, and no table" in ended.err
    assert "unknown record 'fy'" in pacl("dataset", "add", tree, "--record", "fy").err
    published_trees.write_oasis(tree)
    before = Path("params.yaml").read_text()
    ended = pacl("dataset", "add", tree, "--name", "Not A Name")
    assert "is not a valid name" in ended.err
    assert Path("params.yaml").read_text() == before
