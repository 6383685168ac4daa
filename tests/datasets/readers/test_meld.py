"""MELD's utterances: rows name the clips, and what lies around them is passed over."""

from collections import Counter
from pathlib import Path

import pytest

from pacl_core.datasets.clips import Clip
from pacl_core.datasets.readers import Item, meld
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import put
from tests.video_trees import EMOTIONS, MELD_HEADER, MELD_NAMES, SENTIMENT, write_meld


def read(path: Path, **options: object) -> list[Item | Rejected]:
    return list(meld.read(path, meld.Options.model_validate(options)))


def test_an_item_per_row_of_a_clip_that_is_there(tmp_path: Path) -> None:
    found = read(write_meld(tmp_path))
    items = [one for one in found if isinstance(one, Item)]
    assert [one for one in found if isinstance(one, Rejected)] == [
        Rejected(
            "dev_sent_emo.csv:2",
            "missing_video",
            f"no file {tmp_path / 'dev_splits_complete/dia110_utt7.mp4'}",
        )
    ]
    assert Counter(item.split for item in items) == {"train": 8, "val": 2, "test": 3}
    assert [item.item_id for item in items if item.split == "test"] == [
        f"test/dia{dialogue}_utt{utterance}" for dialogue, utterance in MELD_NAMES["test"]
    ]
    for number, item in enumerate(items[:7]):
        label = EMOTIONS[number]
        assert item.values == {"Emotion": label, "Sentiment": SENTIMENT[label]}
        assert isinstance(item.image, Clip) and item.image.longest == 60
    first, second, *_ = items
    assert isinstance(first.image, Clip)
    assert first.image.video == tmp_path / "train_splits" / "dia0_utt0.mp4"
    assert first.image_name == second.image_name == "train/dia0"


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    rows = [
        "1,Hi,Joey,joy,positive,0,0,1,1,a,b",
        "2,Hi,Joey,joy,positive,../0,0,1,1,a,b",
        "3,Hi,Joey,joy,positive,0,,1,1,a,b",
        "4,Hi,Joey,joy",
        "5,Hi,Joey,,positive,0.0,0,1,1,a,b",
    ]
    put(tmp_path / "dev_sent_emo.csv", "\r\n".join([MELD_HEADER, *rows]).encode())
    put(tmp_path / "dev_splits_complete" / "dia0_utt0.mp4", b"video")
    found = read(tmp_path, tables={"val": "dev_sent_emo.csv"})
    assert [one.reason if isinstance(one, Rejected) else "" for one in found] == [
        "",
        "malformed_row",
        "malformed_row",
        "malformed_row",
        "",
    ]
    last = found[-1]
    assert isinstance(last, Item) and last.values["Emotion"] in ("", None)


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train_sent_emo\.csv: no such file"):
        read(tmp_path)
    put(tmp_path / "t.csv", MELD_HEADER.encode())
    with pytest.raises(UserError, match=r"no such folder; expected MELD's clips of split 'test'"):
        read(tmp_path, tables={"test": "t.csv"})
    with pytest.raises(UserError, match=r"clips: no folder of split 'test'"):
        read(tmp_path, tables={"test": "t.csv"}, clips={"train": "x"})
    put(tmp_path / "output_repeated_splits_test" / "a.mp4", b"")
    put(tmp_path / "t.csv", MELD_HEADER.replace("Dialogue_ID", "Dialog").encode())
    with pytest.raises(UserError, match="unknown column 'Dialogue_ID'"):
        read(tmp_path, tables={"test": "t.csv"})
