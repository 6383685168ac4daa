"""ArtEmis: both tables, names whose accents changed on the way to the disk, paintings that many described."""

import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pacl_core.datasets.readers import Item, artemis, read_items
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table
from pacl_core.media.rejects import Rejected
from tests.paths import ROOT
from tests.pretext_trees import ACCENTED, PREPROCESSED, RELEASE, artemis_rows, write_artemis, write_table
from tests.published_trees import image, put

RECORD = load_record(ROOT / "data/datasets/artemis.yaml")
RELEASED = "artemis_dataset_release_v0.csv"


def read(path: Path, **options: Any) -> tuple[list[Item], list[Rejected]]:
    found = list(artemis.read(path, artemis.Options(**options)))
    items = [one for one in found if isinstance(one, Item)]
    return items, [one for one in found if isinstance(one, Rejected)]


def stored(tmp_path: Path, path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    out = tmp_path / "captions.parquet"
    told = write_dataset(
        RECORD, read_items(RECORD, path), out, storage=Storage(32), workers=2, scratch=tmp_path / "scratch"
    )
    return told, read_table(out).to_pylist()


def named(folder: Path, names: list[str], on_disk: list[str]) -> Path:
    """A table of paintings, and pictures under these names."""
    row = {"art_style": "Cubism", "emotion": "awe", "utterance": "a face", "repetition": "5"}
    write_table(folder / RELEASED, [row | {"painting": name} for name in names])
    for number, name in enumerate(on_disk):
        put(folder / "wikiart/Cubism" / f"{name}.jpg", image(number))
    return folder


def test_the_release(tmp_path: Path) -> None:
    told, rows = stored(tmp_path, write_artemis(tmp_path / "published"))
    counts = told["counts"]
    assert counts["rejected_by_reason"] == {"empty_caption": 1, "missing_image": 1, "repetition": 2}
    assert sum(counts["items"].values()) == len(rows) == 20 * 5 + 2
    assert counts["items"] == {"train": 87, "val": 5, "test": 10}
    assert told["splits"] == "ours"
    split_of: dict[str, set[str]] = {}
    for row in rows:
        split_of.setdefault(row["item_id"].partition("#")[0], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in split_of.values()) and len(split_of) == 22
    assert {"Sie weint vor Glück", "The light, number 0 of 0, makes me feel calm"} <= {
        r["caption"] for r in rows
    }


def test_captions_of_a_painting_share_its_bytes(tmp_path: Path) -> None:
    items, _ = read(write_artemis(tmp_path))
    of_first = [one for one in items if one.image_name == items[0].image_name]
    assert len(of_first) == 5 and items[:5] == of_first
    assert all(one.image is of_first[0].image for one in of_first)


def test_the_preprocessed_table_and_its_splits(tmp_path: Path) -> None:
    rows = artemis_rows(4, 2)
    split = dict(zip((row["painting"] for row in rows[:4]), ("train", "val", "test", "rest"), strict=True))
    for row in rows:
        put(tmp_path / "wikiart" / row["art_style"] / f"{row['painting']}.jpg", image(len(row["painting"])))
        row |= {"split": split[row["painting"]], "tokens": "['the']", "tokens_encoded": "[1, 4, 2]"}
        row |= {"utterance_spelled": "corrected", "emotion_label": "2"}
    rows.append(rows[0] | {"split": "dev"})
    write_table(tmp_path / "artemis_preprocessed.csv", rows, PREPROCESSED)
    items, rejected = read(tmp_path)
    assert Counter(one.split for one in items) == {"train": 2, "val": 2, "test": 2}
    assert all(str(one.values["utterance"]).startswith("The light") for one in items)  # not as "corrected"
    assert Counter(one.reason for one in rejected) == {"left_out": 2, "unknown_split": 1}


def test_many_captions_of_a_painting(tmp_path: Path) -> None:
    path = write_artemis(tmp_path)
    assert Counter(one.reason for one in read(path)[1])["repetition"] == 2
    items, rejected = read(path, max_repetition=None)
    assert "repetition" not in Counter(one.reason for one in rejected)
    assert sum("starry-night" in one.item_id for one in items) == 2
    rows = artemis_rows(1, 1)
    write_table(path / RELEASED, [row | {"repetition": "many"} for row in rows])
    assert [(one.source, one.reason) for one in read(path)[1]] == [(f"{RELEASED}:1", "malformed_row")]


def test_a_name_matches_exactly_before_anything_else(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "andré")
    both = [composed, unicodedata.normalize("NFD", composed)]
    items, _ = read(named(tmp_path, both, both))
    assert [one.image for one in items] == [image(0), image(1)]


def test_a_name_matches_in_composed_letters(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "andré") for form in ("NFC", "NFD"))
    assert len(read(named(tmp_path / "a", [composed], [decomposed]))[0]) == 1
    items, _ = read(named(tmp_path / "b", [decomposed, composed], [composed]))
    assert len({one.image_name for one in items}) == 1 and len(items) == 2  # one painting, in one split


