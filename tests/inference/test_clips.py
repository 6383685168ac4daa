"""Clips and marked persons, by the vectors that evaluation would store of them."""

import builtins
import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

import pacl_core
from pacl_core.datasets.clip_frames import ClipFrames, Taking, read_clips
from pacl_core.datasets.clips import Clip as PartOfFile
from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_clips
from pacl_core.encoding.subjects import encode_told, load_telling_encoder
from pacl_core.errors import UserError
from pacl_core.inference.clips import stored_spans
from pacl_core.inference.given import Cut
from pacl_core.media.images import normalise_image
from pacl_core.media.rejects import UnusableError
from pacl_core.models.saved import load_frozen_model
from pacl_core.runtime.settings import Runtime
from tests.small_run import drawing
from tests.videos import Form, number_of, numbered, write_sound, write_video

BOX = (8.0, 4.0, 40.0, 30.0)


@pytest.fixture(scope="module")
def model(of_clips):
    return pacl_core.load(of_clips, "cpu")


def struct(box):
    return dict(zip(("left", "top", "right", "bottom", "score"), (*box, 1.0), strict=True))


def evaluated(encode, load, table, work):
    with engine(load, Runtime("cpu", 1, 8)) as workers:
        return encode(workers, table, work).rows(0, len(pl.read_parquet(table)))


def stored(path, spans, frames):
    found = read_clips(path, [PartOfFile(path, *span) for span in spans], Taking(frames, 256))
    assert all(isinstance(one, ClipFrames) for one in found)
    return found


SPANS = [(None, None), (0.2, 0.6)]


@pytest.mark.parametrize("boxes", [[], [BOX]])
def test_a_model_of_clips_gives_the_vectors_of_evaluation(of_clips, model, video, tmp_path, boxes):
    clips = stored(video, SPANS, 4)
    columns = {
        "frames": [[frame.jpeg for frame in clip.frames] for clip in clips],
        "frame_boxes": [[[struct(box) for box in boxes]] * 4 for _ in clips],
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "t.parquet")
    expected = evaluated(
        encode_told, lambda: load_telling_encoder(of_clips, "cpu"), tmp_path / "t.parquet", tmp_path / "work"
    )
    given = [video, pacl_core.Clip(video, 0.2, 0.6)]
    found = model.embed(given, [boxes, boxes] if boxes else None)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)


def test_it_takes_images_without_its_temporal_head(of_clips, model, tmp_path):
    data = drawing(3)  # 100 x 80, stored as it is
    jpeg = normalise_image(data, 256).jpeg
    pl.DataFrame({"image": [jpeg], "frame_boxes": [[[struct(BOX)]]]}).write_parquet(tmp_path / "t.parquet")
    expected = evaluated(
        encode_told, lambda: load_telling_encoder(of_clips, "cpu"), tmp_path / "t.parquet", tmp_path / "work"
    )
    np.testing.assert_allclose(model.embed(data, [[BOX]]), expected, atol=1e-5)
    assert np.abs(model.embed(data) - expected).max() > 1e-4


