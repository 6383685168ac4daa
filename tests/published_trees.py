"""Small trees in the layouts in which data sets are published, their traps included.

Each `write_<record>(folder, ...)` fills a folder that a record of data/datasets reads, and returns it: the
path of the data set. Images differ from one another, but for those that are meant not to.
"""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from PIL import Image

EIGHT = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
SIX = ("anger", "fear", "joy", "love", "sadness", "surprise")
WEBEMO = (
    "affection/love/+ cheerfullness/joy/+ confusion/sadness/- contentment/joy/+ disappointment/sadness/- "
    "disgust/anger/- enthrallment/joy/+ envy/anger/- exasperation/anger/- gratitude/love/+ horror/fear/- "
    "irritabilty/anger/- lust/love/+ neglect/sadness/- nervousness/fear/- optimism/joy/+ pride/joy/+ "
    "rage/anger/- relief/joy/+ sadness/sadness/- shame/sadness/- suffering/sadness/- surprise/surprise/+ "
    "sympathy/sadness/- zest/joy/+"
)
SIDE = 32


def image(number: int, side: int = SIDE, form: str = "JPEG") -> bytes:
    """An image of its own for each number: a coarse random pattern, so that perceptual hashes differ too."""
    pattern = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pattern).resize((side, side), Image.Resampling.BILINEAR).save(stream, form)
    return stream.getvalue()


