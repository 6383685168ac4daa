"""MovieGraphs' scenes: times from seconds, categories from names or attributes."""

import json
from collections import Counter
from pathlib import Path

import pytest

from pacl_core.datasets.clips import Clip
from pacl_core.datasets.readers import Item, moviegraphs
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import put
from tests.video_trees import MOVIES, write_moviegraphs


def read(path: Path, **options: object) -> list[Item | Rejected]:
    return list(moviegraphs.read(path, moviegraphs.Options.model_validate(options)))


def spans(found: list[Item | Rejected], movie: str) -> dict[str, tuple[float | None, float | None]]:
    clips = {one.item_id: one.image for one in found if isinstance(one, Item) and one.image_name == movie}
    return {
        name.partition("/")[2]: (clip.start, clip.end)
        for name, clip in clips.items()
        if isinstance(clip, Clip)
    }


def marked(item: Item | Rejected) -> set[str]:
    assert isinstance(item, Item)
    return {name for name, value in item.values.items() if value == "1"}


def test_the_published_categories_and_words() -> None:
    known = moviegraphs.categories()
    assert len(dict.fromkeys(known.values())) == 26
    assert list(dict.fromkeys(known.values()))[:2] == ["Affection", "Anger"]
    assert known["grief-stricken"] == "Sadness" and known["self-centered"] == "Disconnection"
    assert known["doubt/conf"] == known["skeptical"] == "Doubt/Conf"
    assert known["anger"] == "Anger" and known["surprise"] == "Surprise"


def test_times_come_from_the_seconds_of_shots(tmp_path: Path) -> None:
    found = read(write_moviegraphs(tmp_path))
    assert len([one for one in found if isinstance(one, Item)]) == len(found) == 16
    for movie, split in MOVIES.items():
        assert {one.split for one in found if isinstance(one, Item) and one.image_name == movie} == {split}
        # the last shot ends where .matidx says that the film does
        assert spans(found, movie) == {"0": (0, 0.2), "1": (0.2, 0.6), "2": (0.6, 0.8), "3": (0.8, 1.0)}
    assert [marked(one) for one in found[:4]] == [
        {"Happiness"},
        {"Anger", "Disquietment"},
        {"Affection", "Sadness"},  # of attributes
        {"Doubt/Conf"},
    ]


def test_scenes_may_be_counted_from_one(tmp_path: Path) -> None:
    found = read(write_moviegraphs(tmp_path), first_scene=1)
    assert spans(found, "tt0000001") == {"1": (0, 0.2), "2": (0.2, 0.6), "3": (0.6, 0.8)}
    assert Counter(one.reason for one in found if isinstance(one, Rejected)) == {"no_scene": 4}


def test_what_cannot_be_used(tmp_path: Path) -> None:
    write_moviegraphs(tmp_path)
    info = tmp_path / "mg_videoinfo"
    (tmp_path / "films" / "tt0000001.mp4").rename(tmp_path / "films" / "tt0000001.mkv")
    (tmp_path / "films" / "tt0000004.mp4").unlink()
    (info / "video_boundaries" / "tt0388795.matidx").unlink()
    put(info / "video_boundaries" / "tt0000002.matidx", b"25 nothing\n")
    labels = tmp_path / "mg" / "py3loader" / "emotion_labels.json"
    tree = json.loads(labels.read_text())
    tree["tt0000001"] |= {"9": ["Joy"], "x": [], "2": ["sadly"], "3": [], "1": "Joy"}
    tree["tt9999999"] = {}
    put(labels, json.dumps(tree).encode())
    found = read(tmp_path)
    reasons = {one.source: one.reason for one in found if isinstance(one, Rejected)}
    scenes = range(4)
    assert reasons == {
        "tt9999999": "no_split",
        "tt0000001/9": "no_scene",
        "tt0000001/x": "malformed_row",
        "tt0000001/2": "unknown_label",
        "tt0000001/1": "malformed_row",
        **{f"tt0000002/{scene}": "broken_boundaries" for scene in scenes},
        **{f"tt0000004/{scene}": "missing_video" for scene in scenes},
        **{f"tt0388795/{scene}": "missing_boundaries" for scene in scenes},
    }
    first, none = (one for one in found if isinstance(one, Item))
    assert isinstance(first.image, Clip) and first.image.video.name == "tt0000001.mkv"
    assert set(none.values.values()) == {None}


def test_a_film_without_labels_is_told(tmp_path: Path) -> None:
    write_moviegraphs(tmp_path)
    put(tmp_path / "mg" / "py3loader" / "emotion_labels.json", b"{}")
    assert {one.reason for one in read(tmp_path) if isinstance(one, Rejected)} == {"no_labels"}


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("mg/split.json", b'{"train": ["a"], "val": ["a"], "test": []}', "film 'a' is in train and in val"),
        ("mg/split.json", b'{"train": ["a"], "val": []}', "no list of films 'test'"),
        ("mg/split.json", b"{", "not JSON"),
        ("mg/split.json", b"[]", "not a mapping"),
        ("mg/py3loader/emotion_labels.json", b'{"a": []}', "film 'a' has no mapping"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, file: str, text: bytes, message: str) -> None:
    write_moviegraphs(tmp_path)
    put(tmp_path / file, text)
    with pytest.raises(UserError, match=message):
        read(tmp_path)
