"""A tree of files in one fixed order."""

import subprocess
from pathlib import Path

from pacl_core.media.image_tree import is_image, listing, name_in, walk
from pacl_core.media.rejects import Rejected


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def seen(root: Path, *args: object) -> list[list[str] | tuple[str, str]]:
    return [
        (found.source, found.reason)
        if isinstance(found, Rejected)
        else [name_in(root, path) for path in found]
        for found in walk(root, *args)  # type: ignore[arg-type]
    ]


def test_files_come_before_folders_by_name_without_hidden_ones(tmp_path: Path) -> None:
    tree(tmp_path, "b.jpg", "a/2.png", "a/1.txt", "a/deep/3", "c/4", ".hidden/5", ".a.jpg")
    (tmp_path / "b").symlink_to("a")
    assert seen(tmp_path) == [
        ["b.jpg"], ["a/1.txt", "a/2.png"], ["a/deep/3"], ("b", "linked_folder"), ["c/4"],
    ]  # fmt: skip


def test_a_folder_may_be_left_out_and_the_top_may_be_one_below(tmp_path: Path) -> None:
    tree(tmp_path, "x/a/1", "x/b/2", "y/3")

    def enter(folder: Path) -> Rejected | None:
        return Rejected(name_in(tmp_path, folder), "not_wanted", "") if folder.name == "a" else None

    assert seen(tmp_path, tmp_path / "x", enter) == [[], ("x/a", "not_wanted"), ["x/b/2"]]


def test_links_to_themselves_are_files_and_a_missing_folder_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert listing(tmp_path) == [(tmp_path / "loop", False)]
    assert seen(tmp_path / "none") == [(".", "unreadable")]


def test_folders_deeper_than_pythons_calls(tmp_path: Path) -> None:
    deep = str(tmp_path)
    for _ in range(1500):
        deep += "/d"
        Path(deep).mkdir()
    assert len(list(walk(tmp_path))) == 1501
    subprocess.run(("rm", "-r", str(tmp_path / "d")), check=True)  # pytest would fail to remove it


def test_an_image_is_known_by_its_suffix() -> None:
    assert [is_image(Path(name)) for name in ("a.JPG", "a.jpeg", "a.txt", "jpg", "a.webp")] == [
        True, True, False, False, True,
    ]  # fmt: skip
