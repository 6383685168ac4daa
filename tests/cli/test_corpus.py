"""`pacl corpus add`: the reader is found, the section written, and the first texts said."""

import json
import shutil
import tarfile
from pathlib import Path

import polars as pl
import pytest
import yaml

from pacl_core.methods.params import load
from tests.paths import ROOT
from tests.published_trees import image, put

BEFORE = (ROOT / "params.yaml").read_text()


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "params.yaml", folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def trees(tmp_path) -> Path:
    return tmp_path / "trees"


def write_posts(folder: Path, count: int = 4) -> Path:
    for number in range(count):
        put(folder / f"{number}.jpg", image(number))
        put(folder / f"{number}.txt", f"a happy day, number {number}".encode())
    return folder


def pairs() -> dict:
    return yaml.safe_load(Path("params.yaml").read_text())["pairs"]


def test_images_with_texts(project, trees, pacl) -> None:
    ended = pacl("corpus", "add", write_posts(trees / "posts"))
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[:5] == [
        f"{trees / 'posts'}: reader folder",
        "  4 images, 4 with a .txt of the same name",
        "  texts are UTF-8",
        "  0: a happy day, number 0",
        "  1: a happy day, number 1",
    ]
    params, preset = load("params.yaml"), load(ROOT / "presets/mvsa-oasis.yaml")
    assert (params.pairs.reader, params.pairs.path) == ("folder", str(trees / "posts"))
    assert params.pairs.text == preset.pairs.text
    for section in ("factual_scores", "emotional_scores", "partition", "text_encoder", "leaks"):
        assert getattr(params, section) == getattr(preset, section), section
    assert params.train.holdout_distance == preset.train.holdout_distance
    assert "set scorers and thresholds for photographs instead of emoji (conse and affect;" in ended.out
    assert "results are on the emoji test set until 'pacl dataset add" in ended.out
    after = Path("params.yaml").read_text()
    assert [line for line in after.splitlines() if line[:1] == "#"] == [
        line for line in BEFORE.splitlines() if line[:1] == "#"
    ]


def test_what_the_user_chose_is_kept(project, trees, pacl) -> None:
    own = BEFORE.replace("kind: lit, name: efficientnet_lite0-minilm", "kind: open_clip, name: ViT-B-32")
    Path("params.yaml").write_text(own.replace("set_for: lit", "set_for: open_clip"))
    ended = pacl("corpus", "add", write_posts(trees / "posts"))
    assert "kept your own factual_scores.scorer, partition.factual" in ended.out
    params = load("params.yaml")
    assert params.factual_scores.scorer.kind == "open_clip"
    assert params.partition.factual.threshold == 0.28


def test_a_path_in_the_project_is_relative_and_home_is_expanded(project, pacl, monkeypatch) -> None:
    write_posts(project / "data/posts")
    assert pacl("corpus", "add", "data/posts").code == 0
    assert pairs()["path"] == "data/posts"
    monkeypatch.setenv("HOME", str(project.parent))
    write_posts(project.parent / "at_home")
    assert pacl("corpus", "add", "~/at_home").code == 0
    assert pairs()["path"] == str(project.parent / "at_home")


def test_mvsa_and_its_encoding(project, trees, pacl) -> None:
    for number in range(1, 5):
        put(trees / f"mvsa/data/{number}.jpg", image(number))
        put(trees / f"mvsa/data/{number}.txt", ("今天天气很好" if number > 1 else "plain").encode("gbk"))
    ended = pacl("corpus", "add", trees / "mvsa")
    assert "reader mvsa" in ended.out
    assert "texts are not UTF-8, GBK perhaps (3 of 4), UTF-8 (1 of 4)" in ended.out
    assert "  2: 今天天气很好" in ended.out


