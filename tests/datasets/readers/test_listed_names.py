"""Names as other systems write them, and names that lead out of the data set, in every reader."""

import json
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from pacl_core.datasets.readers import Item
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError
from tests.datasets.readers.test_records import EXPECTED, read
from tests.published_trees import WRITERS, image, put, write_emotic

NFC, NFD = "\u00e9", "e\u0301"
ABSTRACT = "Amusement,Anger,Awe,Content,Disgust,Excitement,Fear,Sad\n"
EMOTIC = "Folder,Filename,Image Size,BBox,Categorical_Labels,Continuous_Labels\n"
IAPS = "desc\tIAPS\tvalmn\taromn\tdom1mn\tdom2mn\n"
PENG = "[image_filename]\t[valence]\t[arousal]\t" + "\t".join(
    f"[prob. {name}]" for name in ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
)


def reader_of(name: str, folder: Path, **options: object) -> list[Item | Rejected]:
    reader = import_module(f"pacl_core.datasets.readers.{name}")
    return list(reader.read(folder, reader.Options.model_validate(options)))


def abstract(folder: Path, name: str) -> list[Item | Rejected]:
    put(folder / "ABSTRACT_groundTruth.csv", f"{ABSTRACT}'{name}'{',1' * 8}\n".encode())
    return reader_of("abstract", folder)


def emoset(folder: Path, name: str) -> list[Item | Rejected]:
    for split in ("train", "val", "test"):
        put(folder / f"{split}.json", json.dumps([["joy", name, ""]] if split == "val" else []).encode())
    return reader_of("emoset", folder)


def emotic(folder: Path, name: str) -> list[Item | Rejected]:
    put(folder / "emotic" / "x", b"")
    put(folder / "train.csv", f"""{EMOTIC}.,../{name},,"[0, 0, 9, 9]","['Peace']","[1, 2, 3]"\n""".encode())
    return reader_of("emotic", folder, annotations={"train": "train.csv"})


def emotion6_peng(folder: Path, name: str) -> list[Item | Rejected]:
    put(folder / "ground_truth.txt", (f"{PENG}\n{name}" + "\t0.1" * 9).encode())
    return reader_of("emotion6_peng", folder, images=".")


def iaps(folder: Path, name: str) -> list[Item | Rejected]:
    stem, _, _ = name.rpartition(".")
    put(folder / "AllSubjects_1-20.txt", f"{IAPS}x\t{stem}\t1\t2\t3\t.\n".encode())
    return reader_of("iaps", folder, images=".")


def manifest(folder: Path, name: str) -> list[Item | Rejected]:
    put(folder / "m.csv", f"image,mood\n{name},calm\n".encode())
    return reader_of("manifest", folder, file="m.csv", values=["mood"])


def manifest_pattern(folder: Path, name: str) -> list[Item | Rejected]:
    stem, _, _ = name.rpartition(".")
    put(folder / "m.csv", f"name\n{stem}\n".encode())
    return reader_of("manifest", folder / "m.csv", image="{name}.jpg")


def webemo(folder: Path, name: str) -> list[Item | Rejected]:
    put(folder / "category.txt", b"('affection', 'love', '+')\n")
    put(folder / "train25.txt", f"http://{name} 0\n".encode())
    put(folder / "test25.txt", b"")
    return reader_of("webemo", folder, image="{host}/{path}")


LISTS = [abstract, emoset, emotic, emotion6_peng, iaps, manifest, manifest_pattern, webemo]
ReadList = Callable[[Path, str], list[Item | Rejected]]


@pytest.mark.parametrize("read_list", LISTS)
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a\\b/1.jpg", "a/b/1.jpg"),
        ("a/b\\1.jpg", "a/b/1.JPG"),
        (f"caf{NFC}/{NFC}.jpg", f"caf{NFD}/{NFD}.jpg"),
        (f"caf{NFD}/{NFD}.jpg", f"caf{NFC}/{NFC}.JPG"),
    ],
)
def test_names_of_other_systems_are_met(tmp_path: Path, read_list: ReadList, name: str, file: str) -> None:
    put(tmp_path / file, image(7))
    (item,) = read_list(tmp_path, name)
    assert isinstance(item, Item) and item.image == image(7)


@pytest.mark.parametrize("read_list", LISTS[:-1])
@pytest.mark.parametrize("name", ["../../x.jpg", "a/../../../x.jpg", "..\\..\\x.jpg"])
def test_names_that_lead_out_are_rejected(tmp_path: Path, read_list: ReadList, name: str) -> None:
    folder = tmp_path / "set" / "deep"
    for place in (tmp_path, tmp_path / "set", folder):
        put(place / "x.jpg", image(1))
    (rejected,) = read_list(folder, name)
    assert isinstance(rejected, Rejected) and rejected.reason == "outside_dataset"


@pytest.mark.parametrize("address", ["../x.jpg", "h.com/..\\..\\x.jpg"])
def test_addresses_that_lead_out_are_rejected(tmp_path: Path, address: str) -> None:
    put(tmp_path / "x.jpg", image(1))
    (rejected,) = webemo(tmp_path / "set", address)
    assert isinstance(rejected, Rejected) and rejected.reason == "outside_dataset"


@pytest.mark.parametrize("read_list", [abstract, emoset, emotion6_peng, iaps, manifest])
def test_absolute_names_are_rejected(tmp_path: Path, read_list: ReadList) -> None:
    put(tmp_path / "x.jpg", image(1))
    (rejected,) = read_list(tmp_path / "set", str(tmp_path / "x.jpg"))
    assert isinstance(rejected, Rejected) and rejected.reason == "outside_dataset"


@pytest.mark.parametrize("name", EXPECTED)
def test_published_trees_with_suffixes_in_upper_case(tmp_path: Path, name: str) -> None:
    folder = WRITERS[name](tmp_path)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix and not path.name.startswith("."):
            path.rename(path.with_suffix(path.suffix.upper()))
    found = read(name, folder)
    reasons = Counter(one.reason for one in found if isinstance(one, Rejected))
    assert (sum(isinstance(one, Item) for one in found), dict(reasons)) == EXPECTED[name]


def test_folders_of_classes_in_either_form(tmp_path: Path) -> None:
    put(tmp_path / f"Fiert{NFD}" / "1.jpg", image(1))
    put(tmp_path / "joie" / f"mal{NFD}" / "1.jpg", image(2))
    options = {"classes": [f"fiert{NFC}", "joie", "mal"], "misplaced": {f"joie\\mal{NFC}": "mal"}}
    found = reader_of("class_folders", tmp_path, **options)
    assert [one.values["label"] for one in found if isinstance(one, Item)] == [f"fiert{NFC}", "mal"]


def test_persons_of_one_image_still_share_its_bytes(tmp_path: Path) -> None:
    """By this the store decodes an image once, whichever form its name has."""
    folder = write_emotic(tmp_path)
    for path in (folder / "emotic").rglob("*.jpg"):
        path.rename(path.with_suffix(".JPG"))
    found = [one for one in reader_of("emotic", folder) if isinstance(one, Item)]
    assert found[1].image_name == found[2].image_name and found[1].image is found[2].image


def test_a_link_within_the_data_set_is_followed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "1.jpg", image(3))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "photos").symlink_to(tmp_path / "elsewhere")
    (item,) = manifest(tmp_path / "set", "photos\\1.jpg")
    assert isinstance(item, Item) and item.image == image(3)
    with pytest.raises(UnusableError):
        read_image(tmp_path / "set" / "photos" / "2.jpg")
