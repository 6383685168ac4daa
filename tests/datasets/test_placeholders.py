import polars as pl

from pacl_core.datasets.splits import finest_labels, placeholders
from pacl_core.datasets.tasks import Task


def test_one_hash_under_several_labels_on_several_images() -> None:
    rows = [
        # hash, image, label, placeholder
        ("gone", "1", 0, True),
        ("gone", "2", 3, True),
        ("gone", "3", None, True),
        ("twice", "4", 1, False),  # a plain duplicate
        ("twice", "5", 1, False),
        ("crowd", "6", 1, False),  # two persons of one image
        ("crowd", "6", 2, False),
        ("unsure", "7", 1, False),
        ("unsure", "8", None, False),
    ]
    hashes, images, labels, expected = zip(*rows, strict=True)
    items = pl.DataFrame({"pixel_hash": hashes, "picture": images, "label": labels})
    assert placeholders(items, "label").to_list() == list(expected)


def test_the_label_compared_is_the_finest() -> None:
    two, eight = (Task(str(n), "single_label", (str(n),), tuple(map(str, range(n)))) for n in (2, 8))
    assert finest_labels([Task("r", "regression", ("r",)), two, eight]) is eight
    assert finest_labels([Task("r", "regression", ("r",))]) is None