def test_tumemo_is_known_by_its_name(project, trees, pacl) -> None:
    assert "reader tumemo" in pacl("corpus", "add", write_posts(trees / "TumEmo/joy").parent).out


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_tables(project, trees, pacl, suffix) -> None:
    rows = [
        {
            "tweet_id": f"t{number}",
            "pic": f"p{number}.png",
            "content": f"so sad, number {number}",
            "likes": number,
        }
        for number in range(6)
    ]
    for number in range(6):
        put(trees / f"table/pics/p{number}.png", image(number, form="PNG"))
    file = trees / f"table/tweets.{suffix}"
    frame = pl.DataFrame(rows)
    {
        "csv": lambda: frame.write_csv(file, separator=";"),
        "tsv": lambda: frame.write_csv(file, separator="\t"),
        "jsonl": lambda: file.write_text("".join(json.dumps(row) + "\n" for row in rows)),
        "parquet": lambda: frame.write_parquet(file),
    }[suffix]()
    ended = pacl("corpus", "add", trees / "table")
    assert ended.code == 0, ended.err
    assert (
        "image in 'pics/{pic}' (100% of the first rows have their file), text in 'content', id in 'tweet_id'"
        in (ended.out)
    )
    wanted = {"file": file.name, "image": "pics/{pic}", "text": "content", "id": "tweet_id"}
    assert pairs()["manifest"] == wanted
    assert "  t1: so sad, number 1" in ended.out
    # the table itself, of which the columns are the same
    assert pacl("corpus", "add", file).code == 0
    assert (pairs()["path"], pairs()["manifest"]) == (str(file), wanted | {"file": None})


def test_shards(project, trees, pacl) -> None:
    write_posts(trees / "posts")
    (trees / "shards").mkdir()
    with tarfile.open(trees / "shards/00000.tar", "w") as tar:
        for file in sorted((trees / "posts").iterdir()):
            tar.add(file, file.name)
    ended = pacl("corpus", "add", trees / "shards")
    assert "reader webdataset\n  1 shards\n  00000/0: a happy day, number 0" in ended.out
    assert "reader webdataset\n  one shard" in pacl("corpus", "add", trees / "shards/00000.tar").out


def test_clips(project, trees, pacl) -> None:
    put(trees / "talks/a.mp4", b"a video")
    put(trees / "talks/a.srt", b"1\n00:00:01,000 --> 00:00:04,000\nWhat a happy day.\n")
    put(trees / "talks/b.mp4", b"a video")
    ended = pacl("corpus", "add", trees / "talks")
    assert "reader subtitles\n  2 videos, 1 with subtitles of the same name\n" in ended.out
    assert "What a happy day." in ended.out
    assert load("params.yaml").clips["talks"].path == str(trees / "talks")
    assert pairs()["reader"] == "openmoji"
    put(trees / "spans/clips.csv", b"video,start,end,text\na.mp4,1,4,what a day\n")
    assert "wrote clips.spans" in pacl("corpus", "add", trees / "spans").out
    put(
        trees / "tube/v1/transcript_cleaned.json",
        b'[{"text": "hello there", "start": 1, "end": 3, "duration": 2}]',
    )
    put(trees / "tube/v1/v1.mp4", b"a video")
    assert "wrote clips.tube" in pacl("corpus", "add", trees / "tube", "--name", "tube").out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.docx": b"x"}, "no reader understands this folder (1 .docx); expected images"),
        (
            {"a.jpg": image(1), "b.mp4": b""},
            "(1 images, 1 videos without subtitles of the same name); expected",
        ),
        ({}, "(it is empty)"),
    ],
)
def test_what_no_reader_understands(project, trees, pacl, files, said) -> None:
    trees.mkdir()
    for name, data in files.items():
        put(trees / name, data)
    ended = pacl("corpus", "add", trees)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert said in ended.err
    assert Path("params.yaml").read_text() == BEFORE


def test_mistakes(project, trees, pacl) -> None:
    assert pacl("corpus", "add", trees / "nix").err == f"pacl: error: {trees / 'nix'}: nothing there\n"
    put(trees / "t.csv", b"a,b\n1,2\n")
    assert (
        "no column names images that are there and texts (columns: a, b)"
        in pacl("corpus", "add", trees / "t.csv").err
    )
    posts = write_posts(trees / "posts")
    assert (
        "unknown reader 'foldr'; did you mean 'folder'?"
        in pacl("corpus", "add", posts, "--reader", "foldr").err
    )
    Path("params.yaml").unlink()
    assert "'pacl init <folder>' makes a project, run this in it" in pacl("corpus", "add", posts).err


def test_posts_that_cannot_be_used_change_nothing(project, trees, pacl) -> None:
    put(trees / "a.jpg", b"")
    put(trees / "a.txt", b"text")
    ended = pacl("corpus", "add", trees)
    assert "none of its first posts can be used; params.yaml is as it was" in ended.err
    assert Path("params.yaml").read_text() == BEFORE
