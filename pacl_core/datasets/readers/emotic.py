"""EMOTIC (Kosti et al. 2019): persons in images, with 26 categories and valence, arousal, dominance.

One item per person: `<folder>/<filename>#<n>`, n from 1 in the order of the annotations, with the image's
name as `image_name`. Values are the categories, "1" or "0", and `valence`, `arousal`, `dominance`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pacl_core.datasets.emotic_annotations import RATINGS, Person, csv_persons, mat_persons
from pacl_core.datasets.image_files import existing_folder
from pacl_core.datasets.published_text import existing_file
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import Split
from pacl_core.media.images import Box, read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

CATEGORIES = (
    "Affection", "Anger", "Annoyance", "Anticipation", "Aversion", "Confidence", "Disapproval",
    "Disconnection", "Disquietment", "Doubt/Confusion", "Embarrassment", "Engagement", "Esteem",
    "Excitement", "Fatigue", "Fear", "Happiness", "Pain", "Peace", "Pleasure", "Sadness", "Sensitivity",
    "Suffering", "Surprise", "Sympathy", "Yearning",
)  # fmt: skip
ALIASES = {"Disquitement": "Disquietment"}


class Options(Section):
    """`annotations`: the .mat file, or the CSV file of each split. `images`: the folder that the annotations'
    folders start from. `crop`: the whole image, or the person's box. `subject`: whether the person's box goes
    with the whole image, as the subject; a person without one has none.
    """

    annotations: str | dict[Split, str] = "Annotations/Annotations.mat"
    images: str = "emotic"
    crop: Literal["image", "person"] = "image"
    subject: bool = False


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Persons in the annotations' order. Rejected: no_person, malformed_row, unknown_label, empty_box (`crop:
    person` only), outside_dataset, missing_image, unreadable. Raises `UserError`: no annotations, none of a
    split, no folder of images.
    """
    images = existing_folder(path / options.images, "the folders ade20k, emodb_small, framesdb and mscoco")
    expected = "EMOTIC's Annotations.mat, or options.annotations with a CSV file per split"
    persons: Iterable[Person | Rejected]
    if isinstance(options.annotations, str):
        persons = mat_persons(existing_file(path / options.annotations, expected))
    else:
        files = {split: existing_file(path / name, expected) for split, name in options.annotations.items()}
        persons = csv_persons(files)
    listed = ListedFiles(path, "outside_dataset")
    # the persons of an image follow each other: it is read once
    read_once = lru_cache(maxsize=1)(read_image)
    seen: Counter[str] = Counter()
    for person in persons:
        if isinstance(person, Rejected):
            yield person
            continue
        name = valid_name(f"{person.folder}/{person.filename}")
        seen[name] += 1
        item_id = f"{name}#{seen[name]}"
        try:
            box = _box(person) if options.crop == "person" else None
            values = _values(person)
            image = read_once(listed.find(images, f"{person.folder}/{person.filename}"))
        except UnusableError as error:
            yield error.rejected(item_id)
            continue
        subject = person.box if options.subject and box is None else None
        yield Item(item_id, image, values, person.split, name, box, subject)


def _values(person: Person) -> dict[str, str | float | None]:
    names = {ALIASES.get(name, name) for name in person.categories}
    strange = sorted(names - set(CATEGORIES))
    if strange:
        raise UnusableError("unknown_label", valid_name(f"'{strange[0]}' is none of the 26 categories"))
    marks = {name: ("1" if name in names else "0") if names else None for name in CATEGORIES}
    return {**marks, **dict(zip(RATINGS, person.ratings, strict=True))}


def _box(person: Person) -> Box:
    """The box in whole pixels; where it reaches beyond the image, the store clips it."""
    if person.box is None:
        raise UnusableError("empty_box", "no box of four numbers")
    left, top, right, bottom = (round(edge) for edge in person.box)
    if right <= left or bottom <= top:
        raise UnusableError("empty_box", f"box {person.box} holds nothing")
    return left, top, right, bottom
