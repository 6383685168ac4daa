"""predict, embed, head and export on images (and their shared arguments): answers out, failures named."""

import io
import json
import re
import shutil

import numpy as np
import polars as pl
import pytest

import pacl_core
from pacl_core.inference.given import EMOTIONS
from tests.small_run import drawings, read_lines


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    drawings(folder, 3)
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


def test_predict_prints_all_classes_as_a_table(finished, pacl, images):
    done = pacl("predict", images / "0.png", images / "1.png", "-m", finished / "models/pacl")
    header, first, second = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert header.split() == list(EMOTIONS)
    for line, name in ((first, "0.png"), (second, "1.png")):
        *cells, path = line.split()
        assert path == str(images / name)
        assert sum(int(cell.removesuffix("%")) for cell in cells) == pytest.approx(100, abs=4)
    assert first.index("%") == second.index("%") == len("amusement") - 1


def test_predict_prints_the_likeliest_or_many_classes_as_lists(finished, pacl, images):
    def asked(*options):
        done = pacl("predict", images / "0.png", "-m", finished / "models/pacl", *options)
        path, emotions = done.out.splitlines()
        assert path == str(images / "0.png") and emotions.startswith("  zero-shot  ")
        return emotions

    assert asked("--top", "3").count("%") == 3
    many = asked("--labels", ",".join(f"emotion number {n}" for n in range(20)))
    assert many.count("%") == 20
    shares = [int(word.removesuffix("%")) for word in re.findall(r"\d+%", many)]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet"])
def test_predict_writes_files(finished, pacl, images, tmp_path, name):
    model = finished / "models/pacl"
    done = pacl("predict", images, "-m", model, "--labels", "joy,fear", "-o", tmp_path / name)
    assert done.out == f"{tmp_path / name}  3 rows, 1 left out\n"
    assert done.code == 1 and "not_a_picture" in done.err
    expected = pacl_core.load(model, "cpu").classify([images / f"{n}.png" for n in range(3)], ["joy", "fear"])
    if name == "p.jsonl":
        *good, bad = read_lines((tmp_path / name).read_text())
        found = [list(row["emotions"].values()) for row in good]
        assert bad["error"] == "not_a_picture"
    else:
        table = pl.read_csv(tmp_path / name) if name == "p.csv" else pl.read_parquet(tmp_path / name)
        assert table.columns == ["path", "joy", "fear"]
        assert table["path"].to_list() == [str(images / f"{n}.png") for n in range(3)]
        found = table.select("joy", "fear").to_numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_paths_from_standard_input(finished, pacl, images, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{images / '2.png'}\n\n{images / '0.png'}\n"))
    done = pacl("embed", "-", "-m", finished / "models/pacl", "-o", tmp_path / "v.npy")
    assert (done.code, done.out) == (0, f"{tmp_path / 'v.npy'}  2 x 1280\n")
    names = (tmp_path / "v.paths.txt").read_text().splitlines()
    assert names == [str(images / "2.png"), str(images / "0.png")]
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "no paths on standard input" in pacl("predict", "-", "-m", finished / "models/pacl").err


def test_device_and_batch(finished, pacl, images, tmp_path, monkeypatch):
    monkeypatch.setenv("PACL_DEVICE", "cuda:77")  # the option comes before it
    model = finished / "models/pacl"
    done = pacl(
        "embed",
        images / "0.png",
        images / "1.png",
        "-m",
        model,
        "-o",
        tmp_path / "v.npy",
        "--device",
        "cpu",
        "--batch",
        "1",
    )
    assert done.code == 0, done.err
    monkeypatch.delenv("PACL_DEVICE")
    expected = pacl_core.load(model, "cpu").embed([images / "0.png", images / "1.png"])
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected, rtol=1e-4, atol=1e-5)
    done = pacl("predict", images / "0.png", "-m", model, "--device", "mps")
    assert done.code == 1 and "no float64" in done.err


def test_a_model_that_knows_no_texts_predicts_by_its_heads(project, pacl, images):
    model = project / "models/initial"
    assert "share no space with texts" in pacl("predict", images / "0.png", "-m", model).err
    shutil.copytree("data/features/emoji_sentiment-pacl", "data/features/emoji_sentiment-initial")
    assert pacl("head", "fit", "emoji_sentiment", "-m", model).code == 0
    done = pacl("predict", images / "0.png", "-m", model)
    assert done.code == 0 and "valence (head emoji_sentiment)" in done.out and "%" not in done.out
    done = pacl("predict", images / "0.png", "-m", model, "--labels", "joy,fear")
    assert done.code == 1 and "share no space with texts" in done.err


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
    assert done.out == f"{tmp_path / 'v.npy'}  3 x 1280, 1 left out\n"
    done = pacl(
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
    assert done.out == f"{tmp_path / 'v.parquet'}  2 x 1280 and 16\n"
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
    assert done.code == 1 and "no input could be read" in done.err
    assert not list(tmp_path.iterdir())


def test_exports_through_the_command(finished, pacl, images, tmp_path):
    """README's own commands run the ONNX export; this is what may go wrong before it."""
    model = finished / "models/pacl"
    bad = pacl("export", "onnx", "-m", model, "-o", tmp_path / "q.onnx", "--check", images / "9.jpg")
    assert bad.code == 1 and "not_a_picture" in bad.err
    listed = pacl("export", "hf", "-m", model, "-o", tmp_path / "hub").out.splitlines()
    assert str(tmp_path / "hub/README.md") in listed
