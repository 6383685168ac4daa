"""Places365 in both published forms: the same classes with the same numbers, whatever the order of files."""

import io
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pacl_core.datasets.readers import Item, places365, read_items, with_classes
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table
from pacl_core.media.rejects import Rejected
from tests.paths import ROOT
from tests.pretext_trees import SCENES, write_places365_easy, write_places365_plain
from tests.published_trees import image, put

RECORD = load_record(ROOT / "data/datasets/places365.yaml")
OPTIONS = places365.Options()


def labels(path: Path, **options: Any) -> Counter[tuple[str | None, object]]:
    found = list(places365.read(path, places365.Options(**options)))
    assert all(isinstance(one, Item) for one in found), found
    return Counter((one.split, one.values["label"]) for one in found if isinstance(one, Item))


def reasons(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in places365.read(path, OPTIONS):
        if isinstance(one, Rejected):
            found.setdefault(one.reason, []).append(one.source)
    return found


EVERY = Counter(
    {**{("train", name): 3 for name in SCENES.values()}, **{("val", n): 1 for n in SCENES.values()}}
)


@pytest.mark.parametrize("lists", [True, False])
def test_the_easy_form_with_and_without_its_lists(tmp_path: Path, lists: bool) -> None:
    path = write_places365_easy(tmp_path, lists=lists)
    assert labels(path) == labels(path / "places365_standard") == EVERY
    # no categories_places365.txt: numbered by name, not by the order of a listing
    assert places365.classes(path, OPTIONS) == tuple(sorted(SCENES.values()))


def test_the_plain_form_has_the_numbers_of_its_categories(tmp_path: Path) -> None:
    path = write_places365_plain(tmp_path)
    assert labels(path) == EVERY
    assert places365.classes(path, OPTIONS) == tuple(SCENES.values()) != tuple(sorted(SCENES.values()))


def test_the_numbers_also_hold_for_the_easy_form(tmp_path: Path) -> None:
    path = write_places365_easy(tmp_path / "easy")
    plain = write_places365_plain(tmp_path / "plain")
    shutil.copy(plain / "categories_places365.txt", path / "places365_standard")
    assert places365.classes(path, OPTIONS) == tuple(SCENES.values())


def test_without_categories_the_lists_say_what_a_number_of_val_means(tmp_path: Path) -> None:
    path = write_places365_plain(tmp_path)
    (path / "categories_places365.txt").unlink()
    assert labels(path) == EVERY
    assert places365.classes(path, OPTIONS) == tuple(sorted(SCENES.values()))


def test_nested_classes_as_folders(tmp_path: Path) -> None:
    """The easy form has a hyphen; a copy by hand may have kept the folders."""
    for number, name in enumerate(("apartment_building/outdoor", "apartment_building-outdoor")):
        put(tmp_path / "train" / name / f"{number}.jpg", image(number))
    assert labels(tmp_path) == {("train", "apartment_building-outdoor"): 2}
    assert places365.class_name("/a/apartment_building/outdoor") == "apartment_building-outdoor"
    assert places365.class_name("airfield") == "airfield"


def test_of_two_sizes_the_small_one_unless_told(tmp_path: Path) -> None:
    path = write_places365_plain(write_places365_plain(tmp_path), size="large")
    large = (path / "data_large/b/bar/00000000.jpg").read_bytes()
    put(path / "data_256/b/bar/00000000.jpg", image(77))
    (first, *_), (other, *_) = (
        list(places365.read(path, places365.Options(size=s))) for s in (None, "large")
    )
    assert isinstance(first, Item) and isinstance(other, Item)
    assert (first.image, other.image) == (image(77), large)


def test_lines_that_cannot_be_used(tmp_path: Path) -> None:
    path = write_places365_plain(tmp_path)
    with (path / "places365_train_standard.txt").open("a") as stream:
        stream.write(
            "\n/b/bar/x.jpg\n/b/bar/00000000.jpg 1\n/b/bar/gone.jpg 0\n/../../x.jpg 0\n/b/bar/1.jpg 9\n"
        )
    assert reasons(path) == {
        "malformed_row": ["places365_train_standard.txt:13"],
        "contradictory_label": ["train/b/bar/00000000.jpg", "train/../../x.jpg"],
        "missing_image": ["train/b/bar/gone.jpg"],
        "unknown_label": ["train/b/bar/1.jpg"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/a/airfield 0\n/b/bar", r"txt:2: no '/<letter>/<class> <number>'"),
        ("/a/airfield 0\n/b/bar 0", "class 'bar' or number 0 is there twice"),
        ("/a/airfield 0\n/b/bar 2", "its numbers are not 0 to 1"),
    ],
)
def test_categories_that_cannot_be_numbers(tmp_path: Path, text: str, message: str) -> None:
    path = write_places365_plain(tmp_path)
    (path / "categories_places365.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        places365.classes(path, OPTIONS)


def test_neither_form(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no Places365; expected train/ and val/ with a folder per class"):
        list(places365.read(tmp_path, OPTIONS))


@pytest.mark.parametrize("write", [write_places365_easy, write_places365_plain])
def test_the_record_stores_classes_of_the_data_and_no_test(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path / "published")
    record = with_classes(RECORD, path)
    out = tmp_path / "scenes.parquet"
    told = write_dataset(
        record, read_items(record, path), out, storage=Storage(32), workers=1, scratch=tmp_path / "scratch"
    )
    assert told["splits"] == "official" and told["counts"]["items"] == {"train": 12, "val": 4}
    (task,) = told["tasks"]
    rows = read_table(out)
    for name, index in zip(rows["item_id"].to_pylist(), rows["scene"].to_pylist(), strict=True):
        if "val_0" not in name:
            assert task["classes"][index] == places365.class_name(name.partition("/")[2].rpartition("/")[0])


def test_a_class_only_in_val_and_one_with_one_picture(tmp_path: Path) -> None:
    path = write_places365_easy(tmp_path / "published", lists=False)
    put(path / "places365_standard/val/zen_garden/1.jpg", image(501))
    put(path / "places365_standard/train/arch/1.jpg", image(502))
    record = with_classes(RECORD, path)
    told = write_dataset(
        record,
        read_items(record, path),
        tmp_path / "scenes.parquet",
        storage=Storage(32),
        workers=1,
        scratch=tmp_path / "scratch",
    )
    classes = told["tasks"][0]["classes"]
    counts = told["counts"]["classes"]["scene"]
    assert (classes[-1], counts["train"][-1], counts["val"][-1]) == ("zen_garden", 0, 1)
    arch = classes.index("arch")
    assert (counts["train"][arch], counts["val"][arch]) == (1, 0)


def test_pictures_of_any_kind_are_stored_as_rgb_or_refused_by_reason(tmp_path: Path) -> None:
    path = write_places365_easy(tmp_path / "published", lists=False)
    noise = np.random.default_rng(0).integers(0, 256, (40, 48, 4), np.uint8)
    pictures = {
        "grey.jpg": Image.fromarray(noise[..., 0]),
        "cmyk.jpg": Image.fromarray(noise, "CMYK"),
        "deep.png": Image.fromarray(noise[..., 1].astype(np.uint16) * 257),
        "clear.png": Image.fromarray(noise, "RGBA"),
        "flat.png": Image.fromarray(noise[:1, :, :3]),
        "line.png": Image.fromarray(noise[:1, :, :3]).resize((5000, 1)),
    }
    for name, picture in pictures.items():
        stream = io.BytesIO()
        picture.save(stream, "JPEG" if name.endswith("jpg") else "PNG")
        put(path / "places365_standard/train/bar" / name, stream.getvalue())
    record = with_classes(RECORD, path)
    out = tmp_path / "scenes.parquet"
    told = write_dataset(
        record, read_items(record, path), out, storage=Storage(32), workers=1, scratch=tmp_path / "scratch"
    )
    assert told["counts"]["rejected_by_reason"] == {"too_narrow": 1}
    rows = {Path(row["item_id"]).name: row["image"] for row in read_table(out).to_pylist()}
    for name in pictures.keys() - {"line.png"}:
        assert Image.open(io.BytesIO(rows[name])).mode == "RGB"
    assert Image.open(io.BytesIO(rows["flat.png"])).size == (48, 1)
