"""Files that a list names: inside the data set, also when the list was written on another system."""

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from pacl_core.media.rejects import UnusableError

_FOLDERS = 64  # whose names are kept


@dataclass(frozen=True)
class ListedFiles:
    """Finds files under `root`; `outside` is the reason for a name that leads out of it."""

    root: Path
    outside: str
    _names: dict[Path, dict[str, list[str]]] = field(default_factory=dict, repr=False, compare=False)

    def find(self, folder: Path, name: str) -> Path:
        """The file called `name` in `folder`; if there is none, the path where it should be.

        In this order: the name as written; with / for the \\ of Windows; the only file that differs from that
        in the case of its suffix, or in composed letters (NFC) where the name has decomposed ones (NFD).
        Raises `UnusableError`: `outside`; missing_image where several files differ in this way. Links are
        followed: the owner of the data set put them there.
        """
        written = self._inside(folder / name)
        if os.path.lexists(written):
            return written
        path = self._inside(folder / name.replace("\\", "/"))
        return path if os.path.lexists(path) else self._alike(path)

    def _inside(self, path: Path) -> Path:
        """The path without "..", checked in the form in which it is read."""
        plain = Path(os.path.normpath(path))
        if not _absolute(plain).is_relative_to(_absolute(self.root)):
            raise UnusableError(self.outside, f"{plain} is not in {self.root}")
        return plain

    def _alike(self, path: Path) -> Path:
        place = self.root
        for part in _absolute(path).relative_to(_absolute(self.root)).parts:
            if os.path.lexists(place / part):
                place /= part
                continue
            found = self._names_in(place).get(same_form(part), [])
            if len(found) > 1:
                raise UnusableError("missing_image", f"no file {path}, but {' and '.join(sorted(found))}")
            if not found:
                return path
            place /= found[0]
        return place

    def _names_in(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._names:
            if len(self._names) >= _FOLDERS:
                self._names.clear()
            self._names[folder] = _names_by_form(folder)
        return self._names[folder]


def same_file(path: Path) -> Path:
    """`path`, or the only file in its folder that differs from it as in `ListedFiles.find`."""
    if os.path.lexists(path):
        return path
    found = _names_by_form(path.parent).get(same_form(path.name), [])
    return path.with_name(found[0]) if len(found) == 1 else path


def _names_by_form(folder: Path) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.setdefault(same_form(entry.name), []).append(entry.name)
    except (OSError, ValueError):  # nothing there, or not a folder: reading reports it
        return {}
    return names


def same_form(name: str) -> str:
    """The same for names that `ListedFiles.find` may take for each other."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/"))
    folders, slash, last = plain.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    return folders + slash + (stem + dot + suffix.lower() if stem else last)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links are left alone
