"""Small trees of the data sets of Feng et al.'s pretext tasks, in the layouts in which they are published."""

import csv
import io
import unicodedata
from pathlib import Path

from tests.published_trees import image, put

# folder in the plain form -> class as the easy form has it; numbers in the order of this list, not by name
SCENES = {
    "/b/bar": "bar",
    "/a/airfield": "airfield",
    "/a/apartment_building/outdoor": "apartment_building-outdoor",
    "/c/church/indoor": "church-indoor",
}
PAIRS = ("abandoned_area", "happy_dog", "sad_rain")
ACCENTED = "claude-félix_été-1901"


def write_places365_easy(folder: Path, per_class: int = 3, *, lists: bool = True) -> Path:
    """`places365_standard/`, one picture of each class in val, a test folder without labels."""
    root = folder / "places365_standard"
    listed: dict[str, list[str]] = {"train": [], "val": []}
    for place, name in enumerate(SCENES.values()):
        for number in range(per_class + 1):
            split = "val" if number == per_class else "train"
            path = f"{split}/{name}/{number:08}.jpg"
            put(root / path, image(100 * place + number))
            listed[split].append(path)
    put(root / "test" / "Places365_test_00000001.jpg", image(9999))
    for split, rows in listed.items() if lists else ():
        put(root / f"{split}.txt", "\n".join(reversed(rows)).encode())
    return folder


def write_places365_plain(folder: Path, per_class: int = 3, size: str = "256") -> Path:
    """Lists of the plain form; `categories_places365.txt` has its numbers in no order."""
    train, val = [], []
    for place, name in enumerate(SCENES):
        for number in range(per_class):
            path = f"{name}/{number:08}.jpg"
            put(folder / f"data_{size}{path}", image(100 * place + number))
            train.append(f"{path} {place}")
        path = f"Places365_val_{place:08}.jpg"
        put(folder / f"val_{size}" / path, image(100 * place + 99))
        val.append(f"{path} {place}")
    put(folder / "test_256" / "Places365_test_00000001.jpg", image(9999))
    put(folder / "places365_test.txt", b"Places365_test_00000001.jpg")
    put(folder / "places365_train_standard.txt", "\n".join(train).encode())
    put(folder / "places365_val.txt", "\n".join(val).encode())
    numbers = [f"{name} {place}" for place, name in enumerate(SCENES)]
    put(folder / "categories_places365.txt", "\n".join(numbers[::-1]).encode())
    return folder


def flickr(number: int) -> str:
    """A picture's name as Flickr gives it."""
    return f"{number:010}_{number * 2654435761 % (1 << 40):010x}.jpg"


def write_vso(folder: Path, per_class: int = 10) -> Path:
    """Placeholders under several photo numbers, a photo with two pairs, a broken file, a tiny folder."""
    root = folder / "Images_with_CC/bi_concepts1553"
    for place, pair in enumerate(PAIRS):
        for number in range(per_class):
            photo = 10_000_000 + 100 * place + number
            put(root / pair / flickr(photo), image(photo))
        put(root / pair / flickr(20_000_000 + place), image(1))
    for pair in PAIRS[:2]:
        put(root / pair / flickr(30_000_000), image(2))
    put(root / PAIRS[0] / flickr(40_000_000), b"<html>This photo is no longer available</html>")
    put(root / PAIRS[1] / flickr(40_000_001), image(3)[:200])
    put(root / "lonely_tree" / flickr(50_000_000), image(4))
    put(root / "readme.txt", b"VSO")
    return folder


def write_vso_divided(folder: Path, per_class: int = 4) -> Path:
    """train/ and test/ as Feng et al. divided it; one pair only in test."""
    for place, pair in enumerate(PAIRS):
        for number in range(per_class):
            split = "test" if number == 0 or pair == PAIRS[2] else "train"
            photo = 10_000_000 + 100 * place + number
            put(folder / split / pair / flickr(photo), image(photo))
    return folder


RELEASE = ("art_style", "painting", "emotion", "utterance", "repetition")
PREPROCESSED = (*RELEASE, "split", "utterance_spelled", "tokens", "tokens_encoded", "emotion_label")


def artemis_rows(paintings: int, captions: int) -> list[dict[str, str]]:
    """Rows of the release: the captions of a painting lie apart from each other."""
    return [
        {
            "art_style": ("Impressionism", "Cubism")[painting % 2],
            "painting": f"painter-{painting}_still-life-{1900 + painting}",
            "emotion": ("awe", "something else")[caption % 2],
            "utterance": f"The light, number {caption} of {painting}, makes me feel calm",
            "repetition": str(captions),
        }
        for caption in range(captions)
        for painting in range(paintings)
    ]


def write_table(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = RELEASE) -> None:
    """A CSV as pandas writes it, with a byte-order mark."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    put(path, b"\xef\xbb\xbf" + stream.getvalue().encode())


def write_artemis(folder: Path, paintings: int = 20, captions: int = 5) -> Path:
    """The release, with a painting of 41 captions, one without a picture, and accents that differ on disk."""
    rows = artemis_rows(paintings, captions)
    for number, row in enumerate(rows[:paintings]):
        put(folder / "wikiart" / row["art_style"] / f"{row['painting']}.jpg", image(number))
    odd = rows[0] | {"art_style": "Cubism"}
    rows.append(odd | {"painting": ACCENTED, "utterance": "Sie weint vor Glück"})
    mojibake = ACCENTED.encode().decode("latin-1")
    put(folder / "wikiart/Cubism" / f"{mojibake}.jpg", image(1000))
    rows.append(odd | {"painting": "andré_nu", "utterance": "a nude, decomposed on disk"})
    put(folder / "wikiart/Cubism" / f"{unicodedata.normalize('NFD', 'andré_nu')}.jpg", image(1001))
    rows.append(odd | {"painting": "gone", "utterance": "no picture of it"})
    rows += [odd | {"painting": "starry-night", "repetition": "41", "utterance": "seen by many"}] * 2
    put(folder / "wikiart/Cubism/starry-night.jpg", image(1002))
    rows += [odd | {"painting": rows[1]["painting"], "utterance": ""}]
    write_table(folder / "artemis_dataset_release_v0.csv", rows)
    put(folder / "vocabulary.pkl", b"never opened")
    return folder
