"""Persons of EMOTIC's annotations: the same from MATLAB structs and from CSV."""

from pathlib import Path

import numpy as np

from pacl_core.datasets.emotic_annotations import Person, csv_persons, mat_persons
from tests.published_trees import emotic_persons, write_emotic, write_emotic_csv


def persons(found: object) -> list[Person]:
    listed = list(found)  # type: ignore[call-overload]
    assert all(isinstance(one, Person) for one in listed)
    return listed


def test_persons_as_annotated_in_either_form(tmp_path: Path) -> None:
    mat = persons(mat_persons(write_emotic(tmp_path / "mat") / "Annotations" / "Annotations.mat"))
    folder = write_emotic_csv(tmp_path / "csv")
    files = {split: folder / f"{split}.csv" for split in ("train", "val", "test")}
    csv = persons(csv_persons(files))  # type: ignore[arg-type]
    assert mat == csv
    for person, expected in zip(mat, emotic_persons(), strict=True):
        assert (person.split, person.folder, person.filename, person.box) == (
            *(expected["split"], expected["folder"], expected["filename"]),
            tuple(expected["box"]),
        )
        assert list(person.categories) == expected["categories"]
        ratings = [np.nan if rating is None else rating for rating in person.ratings]
        np.testing.assert_array_equal(ratings, expected["ratings"])
