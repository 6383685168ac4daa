"""Videos with subtitles of their name: what becomes a clip, and what does not."""

from pathlib import Path

import pytest

from pacl_core.corpus.clips.clip import Clip
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.corpus.clips.stores import listed, params, stored
from tests.videos import Form, numbered, write_video

SRT = """1
00:00:00,200 --> 00:00:01,000
I never thought

2
00:00:01,000 --> 00:00:02,000
<i>it would work!</i>

3
00:00:02,000 --> 00:00:02,500
[door slams]

4
00:00:02,600 --> 00:00:02,900
Bye
"""


def test_sentences_become_clips(tmp_path: Path) -> None:
    (tmp_path / "c/films").mkdir(parents=True)
    write_video(tmp_path / "c/films/a.mkv", numbered(24), Form(times=[125 * n for n in range(24)]))
    (tmp_path / "c/films/a.srt").write_text(SRT)
    found = stored(tmp_path / "out", params("subtitles", tmp_path / "c"))
    assert [(row["text"], row["start"], row["end"]) for row in found.rows] == [
        ("I never thought it would work!", 0.2, 2.0),
        ("Bye", 2.6, 2.9),
    ]
    assert [row["sample_id"] for row in found.rows] == ["films/a-00000", "films/a-00001"]
    assert found.rows[0]["video"] == "films/a.mkv"
    assert found.rejected == [("films/a.srt", "not_speech")]


def test_web_subtitles_in_latin_1(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(2))
    text = "WEBVTT\n\n00:00.000 --> 00:01.000\nTr\xe8s bien\n"
    (tmp_path / "a.vtt").write_bytes(text.encode("latin-1"))
    (clip,) = listed("subtitles", tmp_path)
    assert isinstance(clip, Clip)
    assert clip.text == "Très bien"


def test_files_that_do_not_meet(tmp_path: Path) -> None:
    for name in ("mute.mp4", "lone.srt", "notes.txt", "bad.mp4", "bad.srt"):
        (tmp_path / name).write_bytes(b"\x00\x01 nothing")
    found = listed("subtitles", tmp_path)
    assert [(one.source, one.reason) for one in found if isinstance(one, Rejected)] == [
        ("bad.srt", "bad_subtitles"),
        ("lone.srt", "missing_video"),
        ("mute.mp4", "missing_text"),
        ("notes.txt", "other_file"),
    ]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"set clips\.path"):
        listed("subtitles", tmp_path / "none")
