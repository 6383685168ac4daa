"""A folder per class, with images in it or in folders below: FI, Emotion-6, UnbiasedEmo, your own.

<root>/<class>/**/<image>            item_id: path under the root; value `label`: the folder's name
<root>/<split folder>/<class>/**       with `splits`
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from pacl_core.datasets.image_files import existing_folder, image_files, labelled_item
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import Split
from pacl_core.errors import UserError
from pacl_core.media.image_tree import listing, name_in
from pacl_core.media.rejects import Rejected
from pacl_core.params.section import Section


class Options(Section):
    """`root`: the folder with the folders of the classes. Neither case nor composed letters (NFC, NFD)
    matter in names.

    `classes`: the folders that are classes (null: all). `misplaced`: label of a folder that lies under
    another class, by its path from the folder of the classes. `splits`: split of each folder above the
    classes.
    """

    root: str = "."
    classes: tuple[str, ...] | None = None
    misplaced: dict[str, str] = Field(default_factory=dict)
    splits: dict[str, Split] = Field(default_factory=dict)


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Images by path. Rejected: other_folder, other_file, no_class (an image next to the class folders),
    linked_folder, unreadable. Raises `UserError`: no folder, no folder of any class.
    """
    root = existing_folder(path / options.root, "a folder per class")
    if not options.splits:
        yield from _classes(root, root, options, split=None)
    for folder, split in options.splits.items():
        top = existing_folder(root / folder, f"the folder of a split ({split}), with a folder per class")
        yield from _classes(root, top, options, split=split)


def _classes(root: Path, top: Path, options: Options, *, split: str | None) -> Iterator[Item | Rejected]:
    known = {_form(name): name for name in options.classes or ()}
    moved = {
        _form(folder.replace("\\", "/").strip("/")): label for folder, label in options.misplaced.items()
    }
    folders = {}
    for entry, is_folder in listing(top):
        if is_folder:
            name = entry.name.strip()
            label = known.get(_form(name)) if options.classes else name
            folders[entry] = label or moved.get(_form(name))
    if not any(folders.values()):
        expected = ", ".join(options.classes or ("any",))
        raise UserError(f"{top}: no folder of a class in it; expected a folder per class ({expected})")

    def enter(folder: Path) -> Rejected | None:
        if folder.parent != top or folders[folder] is not None:
            return None
        return Rejected(name_in(root, folder), "other_folder", "its name is none of the classes")

    for found in image_files(root, top, enter):
        if isinstance(found, Rejected):
            yield found
        elif found.parent == top:
            yield Rejected(name_in(root, found), "no_class", "lies beside the folders of the classes")
        else:
            parts = found.relative_to(top).parts
            label = _moved_label(parts, moved) or folders[top / parts[0]] or ""
            yield labelled_item(root, found, label, split=split)


def _moved_label(parts: tuple[str, ...], moved: dict[str, str]) -> str | None:
    """The label of the innermost misplaced folder that contains the file."""
    for depth in range(len(parts) - 1, 0, -1):
        label = moved.get(_form("/".join(parts[:depth])))
        if label is not None:
            return label
    return None


def _form(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
