"""Frames by time, from files as people record and damage them."""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import frame_times, open_video, packet_times, spread
from tests.videos import Form, number_of, numbered, write_sound, write_video


def shown_at(path: Path, times: list[float]) -> list[int]:
    with open_video(path) as video:
        return [number_of(frame.pixels) for frame in video.at(times)]


def reason(path: Path) -> str:
    with pytest.raises(UnusableError) as error, open_video(path):
        pass
    return error.value.reason


FORMS = [("mp4", "libx264"), ("mkv", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"), ("ts", "libx264")]


@pytest.mark.parametrize(("suffix", "codec"), FORMS)
def test_the_frame_shown_at_a_time(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_video(tmp_path / f"v.{suffix}", numbered(25), Form(codec=codec))
    # frame n is shown from n/25 s on; at 1.0 s and later nothing is shown any more
    assert shown_at(path, [0, 0.04, 0.078, 0.5, 0.95, 0.99, 1.0, 2]) == [0, 1, 1, 12, 23, 24]


def test_a_time_that_the_container_rounded_up_is_met(tmp_path: Path) -> None:
    """Matroska writes 41.67 ms as 42."""
    path = write_video(tmp_path / "v.mkv", numbered(4), Form(times=[0, 42, 83, 125]))
    assert shown_at(path, [0, 1 / 24, 2 / 24, 3 / 24]) == [0, 1, 2, 3]


def test_a_variable_rate_is_read_by_its_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(6), Form(times=[0, 40, 500, 520, 1500, 1540]))
    assert shown_at(path, [0, 0.1, 0.45, 0.51, 1.2, 1.501, 1.53, 1.545]) == [0, 1, 1, 2, 3, 4, 4, 5]
    assert frame_times(path) == pytest.approx([0, 0.04, 0.5, 0.52, 1.5, 1.54])


def test_a_video_that_begins_late_counts_from_its_beginning(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", numbered(5), Form(times=[7000, 7100, 7200, 7300, 7400]))
    assert shown_at(path, [0.0, 0.15, 0.4]) == [0, 1, 4]


def test_times_of_one_frame_share_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(3), Form(times=[0, 500, 1000]))
    with open_video(path) as video:
        first, second, third = video.at([0.1, 0.2, 0.6])
    assert first is second
    assert (first.time, third.time) == (0.0, 0.5)


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(25))
    with open_video(path) as video:
        assert len(list(video.at([0.0, 0.1]))) == 2
        assert video.end is None
    with open_video(path) as video:
        assert len(list(video.at([0.0, 9.0]))) == 1
        assert video.end == pytest.approx(1.0)


def test_a_rotated_stream_is_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(2), Form(rotation=-90))
    with open_video(path) as video:
        frame = next(video.frames())
        assert (video.width, video.height) == (48, 64)
    assert frame.pixels.shape == (64, 48, 3)
    # turned clockwise, the white quarter is at the top right
    assert frame.pixels[:28, 28:].min() > 200
    assert frame.pixels[:28, :20].max() < 60


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(90, (slice(36, 64), slice(0, 20))), (180, (slice(28, 48), slice(36, 64)))],
)
def test_each_turn(tmp_path: Path, rotation: int, corner: tuple[slice, slice]) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(2), Form(rotation=rotation))
    with open_video(path) as video:
        assert next(video.frames()).pixels[corner].min() > 200


def test_odd_sizes_and_wide_pixels_are_scaled(tmp_path: Path) -> None:
    odd = write_video(tmp_path / "odd.mp4", numbered(2, (63, 47)))
    wide = write_video(tmp_path / "wide.mp4", numbered(2), Form(aspect=Fraction(2)))
    with open_video(odd) as video:
        assert (video.width, video.height) == (63, 47)
        assert next(video.frames(20)).pixels.shape == (20, 27, 3)
    with open_video(wide) as video:
        assert (video.width, video.height) == (128, 48)
        assert next(video.frames(24)).pixels.shape == (24, 64, 3)


def test_a_small_video_is_not_enlarged(tmp_path: Path) -> None:
    with open_video(write_video(tmp_path / "v.mp4", numbered(2))) as video:
        assert next(video.frames(256)).pixels.shape == (48, 64, 3)