def test_a_mangled_name_matches_by_its_ascii_letters_if_one_fits(tmp_path: Path) -> None:
    mangled = ACCENTED.encode().decode("latin-1")
    (item,), _ = read(named(tmp_path / "a", [ACCENTED], [mangled, "another"]))
    assert item.image == image(0) and item.item_id == f"Cubism/{ACCENTED}#1"
    (item,), _ = read(named(tmp_path / "b", [mangled], [ACCENTED]))  # the table may be the mangled one
    assert item.image == image(0)
    for names, on_disk in (([ACCENTED], [mangled, "claude-flix_t-1901"]), (["fé", "fè"], ["f?"])):
        items, rejected = read(named(tmp_path / names[0], names, [one.replace("?", "Ã©") for one in on_disk]))
        assert not items and {one.reason for one in rejected} == {"ambiguous_image"}


def test_the_same_name_in_another_style_is_another_painting(tmp_path: Path) -> None:
    path = named(tmp_path, ["face"], [])
    put(path / "wikiart/Realism/face.jpg", image(1))
    assert [(one.source, one.reason) for one in read(path)[1]] == [("Cubism/face#1", "missing_image")]


def test_nothing_leads_out_of_the_data_set(tmp_path: Path) -> None:
    put(tmp_path / "secret.jpg", image(1))
    path = named(tmp_path / "published", ["../../../secret"], ["a"])
    assert [one.reason for one in read(path)[1]] == ["outside_dataset"]


@pytest.mark.parametrize("folder", ["official_data", "artemis_official_data/official_data"])
def test_the_table_in_the_folders_of_the_archive(tmp_path: Path, folder: str) -> None:
    named(tmp_path, ["a"], ["a"])
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / RELEASED).rename(tmp_path / folder / RELEASED)
    assert len(read(tmp_path)[0]) == 1


def test_a_table_that_is_not_there_or_lacks_a_column(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no table of ArtEmis \(artemis_dataset_release_v0.csv or "):
        read(tmp_path)
    write_table(tmp_path / RELEASED, [], RELEASE[:-1])
    with pytest.raises(UserError, match="repetition"):
        read(tmp_path)
    assert read(tmp_path, max_repetition=None) == ([], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_with_a_byte_order_mark_or_without(tmp_path: Path, encoding: str) -> None:
    table = write_artemis(tmp_path) / RELEASED
    text = table.read_text("utf-8-sig")
    table.write_text(text, encoding)
    items, _ = read(tmp_path)
    assert text.startswith("art_style") and len(items) == 103


def test_utterances_of_any_kind_are_kept(tmp_path: Path) -> None:
    texts = ['she said "no",\nand left', "彼女は泣いている", "word " * 10_000 + "end", "???"]
    row = {"art_style": "Cubism", "painting": "a", "emotion": "awe", "repetition": "5"}
    write_table(tmp_path / RELEASED, [row | {"utterance": text} for text in texts])
    put(tmp_path / "wikiart/Cubism/a.jpg", image(1))
    assert [one.values["utterance"] for one in read(tmp_path)[0]] == texts
