"""Image files of a tree, in order, and what is rejected among them."""

from pathlib import Path

from pacl_core.datasets.image_files import image_files, labelled_item
from pacl_core.datasets.readers import Item
from pacl_core.media.rejects import Rejected
from tests.published_trees import image, put


def found(root: Path, *arguments: object) -> list[str]:
    return [
        f"{one.source} {one.reason}" if isinstance(one, Rejected) else one.relative_to(root).as_posix()
        for one in image_files(root, *arguments)  # type: ignore[arg-type]
    ]


def tree(root: Path) -> Path:
    for name in ("b/2.PNG", "b/c/1.jpg", "a/1.jpeg", "z.webp", "note.txt", ".hidden.jpg", ".git/1.jpg"):
        put(root / name, image(1))
    (root / "b" / "up").symlink_to(root)
    return root


def test_files_before_folders_and_links_to_folders_left_alone(tmp_path: Path) -> None:
    expected = ["z.webp", "a/1.jpeg", "b/2.PNG", "b/c/1.jpg"]
    order = found(tree(tmp_path))
    assert [name for name in order if " " not in name] == expected
    assert [name for name in order if " " in name] == ["note.txt other_file", "b/up linked_folder"]


def test_a_folder_that_is_not_entered_is_rejected(tmp_path: Path) -> None:
    def enter(folder: Path) -> Rejected | None:
        return Rejected(folder.name, "other_folder", "-") if folder.name == "b" else None

    assert found(tree(tmp_path), None, enter)[-2:] == ["a/1.jpeg", "b other_folder"]


def test_an_item_is_named_by_its_path(tmp_path: Path) -> None:
    path = tree(tmp_path) / "b" / "2.PNG"
    assert labelled_item(tmp_path, path, "joy", split="val") == Item(
        "b/2.PNG", image(1), {"label": "joy"}, "val"
    )
    gone = labelled_item(tmp_path, tmp_path / "b" / "3.png", "joy")
    assert isinstance(gone, Rejected) and (gone.source, gone.reason) == ("b/3.png", "missing_image")
