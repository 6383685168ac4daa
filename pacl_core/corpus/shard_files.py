"""Shards as files: in a folder, or as a list of paths and fsspec URLs, opened as streams."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, takewhile
from math import prod
from pathlib import Path
from typing import IO, NamedTuple, cast

import fsspec
from braceexpand import braceexpand

from pacl_core.errors import UserError
from pacl_core.media.listed_files import same_file
from pacl_core.media.rejects import UnusableError, valid_name
from pacl_core.media.text_decoding import open_text

SUFFIXES = (".tar", ".tar.gz", ".tgz")
MOST_NAMES = 100_000
_BACKSLASH = re.compile(r"\\(?![{},\\])")  # braces are the shell's
_RANGE = re.compile(r"\{(-?\d+)\.\.(-?\d+)")


class Shard(NamedTuple):
    """Where a shard is, and the name its samples are called by, with folders where shards share a name."""

    location: str
    label: str


def shards(path: str) -> list[Shard]:
    """Shards at a path, by name: a folder of them, one shard, or a text file that lists paths and URLs.

    A list has one entry a line, with braces as the shell expands them ("s3://bucket/{00000..00099}.tar");
    paths are relative to the list, and may be written as on Windows; empty lines and those that begin with #
    are skipped. Raises `UserError`.
    """
    place = Path(path)
    if "://" in path:
        raise UserError(f"pairs.path: {path}: put URLs in a text file, one a line, and give that")
    if place.is_dir():
        found = sorted(str(file) for file in place.iterdir() if _suffix(file.name) and file.name[0] != ".")
        if not found:
            raise UserError(f"{place}: no shard ({', '.join(SUFFIXES)}) in this folder")
        return _labelled(found)
    if not place.exists():
        raise UserError(f"{place}: no such folder, shard or list of shards; set pairs.path")
    if _suffix(path):
        return _labelled([path])
    if place.suffix.lower() != ".txt":
        raise UserError(f"{place}: neither a folder nor a shard ({', '.join(SUFFIXES)}) nor a list (.txt)")
    return _labelled(list(_listed(place)))


def _labelled(locations: list[str]) -> list[Shard]:
    """Each shard with its name; those that share a name also get the parts in which their paths differ."""
    sharing: dict[str, list[str]] = {}
    for location in dict.fromkeys(locations):
        sharing.setdefault(shard_name(location), []).append(location)
    labels: dict[str, str] = {}
    for name, places in sharing.items():
        labels |= {places[0]: name} if len(places) == 1 else _told_apart(places)
    return [Shard(location, labels[location]) for location in locations]


def _told_apart(locations: list[str]) -> dict[str, str]:
    paths = {location: location.partition("?")[0].split("/") for location in locations}
    folders = zip(*(path[:-1] for path in paths.values()), strict=False)
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, folders))
    labels = {
        location: "/".join([*path[shared:-1], shard_name(path[-1])]) for location, path in paths.items()
    }
    if len(set(labels.values())) < len(labels):  # a.tar and a.tar.gz in one folder
        labels = {location: "/".join(path[shared:]) for location, path in paths.items()}
    return {location: valid_name(label) for location, label in labels.items()}


def _listed(path: Path) -> Iterator[str]:
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            entry = line.strip()
            if not entry or entry.startswith("#"):
                continue
            try:
                names = _expanded(entry) if "://" in entry else _expanded_path(path.parent, entry)
            except ValueError as error:
                raise UserError(f"{path}: line {number}: {error}") from None
            for name in names:
                yield name if "://" in name else str(same_file(path.parent / name))


def _expanded_path(folder: Path, entry: str) -> list[str]:
    """A path as written where there is such a file; else expanded, with / for the \\ of Windows."""
    return [entry] if os.path.lexists(folder / entry) else _expanded(_BACKSLASH.sub("/", entry))


def _expanded(entry: str) -> list[str]:
    """The names that braces stand for. Raises ValueError: unbalanced, or far too many."""
    ranges = prod(abs(int(last) - int(first)) + 1 for first, last in _RANGE.findall(entry))
    names = list(islice(braceexpand(entry), MOST_NAMES + 1)) if ranges <= MOST_NAMES else []
    if not 0 < len(names) <= MOST_NAMES:
        raise ValueError(f"a line may name {MOST_NAMES} shards at most")
    return names


def shard_name(shard: str) -> str:
    """A shard's own name, without folders, suffix and the query of a URL: "s3://b/a/0.tar" -> "0"."""
    name = shard.partition("?")[0].rpartition("/")[2]
    return valid_name(name.removesuffix(_suffix(name)))


def failures_table(shard: str) -> str | None:
    """Where img2dataset puts the table of a shard's rows: 00000.tar -> 00000.parquet."""
    suffix = _suffix(shard)
    return shard.removesuffix(suffix) + ".parquet" if suffix else None


def _suffix(name: str) -> str:
    return next((name[-len(one) :] for one in SUFFIXES if name.lower().endswith(one)), "")


@contextmanager
def opened(location: str) -> Iterator[IO[bytes]]:
    """A shard or table as a stream.

    Raises `UnusableError` for a file that is not there or cannot be read (missing_shard, not_a_file,
    unreadable), and `UserError` where the file system is not installed, or fails on the way: the next run
    then resumes.
    """
    if "://" not in location:
        path = Path(location)
        try:
            if path.exists() and not path.is_file():
                raise UnusableError("not_a_file", "a folder, FIFO, socket or device")
            stream: IO[bytes] = path.open("rb")
        except (FileNotFoundError, NotADirectoryError):
            raise UnusableError("missing_shard", f"no file {location}") from None
        except (OSError, ValueError) as error:
            raise UnusableError("unreadable", f"{getattr(error, 'strerror', None) or error}") from None
        with stream:
            yield stream
        return
    try:
        file = fsspec.open(location, "rb").open()
    except (FileNotFoundError, PermissionError):  # a bucket that hides its list forbids what is not there
        raise UnusableError("missing_shard", f"no file {location}") from None
    except ImportError as error:
        raise UserError(f"{location}: {error}") from None
    except Exception as error:  # each file system has errors of its own
        if getattr(error, "status", None) in (403, 404, 410):
            raise UnusableError("missing_shard", f"no file {location}") from None
        raise UserError(f"{location}: {' '.join(str(error).split()) or type(error).__name__}") from None
    with file:
        yield cast(IO[bytes], _Remote(location, file))


class _Remote:
    """A remote file. Its failures are not damage to the shard: the run stops, and the next one resumes."""

    def __init__(self, location: str, file: IO[bytes]) -> None:
        self._location = location
        self._file = file

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except Exception as error:
            message = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"{self._location}: {message}; run again to resume from here") from None

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)