def test_the_same_file_gives_the_same_pixels(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(10))
    twice = []
    for _ in range(2):
        with open_video(path) as video:
            twice.append(np.stack([frame.pixels for frame in video.frames(30)]))
    assert np.array_equal(*twice)


def test_a_cut_film_shows_what_is_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(50)]
    whole = write_video(tmp_path / "whole.mkv", frames).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) // 2])
    with open_video(cut) as video:
        count = len(list(video.frames()))
        assert 10 < count < 40
        assert video.end == pytest.approx(count / 25, abs=0.1)


def test_damage_in_the_middle_leaves_frames_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(50)]
    data = bytearray(write_video(tmp_path / "v.mp4", frames).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    (tmp_path / "damaged.mp4").write_bytes(data)
    times = frame_times(tmp_path / "damaged.mp4")
    assert 25 <= len(times) <= 50
    assert (np.diff(times) > 0).all()


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("a sentence. " * 200)
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (tmp_path / "concat.mp4").write_text("ffconcat version 1.0\nfile 'empty.mp4'\n")
    whole = write_video(tmp_path / "whole.mp4", numbered(25)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "codec.mp4").write_bytes(whole.replace(b"avc1", b"xxxx"))
    os.mkfifo(tmp_path / "fifo.mp4")
    found = {
        path.stem: reason(path)
        for path in [
            *sorted(tmp_path.glob("[!w]*.mp4")),
            write_sound(tmp_path / "sound.m4a"),
            tmp_path / "no.mp4",
        ]
    }
    assert found == {
        "codec": "unknown_codec",
        "concat": "not_a_video",
        "cut": "truncated",
        "empty": "empty",
        "fifo": "not_a_file",
        "list": "not_a_video",
        "text": "not_a_video",
        "sound": "no_video_stream",
        "no": "missing_video",
    }


def test_videos_of_no_frame_and_of_one(tmp_path: Path) -> None:
    one = write_video(tmp_path / "one.mp4", numbered(1))
    assert shown_at(one, [0.0, 0.03]) == [0, 0]
    assert len(frame_times(one)) == 1
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(5)]
    data = bytearray(write_video(tmp_path / "none.mp4", noise).read_bytes())
    begin = data.index(b"mdat") + 4  # after four bytes of size, which count these eight
    size = int.from_bytes(data[begin - 8 : begin - 4], "big") - 8
    data[begin : begin + size] = bytes(size)  # the index stays
    (tmp_path / "none.mp4").write_bytes(data)
    assert reason(tmp_path / "none.mp4") == "no_frames"


def test_names_are_never_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http:a.mp4", "concat:b.mp4", "50% & more.mp4", os.fsdecode(b"\xff.mp4")):
        Path(name).write_bytes(write_video(tmp_path / "v.mp4", numbered(3)).read_bytes())
        assert len(frame_times(Path(name))) == 3
    assert reason(Path("a\0b.mp4")) == "unreadable"


@pytest.mark.parametrize(("count", "wanted"), [(9, 4), (16, 16), (3, 8), (1, 8), (100, 7), (5, 1)])
def test_places_are_evenly_spread(count: int, wanted: int) -> None:
    places = spread(count, wanted)
    assert places == [int(place) for place in np.round(np.linspace(0, count - 1, wanted))]
    assert places == sorted(places)
    assert len(places) == wanted
    if count >= wanted:
        assert len(set(places)) == wanted


def test_packets_tell_the_times_without_decoding(tmp_path: Path) -> None:
    """Frames are stored in another order than they are shown in, and Matroska rounds to milliseconds."""
    for name in ("v.mp4", "v.mkv", "v.webm"):
        form = Form(codec="libvpx", options={}) if name == "v.webm" else Form(options={"bf": "2"})
        path = write_video(tmp_path / name, numbered(20), form)
        assert packet_times(path) == pytest.approx(frame_times(path))
    late = write_video(tmp_path / "late.mkv", numbered(4), Form(times=[500, 510, 900, 2000]))
    assert packet_times(late).tolist() == pytest.approx([0, 0.01, 0.4, 1.5])
    assert frame_times(late).tolist() == pytest.approx([0, 0.01, 0.4, 1.5])


def test_packets_of_a_file_that_is_cut(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "v.mkv", numbered(25))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    known = packet_times(cut)
    assert 0 < len(known) < 25 and (np.diff(known) > 0).all()
    assert set(frame_times(cut).round(6)) <= set(known.round(6))