def put(path: Path, data: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_fi(folder: Path, per_class: int = 4, placeholders: int = 2) -> Path:
    """`placeholders` byte-identical images in every class; a note and a thumbnail cache next to images."""
    for place, label in enumerate(EIGHT):
        for number in range(per_class):
            put(folder / label / f"{label}_{number:04}.jpg", image(place * per_class + number))
        for number in range(placeholders):
            put(folder / label / f"{label}_gone_{number}.jpg", image(10**6))
    put(folder / "readme.txt", b"FI")
    put(folder / "fear" / "Thumbs.db", b"cache")
    put(folder / "fear" / ".hidden.jpg", b"no picture")
    return folder


def write_emotion6_panda(folder: Path, per_class: int = 4) -> Path:
    """Images in object folders below the classes; disgust misplaced as anger/digust."""
    for place, label in enumerate(SIX):
        for number in range(per_class):
            put(folder / "images" / label / "web" / f"{number}.jpg", image(100 * place + number))
    for number in range(per_class):
        put(folder / "images/anger/digust/images" / f"{number}.jpg", image(900 + number))
    return folder


def write_unbiasedemo(folder: Path, per_class: int = 4) -> Path:
    """One file name under every class and object."""
    for place, label in enumerate(SIX):
        for number in range(per_class):
            path = folder / "images" / label / ("cat" if number % 2 else "cars") / f"{number // 2}.jpg"
            put(path, image(100 * place + number))
    return folder


def write_artphoto(folder: Path, per_class: int = 4) -> Path:
    """Labels before the first underscore, with ArtPhoto's own content and sad."""
    labels = ("amusement", "anger", "awe", "content", "disgust", "excitement", "fear", "sad")
    for place, label in enumerate(labels):
        for number in range(per_class):
            put(folder / f"{label}_{number:04}.jpg", image(100 * place + number))
    return folder


def write_webemo(folder: Path, train: int = 100, test: int = 50) -> Path:
    """Addresses with queries, an image that was not fetched, an index beyond the classes, a broken line."""
    rows = [row.split("/") for row in WEBEMO.split()]
    put(folder / "category.txt", "".join(f"{tuple(row)!r}\n" for row in rows).encode())
    number = 0
    for name, count in (("train25.txt", train), ("test25.txt", test)):
        lines = []
        for place in range(count):
            lines.append(f"http://www.host{place % 3}.com/a b/{number}.jpg?size={place} {place % 25}")
            put(folder / "images" / f"{number}.jpg", image(number))
            number += 1
        lines += ["http://gone.com/never_fetched.jpg 3", "http://www.host0.com/a/0.jpg 25", "no line of it"]
        put(folder / name, "\r\n".join(lines).encode())
    return folder


def emotic_persons(images: int = 6) -> list[dict[str, Any]]:
    """Persons as both forms of EMOTIC hold them: one or two in an image, boxes beyond its edges, NaN
    ratings, one category or several, both spellings of Disquietment.
    """
    persons = []
    for place in range(3 * images):
        split = ("train", "val", "test")[place // images]
        source = ("mscoco", "emodb_small", "framesdb", "ade20k")[place % 4]
        for person in range(1 + place % 2):
            names = ["Disquietment", "Peace", "Doubt/Confusion"] if person else ["Engagement"]
            names = ["Disquitement", "Fear"] if place % 3 == 0 and person else names
            missing = place == 1 and person == 0
            persons.append(
                {
                    "split": split,
                    "folder": f"{source}/images",
                    "filename": f"{split}_{place}.jpg",
                    "number": place,
                    "box": (-2, 3, SIDE + 4, SIDE - 2) if person else (4, 5, 20, 30),
                    "categories": names,
                    "ratings": (float("nan"),) * 3 if missing else (1 + place % 10, 5.5, 10 - person),
                }
            )
    return persons


def write_emotic(folder: Path, images: int = 6) -> Path:
    """The published form: images in four folders, annotations as MATLAB structs."""
    persons = _emotic_images(folder, images)
    structs: dict[str, Any] = {}
    for split in ("train", "val", "test"):
        names = dict.fromkeys((p["folder"], p["filename"]) for p in persons if p["split"] == split)
        records = []
        for place, filename in names:
            inside = [p for p in persons if (p["folder"], p["filename"]) == (place, filename)]
            records.append(
                {
                    "filename": filename,
                    "folder": place,
                    "image_size": _structs([{"n_col": SIDE, "n_row": SIDE}]),
                    "person": _structs([_emotic_struct(person) for person in inside]),
                }
            )
        structs[split] = _structs(records)
    (folder / "Annotations").mkdir()
    scipy.io.savemat(folder / "Annotations" / "Annotations.mat", structs, do_compression=True)
    return folder


def write_emotic_csv(folder: Path, images: int = 6) -> Path:
    """The form many people hold: train.csv, val.csv and test.csv with lists as Python text."""
    persons = _emotic_images(folder, images)
    for split in ("train", "val", "test"):
        lines = [
            ",Folder,Filename,Image Size,BBox,Categorical_Labels,Continuous_Labels,Gender,Age",
        ]
        for place, person in enumerate(p for p in persons if p["split"] == split):
            lists = (
                [SIDE, SIDE],
                list(person["box"]),
                person["categories"],
                [float(rating) for rating in person["ratings"]],
            )
            cells = ",".join(f'"{cell}"' for cell in lists)
            lines.append(f"{place},{person['folder']},{person['filename']},{cells},Male,Adult")
        put(folder / f"{split}.csv", "\n".join(lines).encode())
    return folder


def write_iaps(folder: Path, count: int = 30) -> Path:
    """Preamble, missing dominance, a number with a point, one rated twice, a .JPG, a missing image."""
    header = "desc\tIAPS\tvalmn\tvalsd\taromn\tarosd\tdom1mn\tdom1sd\tdom2mn\tdom2sd\tset"
    lines = ["IAPS Technical Manual", "", "All subjects", "", "Ratings from 1 to 9", "", header]
    for place in range(count):
        number = "2055.1" if place == 1 else str(2054 + place)
        dominance = ".\t.\t4.5\t1.9" if place % 5 == 4 else "5.25\t1.9\t.\t."
        lines.append(
            f"Thing\t{number}\t{1 + place % 8}.5\t1.2\t{2 + place % 6}.25\t2.0\t{dominance}\t{place}"
        )
        put(folder / "images" / f"{number}.{'JPG' if place == 2 else 'jpg'}", image(place))
    lines.append("Thing\t2054\t2.5\t1.2\t3.25\t2.0\t6.25\t1.9\t.\t.\t20")  # rated 1.5, 2.25, 5.25 above
    lines.append("Gone\t9999\t2.5\t1.2\t3.25\t2.0\t6.25\t1.9\t.\t.\t20")
    put(folder / "AllSubjects_1-20.txt", "\r\n".join(lines).encode())
    return folder


def write_emotion6_peng(folder: Path, per_keyword: int = 5) -> Path:
    """The bracketed header; keywords that are not the largest share."""
    emotions = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
    columns = ["image_filename", "valence", "arousal"]
    columns += [f"prob. {name}" for name in (*emotions, "neutral")]
    lines = ["\t".join(f"[{name}]" for name in columns)]
    for place, keyword in enumerate(emotions):
        for number in range(1, per_keyword + 1):
            put(folder / "images" / keyword / f"{number}.jpg", image(100 * place + number))
            shares = ["0.133333", "0.7", "0", "0.0666667", "0.1", "0", "0"]
            shares = shares[number % 7 :] + shares[: number % 7]
            rating = f"{1 + (place + number) % 9}\t3.8"
            lines.append(f"{keyword}/{number}.jpg\t{rating}\t" + "\t".join(shares))
    put(folder / "ground_truth.txt", "\n".join(lines).encode())
    return folder


def write_abstract(folder: Path, count: int = 30) -> Path:
    """Votes; file names in single quotes; the header has no name for them."""
    lines = ["Amusement,Anger,Awe,Content,Disgust,Excitement,Fear,Sad"]
    for number in range(count):
        votes = ",".join(str((number + 3 * place) % 7) for place in range(8))
        lines.append(f"'abstract_{number:04}.jpg',{votes}")
        put(folder / f"abstract_{number:04}.jpg", image(number))
    put(folder / "ABSTRACT_groundTruth.csv", "\r\n".join(lines).encode())
    return folder


def write_emoset(folder: Path, per_class: int = 4) -> Path:
    """Official lists of [label, image, annotation]."""
    counts = {"train": per_class, "val": 1, "test": 2}
    number = 0
    for split, count in counts.items():
        rows = []
        for label in EIGHT:
            for _ in range(count):
                name = f"{label}/{label}_{number:05}"
                put(folder / "image" / f"{name}.jpg", image(number))
                rows.append([label, f"image/{name}.jpg", f"annotation/{name}.json"])
                number += 1
        put(folder / f"{split}.json", json.dumps(rows).encode())
    return folder


def write_oasis(folder: Path, count: int = 30) -> Path:
    """Lines that end in CR alone, a first column without name, blanks after two themes that the files lack,
    and a transparent PNG called .jpg.
    """
    lines = [
        ",Theme,Category,Source,Valence_mean,Valence_SD,Valence_N,Arousal_mean,Arousal_SD,Arousal_N",
    ]
    for number in range(1, count + 1):
        blank = " " if number in (3, 7) else ""
        ratings = f"{1 + number % 6}.68627451,0.95,102,{1 + number % 5}.346534653,1.6,101"
        lines.append(f"I{number},Dog {number}{blank},Animal,Pixabay,{ratings}")
        put(folder / "images" / f"Dog {number}.jpg", image(number))
    stream = io.BytesIO()
    Image.new("RGBA", (SIDE, SIDE), (200, 0, 0, 90)).save(stream, "PNG")
    put(folder / "images" / "Dog 5.jpg", stream.getvalue())
    put(folder / "OASIS.csv", "\r".join(lines).encode() + b"\r")
    return folder


# by the name of the record
WRITERS: dict[str, Callable[[Path], Path]] = {
    "abstract": write_abstract,
    "artphoto": write_artphoto,
    "emoset": write_emoset,
    "emotic": write_emotic,
    "emotic_boxes": write_emotic,
    "emotic_person": write_emotic,
    "emotion6_panda": write_emotion6_panda,
    "emotion6_peng": write_emotion6_peng,
    "fi": write_fi,
    "iaps": write_iaps,
    "oasis": write_oasis,
    "unbiasedemo": write_unbiasedemo,
    "webemo": write_webemo,
}


def _emotic_images(folder: Path, images: int) -> list[dict[str, Any]]:
    persons = emotic_persons(images)
    for person in persons:
        put(folder / "emotic" / person["folder"] / person["filename"], image(person["number"]))
    return persons


def _emotic_struct(person: dict[str, Any]) -> dict[str, Any]:
    cell = np.array(person["categories"], dtype=object)
    valence, arousal, dominance = person["ratings"]
    ratings = _structs([{"valence": valence, "arousal": arousal, "dominance": dominance}])
    box = np.array(person["box"])
    if person["split"] == "train":
        own = {"annotations_categories": _structs([{"categories": cell}]), "annotations_continuous": ratings}
    else:
        # several annotators, none of whom says what they do together
        others = _structs([{"categories": np.array(["Anger", "Pain"], dtype=object)} for _ in range(2)])
        alone = _structs([{"valence": 1, "arousal": 1, "dominance": 1} for _ in range(2)])
        own = {
            "annotations_categories": others,
            "combined_categories": cell,
            "annotations_continuous": alone,
            "combined_continuous": ratings,
        }
    return {"bbox": box, **own, "gender": "Male", "age": "Adult"}


def _structs(rows: Sequence[dict[str, Any]]) -> Any:
    """A MATLAB struct array."""
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in rows[0]])
    for place, row in enumerate(rows):
        for name, value in row.items():
            array[0, place][name] = value
    return array
