"""The local files behind a model's weights, and links to them in folders that DVC watches.

A path in params.yaml is not a dependency: DVC would compare the path, not the file's content. So a stage that
loads a model first links its files into `data/weights_in_use/<model>`, and depends on that folder. DVC
follows the links, and hashes a file again only if its size or time changed.
"""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger("pacl")

CONFIG = "open_clip_config.json"  # next to a weights file it decides architecture and preprocessing
ABOUT = "about.txt"  # keeps the folder in git, independent of what is linked


def local_files(weights: str | None) -> list[Path]:
    """Files that decide what `weights` loads: the file and the configuration next to it, or a whole folder.

    Hidden files are left out. [] if there is nothing local to read: weights from a package follow its
    version, weights from the hub their pinned revision, and a missing file is reported by the loader.
    """
    path = Path(weights or "hub:")
    if path.is_file():
        return [file for file in (path, path.with_name(CONFIG)) if file.is_file()]
    found = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in found if not any(part[0] == "." for part in file.relative_to(path).parts))


def link_weights(models: Mapping[str, str | None], root: Path = Path("data/weights_in_use")) -> None:
    """Link the local files of each model's `weights` into `<root>/<model>`, replacing earlier links."""
    for model, weights in models.items():
        files = local_files(weights)
        top = Path(weights or "")
        wanted = {file.relative_to(top if top.is_dir() else top.parent): file.absolute() for file in files}
        _replace(root / model, wanted)


def drop_dangling(root: Path = Path("data/weights_in_use")) -> list[Path]:
    """Remove links to files that no longer exist, which DVC cannot hash; return their targets."""
    links = [link for link in root.rglob("*") if link.is_symlink() and not link.exists()]
    gone = [link.readlink() for link in links]
    for link in links:
        link.unlink()
    return gone


def _replace(folder: Path, wanted: Mapping[Path, Path]) -> None:
    if _linked(folder) == wanted:  # perhaps already by another process of the same run
        return
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != ABOUT:
            entry.unlink()
    for name, file in wanted.items():
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(file)
        except OSError as error:  # Windows, or a file system without links
            log.warning("%s: no link (%s); DVC will not notice new weights at %s", link, error.strerror, file)


def _linked(folder: Path) -> dict[Path, Path]:
    return {link.relative_to(folder): link.readlink() for link in folder.rglob("*") if link.is_symlink()}