def test_a_model_of_images_gives_the_mean_of_a_clips_frames(run, video, tmp_path):
    (clip,) = stored(video, [(None, None)], 8)
    frames = [frame.jpeg for frame in clip.frames]
    pl.DataFrame({"frames": [frames], "frames_hash": ["a"]}).write_parquet(tmp_path / "t.parquet")
    folder = run / "models/pacl"
    expected = evaluated(
        encode_clips, lambda: load_frozen_model(folder, "cpu"), tmp_path / "t.parquet", tmp_path / "work"
    )
    images = pacl_core.load(folder, "cpu")
    np.testing.assert_allclose(images.embed(str(video)), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(UserError, match="a model of whole images, which takes no boxes"):
        images.embed(video, [[BOX]])


def test_frames_are_given_in_any_form_with_boxes_of_each(model):
    frames = numbered(4)
    whole = model.embed(pacl_core.Clip(frames, boxes=[[BOX]] * 4))
    assert (whole == model.embed(pacl_core.Clip([Image.fromarray(one) for one in frames]), [[BOX]])).all()
    others = model.embed(pacl_core.Clip(frames, boxes=[[BOX], [], [], []]))
    assert np.abs(whole - others).max() > 1e-5
    twice = model.embed(pacl_core.Clip([frame for frame in frames for _ in range(2)]))  # 8 for 4 places
    np.testing.assert_allclose(twice, model.embed(pacl_core.Clip(frames)), atol=1e-6)
    with pytest.raises(UnusableError, match="no_frames"):
        model.embed(pacl_core.Clip([]))
    with pytest.raises(UnusableError, match="boxes of 1 frames for a clip of 4"):
        model.embed(pacl_core.Clip(frames, boxes=[[BOX]]))


def test_images_and_clips_may_be_mixed_and_come_back_in_order(model, video, monkeypatch):
    given = [drawing(0), video, drawing(1), pacl_core.Clip(numbered(4)), pacl_core.Clip(video, 0.5)]
    found = model.embed(given)
    for row, one in zip(found, given, strict=True):
        np.testing.assert_allclose(row, model.embed(one)[0], atol=1e-5)
    assert len(set(map(bytes, found.round(4)))) == 5


def test_classes_come_from_the_models_own_text_tower(of_clips, model, video):
    own = load_telling_encoder(of_clips, "cpu").model
    features = model.embed([video, drawing(0)])
    texts = own.text_features(own.tokens(["A photo with joy emotion.", "A photo with fear emotion."]))
    logits = own.clip.network.logit_scale.exp().item() * features @ texts.detach().numpy().T
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = model.classify([video, drawing(0)], ["joy", "fear"], ["A photo with [C] emotion."])
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def frame_numbers(spans):
    return [[number_of(np.asarray(Image.open(io.BytesIO(jpeg)))) for jpeg in one.frames] for one in spans]


def test_spans_are_cut_by_time_and_the_video_is_read_once(video, monkeypatch):
    from pacl_core.inference import clips

    opened = []
    real = clips.open_video
    monkeypatch.setattr(clips, "open_video", lambda path: opened.append(path) or real(path))
    spans = list(stored_spans(video, Cut(every=0.4), Taking(3, 256)))
    assert [one.span for one in spans] == [(0.0, 0.4), (0.4, 0.8), (0.8, pytest.approx(1.0))]
    assert frame_numbers(spans) == [[0, 4, 9], [10, 14, 19], [20, 22, 24]]
    assert len(opened) == 1
    (whole,) = stored_spans(video, Cut(), Taking(3, 256))
    assert whole.span == (0.0, pytest.approx(1.0)) and frame_numbers([whole]) == [[0, 12, 24]]
    between = list(stored_spans(video, Cut(start=0.2, end=0.5, every=0.2), Taking(2, 256)))
    assert [one.span for one in between] == [(0.2, 0.4), (0.4, 0.5)]
    assert frame_numbers(between) == [[5, 9], [10, 12]]


def test_a_span_in_which_nothing_begins_shows_what_is_shown_then(tmp_path):
    late = Form(times=[0, 40, 3000, 3040])
    path = write_video(tmp_path / "v.mkv", numbered(4), late)
    spans = list(stored_spans(path, Cut(every=1.0), Taking(2, 256)))
    assert frame_numbers(spans) == [[0, 1], [1, 1], [1, 1], [2, 3]]


def test_boxes_follow_the_scaling_and_the_turn(tmp_path):
    """A video of 64 x 48 that is shown upright as 48 x 64, and one that is stored smaller."""
    path = write_video(tmp_path / "v.mp4", numbered(2), Form(rotation=90))
    (one,) = stored_spans(path, Cut(boxes=((0, 48, 48, 64),)), Taking(2, 256))
    assert one.boxes == [[struct((0, 48, 48, 64))]] * 2
    (small,) = stored_spans(path, Cut(boxes=((0, 48, 48, 64),)), Taking(1, 24))
    assert small.boxes == [[struct((0, 24, 24, 32))]]
    with pytest.raises(UnusableError, match="bad_box: 50,0,60,10 is outside; 48 x 64"):
        list(stored_spans(path, Cut(boxes=((50, 0, 60, 10),)), Taking(2, 256)))


def test_a_video_of_one_frame(tmp_path, model):
    path = write_video(tmp_path / "v.mp4", numbered(1))
    (one,) = stored_spans(path, Cut(every=5.0), Taking(4, 256))
    assert one.span == (0.0, pytest.approx(0.04)) and frame_numbers([one]) == [[0] * 4]
    assert model.embed(path).shape == (1, model.dim)


def cut_in_the_middle(path):
    whole = write_video(path.with_name("whole.mp4"), numbered(25)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


BAD = {
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "text": (lambda path: path.write_text("it is text, " * 40), "not_a_video"),
    "cut": (cut_in_the_middle, "truncated"),
    "sound": (write_sound, "no_video_stream"),
    "missing": (lambda path: None, "missing_video"),
    "folder": (lambda path: path.mkdir(), "not_a_file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_shows_nothing_says_why(model, tmp_path, kind):
    write, reason = BAD[kind]
    write(tmp_path / "v.mp4")
    with pytest.raises(UnusableError) as failed:
        model.embed(tmp_path / "v.mp4")
    assert failed.value.reason == reason


@pytest.mark.parametrize("cut", [Cut(start=1.5), Cut(start=1.5, every=1.0), Cut(start=0.5, end=0.5)])
def test_a_span_past_the_end_says_so(video, cut):
    with pytest.raises(UnusableError, match=r"past_end: the last frame begins at 0.960 s|bad_times"):
        list(stored_spans(video, cut, Taking(2, 256)))


def test_without_pyav_one_line_says_what_to_install(model, video, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "av":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"video needs the package av; run: pip install -e '\.\[video\]'"):
        model.embed(video)


def test_the_network_is_the_one_that_embeds(model, video):
    import torch

    (stored_frames,) = stored_spans(video, Cut(), Taking(4, 256))
    pixels = model.prepared(stored_frames).pixels
    inputs = model.preprocess.normalise(torch.from_numpy(pixels))
    with torch.no_grad():
        np.testing.assert_allclose(model.module(inputs[None]), model.embed(video), atol=1e-5)
        np.testing.assert_allclose(model.module(inputs), model.features(pixels), atol=1e-5)
