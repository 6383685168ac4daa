"""Images whose label is the start of their file name: ArtPhoto's `amusement_0123.jpg`.

The item_id is the path under the folder, the value `label` the part of its name before the first separator.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from pacl_core.datasets.image_files import existing_folder, image_files, labelled_item
from pacl_core.datasets.readers import Item
from pacl_core.media.image_tree import name_in
from pacl_core.media.rejects import Rejected
from pacl_core.params.section import Section


class Options(Section):
    """`root`: the folder of the images, which may be in subfolders. `separator`: what ends the label."""

    root: str = "."
    separator: str = Field(default="_", min_length=1)


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Images by path. Rejected: no_label (no separator, or nothing before it), other_file, linked_folder,
    unreadable. Raises `UserError`: no folder.
    """
    root = existing_folder(path / options.root, f"images named <label>{options.separator}<number>")
    for found in image_files(root):
        if isinstance(found, Rejected):
            yield found
            continue
        label, separator, _ = found.stem.partition(options.separator)
        if separator and label.strip():
            yield labelled_item(root, found, label.strip())
        else:
            detail = f"no label and '{options.separator}' at the start of the name"
            yield Rejected(name_in(root, found), "no_label", detail)
