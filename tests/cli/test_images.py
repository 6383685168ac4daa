"""predict, embed, head and export on images (and their shared arguments): answers out, failures named."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

import pacl_core
from tests.small_run import drawing, read_lines


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number in range(3):
        (folder / f"{number}.png").write_bytes(drawing(number))
    (folder / "9.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def project(finished, tmp_path, monkeypatch):
    """A copy of the finished run to write into, as working directory."""
    shutil.copytree(finished, tmp_path / "project")
    shutil.copy("params.yaml", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_predict_agrees_with_the_library_and_goes_on_after_a_failure(finished, pacl, images):
    model = finished / "models/pacl"
    prompt = "A photo with [C] emotion."
    done = pacl("predict", images, "-m", model, "--labels", "joy, sadness", "--prompt", prompt, "--json")
    *good, bad = read_lines(done.out)
    files = [images / f"{number}.png" for number in range(3)]
    expected = pacl_core.load(model, "cpu").classify(files, ["joy", "sadness"], [prompt])
    assert [row["path"] for row in good] == [str(file) for file in files]
    found = [[row["emotions"]["joy"], row["emotions"]["sadness"]] for row in good]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert (bad["path"], bad["error"]) == (str(images / "9.jpg"), "not_a_picture")
    assert done.code == 1
    assert done.err == f"pacl: {images / '9.jpg'}: not_a_picture: starts with b'no picture'\n"


def test_predict_reads_well(finished, pacl, images):
    done = pacl("predict", images / "0.png", "-m", finished / "models/pacl")
    path, emotions = done.out.splitlines()
    assert (done.code, path) == (0, str(images / "0.png"))
    assert emotions.startswith("  zero-shot  ") and emotions.count("%") == 4


def test_predict_says_what_a_model_of_drawings_was_trained_on(project, pacl, images):
    """The first command that a visitor tries is a photograph on the default, which is trained on emoji."""
    path = project / "models/pacl/model.json"
    card = json.loads(path.read_text())
    assert pacl("predict", images / "0.png").err == ""  # unknown
    for reader, said in (
        (
            "openmoji",
            "pacl: models/pacl was trained on 4,000 pairs of texts and emoji drawings; do not rely on",
        ),
        ("folder", ""),
    ):
        card["training"]["corpus"] = {"reader": reader, "pairs": 4000}
        path.write_text(json.dumps(card))
        done = pacl("predict", images / "0.png", "--json")
        assert done.err.startswith(said) and done.err.count("\n") == bool(said)
        assert len(read_lines(done.out)) == 1


def test_predict_says_valence_once_a_head_is_fitted(project, pacl, images):
    before = read_lines(pacl("predict", images / "0.png", "--json").out)
    assert "heads" not in before[0]
    assert pacl("head", "fit", "emoji_sentiment").out == "models/pacl.heads/emoji_sentiment.json\n"
    [row] = read_lines(pacl("predict", images / "0.png", "--json").out)
    heads = row["heads"]["emoji_sentiment"]
    assert -2 < heads["valence"] < 2
    assert sum(heads["polarity"].values()) == pytest.approx(1)
    assert "valence (head emoji_sentiment)" in pacl("predict", images / "0.png").out


def test_a_data_set_that_params_do_not_name(project, pacl):
    assert "unknown data set 'emoji_sentimnt'; did you mean" in pacl("head", "fit", "emoji_sentimnt").err


def test_embed_writes_both_forms(finished, pacl, images, tmp_path):
    model = finished / "models/pacl"
    done = pacl("embed", images, "-m", model, "-o", tmp_path / "v.npy")
    assert done.code == 1 and "not_a_picture" in done.err
    pacl(
        "embed",
        images / "0.png",
        images / "2.png",
        "-m",
        model,
        "-o",
        tmp_path / "v.parquet",
        "--space",
        "both",
    )
    loaded = pacl_core.load(model, "cpu")
    expected = loaded.embed([images / f"{number}.png" for number in range(3)])
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected, rtol=1e-4, atol=1e-5)
    table = pl.read_parquet(tmp_path / "v.parquet")
    assert table["path"].to_list() == [str(images / "0.png"), str(images / "2.png")]
    np.testing.assert_allclose(
        table["joint"].to_numpy(), loaded.joint(expected[[0, 2]]), rtol=1e-3, atol=1e-5
    )


def test_embed_of_nothing_readable_writes_nothing(finished, pacl, images, tmp_path):
    done = pacl("embed", images / "9.jpg", "-m", finished / "models/pacl", "-o", tmp_path / "v.npy")
    assert done.code == 1 and "no image could be read" in done.err
    assert not list(tmp_path.iterdir())


def test_exports_through_the_command(finished, pacl, images, tmp_path):
    """README's own commands run the ONNX export; this is what may go wrong before it."""
    model = finished / "models/pacl"
    bad = pacl("export", "onnx", model, tmp_path / "q.onnx", "--check", images / "9.jpg")
    assert bad.code == 1 and "not_a_picture" in bad.err
    listed = pacl("export", "hf", model, tmp_path / "hub").out.splitlines()
    assert str(tmp_path / "hub/README.md") in listed
