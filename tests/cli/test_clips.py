"""predict and embed on videos: spans as a table over time, boxes, a plot, and failures among good files."""

import builtins

import numpy as np
import polars as pl
import pytest

import pacl_core
from tests.small_run import drawing, read_lines
from tests.tiny_checkpoints import write_tiny_clip_model
from tests.videos import numbered, write_sound, write_video


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_clip_model(tmp_path_factory.mktemp("clips") / "models/sap")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A video of a second, a picture, and what cannot be read."""
    folder = tmp_path_factory.mktemp("files")
    whole = write_video(folder / "v.mp4", numbered(25)).read_bytes()
    (folder / "i.png").write_bytes(drawing(1))
    (folder / "bad").mkdir()
    (folder / "bad/empty.mp4").write_bytes(b"")
    (folder / "bad/text.mp4").write_text("it is text, " * 40)
    (folder / "bad/cut.mp4").write_bytes(whole[: len(whole) // 2])
    write_sound(folder / "bad/sound.mp4")
    write_video(folder / "one.mp4", numbered(1))
    return folder


LABELS = ("--labels", "joy,fear")


def test_a_video_is_one_row_with_its_time(pacl, model, files):
    done = pacl("predict", files / "v.mp4", files / "i.png", "-m", model, *LABELS)
    header, video, image = done.out.splitlines()
    assert header.split() == ["joy", "fear"]
    assert video.endswith(f"  {files / 'v.mp4'}  0.0 to 1.0 s") and image.endswith(f"  {files / 'i.png'}")


def test_spans_are_a_table_over_time_with_a_plot(pacl, model, files, tmp_path):
    done = pacl(
        "predict", files / "v.mp4", files / "i.png", "-m", model, *LABELS, "--every", "0.4",
        "-o", tmp_path / "p.csv", "--plot", tmp_path / "p.svg",
    )  # fmt: skip
    assert (done.code, done.out) == (0, f"{tmp_path / 'p.csv'}  4 rows\n")
    table = pl.read_csv(tmp_path / "p.csv")
    assert table.columns == ["path", "start", "end", "joy", "fear"]
    assert table["start"].to_list() == [0.0, 0.4, 0.8, None]
    assert table["end"].to_list() == [0.4, 0.8, pytest.approx(1.0), None]
    loaded = pacl_core.load(model, "cpu")
    spans = [pacl_core.Clip(files / "v.mp4", start, start + 0.4) for start in (0.0, 0.4, 0.8)]
    expected = loaded.classify([*spans, files / "i.png"], ["joy", "fear"])
    np.testing.assert_allclose(table.select("joy", "fear").to_numpy(), expected, atol=1e-5)
    assert "joy" in (tmp_path / "p.svg").read_text()


def test_json_has_the_times(pacl, model, files):
    done = pacl(
        "predict", files / "v.mp4", "-m", model, *LABELS, "--start", "0.2", "--every", "0.5", "--json"
    )
    rows = read_lines(done.out)
    assert [(row["start"], row["end"]) for row in rows] == [(0.2, 0.7), (0.7, 1.0)]


def test_boxes_say_who_is_meant(pacl, model, files, tmp_path):
    boxes = ("--box", "0,0,30,20", "--box", "40,20,64,48")
    done = pacl("embed", files / "v.mp4", "-m", model, *boxes, "-o", tmp_path / "v.npy")
    assert done.out == f"{tmp_path / 'v.npy'}  1 x 16\n"
    loaded = pacl_core.load(model, "cpu")
    expected = loaded.embed(files / "v.mp4", [[(0, 0, 30, 20), (40, 20, 64, 48)]])
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected, atol=1e-5)
    assert np.abs(expected - loaded.embed(files / "v.mp4")).max() > 1e-4


def test_vectors_of_spans_name_their_seconds(pacl, model, files, tmp_path):
    given = (files / "v.mp4", files / "i.png", "-m", model, "--every", "0.5")
    pacl("embed", *given, "-o", tmp_path / "v.npy")
    names = (tmp_path / "v.paths.txt").read_text().splitlines()
    assert names == [f"{files / 'v.mp4'}#t=0,0.5", f"{files / 'v.mp4'}#t=0.5,1", str(files / "i.png")]
    pacl("embed", *given, "-o", tmp_path / "v.parquet")
    table = pl.read_parquet(tmp_path / "v.parquet")
    assert table.drop("features").rows() == [
        (str(files / "v.mp4"), 0.0, 0.5),
        (str(files / "v.mp4"), 0.5, 1.0),
        (str(files / "i.png"), None, None),
    ]
    np.testing.assert_allclose(table["features"].to_numpy(), np.load(tmp_path / "v.npy"), atol=1e-5)


def test_a_model_of_images_takes_videos_and_no_boxes(pacl, finished, files):
    model = finished / "models/pacl"
    done = pacl("predict", files / "v.mp4", "-m", model, *LABELS, "--json")
    (row,) = read_lines(done.out)
    expected = pacl_core.load(model, "cpu").classify(files / "v.mp4", ["joy", "fear"])
    np.testing.assert_allclose(list(row["emotions"].values()), expected[0], atol=1e-5)
    done = pacl("predict", files / "v.mp4", "-m", model, *LABELS, "--box", "0,0,9,9")
    assert done.code == 1
    assert (
        done.err == f"pacl: error: {model}: a model of whole images, which takes no boxes; leave them out\n"
    )


def test_of_bad_files_each_is_a_line_and_the_good_ones_are_predicted(pacl, model, files):
    done = pacl("predict", files / "bad", files / "one.mp4", files / "v.mp4", "-m", model, *LABELS, "--json")
    assert done.code == 1
    assert [line.split(": ")[1:3] for line in done.err.splitlines()] == [
        [str(files / "bad" / name), reason]
        for name, reason in (
            ("cut.mp4", "truncated"),
            ("empty.mp4", "empty"),
            ("sound.mp4", "no_video_stream"),
            ("text.mp4", "not_a_video"),
        )
    ]
    rows = read_lines(done.out)
    assert [row.get("error") for row in rows[:4]] == ["truncated", "empty", "no_video_stream", "not_a_video"]
    assert [row["path"] for row in rows[4:]] == [str(files / "one.mp4"), str(files / "v.mp4")]
    assert all("emotions" in row for row in rows[4:])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--start", "5"), "past_end: the last frame begins at 0.960 s"),
        (("--start", "5", "--every", "1"), "past_end: the last frame begins at 0.960 s"),
        (("--box", "70,0,90,9"), "bad_box: 70,0,90,9 is outside; 64 x 48"),
    ],
)
def test_what_one_video_does_not_have_is_its_own_line(pacl, model, files, tmp_path, options, said):
    big = write_video(tmp_path / "long.mp4", numbered(6, (128, 96)) * 25)
    done = pacl("predict", files / "v.mp4", big, "-m", model, *LABELS, *options, "--json")
    assert (done.code, done.err) == (1, f"pacl: {files / 'v.mp4'}: {said}\n")
    assert all("emotions" in row for row in read_lines(done.out)[1:]) and len(read_lines(done.out)) > 1


def test_without_pyav_pictures_are_predicted_still(pacl, model, files, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "av":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    done = pacl("predict", files / "v.mp4", files / "i.png", "-m", model, *LABELS, "--json")
    assert done.code == 1 and done.err.count("\n") == 1
    assert "not_installed: video needs the package av; run: pip install -e '.[video]'" in done.err
    assert "emotions" in read_lines(done.out)[1]


def test_a_plot_needs_a_video(pacl, model, files, tmp_path):
    done = pacl("predict", files / "i.png", "-m", model, *LABELS, "--plot", tmp_path / "p.svg")
    assert done.code == 1 and "no video is given" in done.err
    done = pacl("predict", files / "bad/empty.mp4", "-m", model, *LABELS, "--plot", tmp_path / "p.svg")
    assert done.code == 1 and "p.svg: not drawn, no video could be read" in done.err
    assert not list(tmp_path.iterdir())
