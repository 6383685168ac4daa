"""Samples of a shard: the members that belong together, an image with its own text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pacl_core.corpus.tar_members import Member
from pacl_core.media.image_header import MAX_BYTES
from pacl_core.media.image_header import SUFFIXES as IMAGES
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import MAX_TEXT_BYTES, decode_text

# never loaded here: reading one can run code
_PICKLES = (".pkl", ".pickle", ".pyd", ".pth", ".pt", ".joblib", ".dill")
_OPEN = 8  # samples of one key that are held at a time
_OF_KEY = re.compile(r"(\.[^\W\d]\w*)*")  # what follows the key in the name of one of its files: `0001.seg`


@dataclass(eq=False)
class Sample:
    """Members whose names differ only in the last suffix, as far as they were read."""

    stem: str
    names: set[str] = field(default_factory=set)
    image_name: str | None = None  # of a refused image, too
    image: bytes | None = None
    text: str | None = None
    about: dict[str, object] | None = None
    refused: UnusableError | None = None

    @property
    def caption(self) -> object:
        """The text of the sample: the .txt, or the list itself if the .txt is a list written as text."""
        caption = (self.about or {}).get("caption")
        if self.text is None or (isinstance(caption, list) and self.text.lstrip().startswith("[")):
            return caption
        return self.text

    @property
    def is_image(self) -> bool:
        return self.image is not None

    @property
    def is_pair(self) -> bool:
        return self.is_image and self.caption is not None


@dataclass
class _Group:
    """Samples that share WebDataset's key: the part of their names before the first dot.

    In WebDataset a key is one sample. But names may contain dots ("pic 3.5 mm.jpg"), so an image goes with
    the text of its own name, and only if there is none with the text of the key.
    """

    key: str
    samples: dict[str, Sample] = field(default_factory=dict)
    is_whole: bool = True  # no sample has left it


def samples(shard: str, members: Iterator[Member | tuple[str, UnusableError]]) -> Iterator[Sample | Rejected]:
    """What a shard's members make up; hidden ones, as macOS adds them, are skipped.

    Samples without image or text are included. If the shard is damaged, the complete pairs before the damage
    come first, then `UnusableError`.
    """
    group = _Group("")
    try:
        for member in members:
            if isinstance(member, tuple):
                yield member[1].rejected(f"{shard}/{valid_name(member[0])}")
                continue
            if _is_hidden(member.name):
                continue
            folder, slash, base = member.name.rpartition("/")
            key = folder + slash + base.partition(".")[0]
            if key != group.key:
                yield from _finished(shard, group)
                group = _Group(key)
            yield from _take(shard, group, member)
    except UnusableError:
        yield from (one for one in group.samples.values() if one.is_pair and not one.refused)
        raise
    yield from _finished(shard, group)


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or any(part.startswith(".") for part in name.split("/"))


def _take(shard: str, group: _Group, member: Member) -> Iterator[Sample | Rejected]:
    """Read one member into its sample; damage to the shard itself is raised."""
    source = f"{shard}/{valid_name(member.name)}"
    path = PurePosixPath(member.name)
    kind = path.suffix.lower()
    stem = member.name.removesuffix(path.suffix) if path.suffix else member.name
    if stem not in group.samples and len(group.samples) >= _OPEN:
        yield _let_go(group)
    sample = group.samples.setdefault(stem, Sample(stem))
    if member.name in sample.names:
        yield Rejected(source, "duplicate_member", "a member of this name came before")
        return
    sample.names.add(member.name)
    if kind in IMAGES:
        if sample.image_name is not None:
            yield Rejected(source, "second_picture", "the sample has a picture already")
            return
        sample.image_name = member.name
        if member.size > MAX_BYTES:
            sample.refused = UnusableError("too_large", f"{member.size} bytes; at most {MAX_BYTES} are read")
        else:
            sample.image = member.read()
    elif kind == ".txt":
        if sample.text is not None:
            yield Rejected(source, "second_text", "the sample has a text already")
        elif member.size > MAX_TEXT_BYTES:
            sample.refused = UnusableError(
                "text_too_large", f"{member.size} bytes; at most {MAX_TEXT_BYTES} are read"
            )
        else:
            sample.text = decode_text(member.read())
    elif kind == ".json":
        about = _object(member.read()) if member.size <= MAX_TEXT_BYTES else {}
        if not about:
            yield Rejected(source, "broken_json", "no JSON object, or too large; the sample goes without")
        elif sample.about is not None:
            yield Rejected(source, "other_member", "the sample has a .json already")
        else:
            sample.about = about
    elif kind in _PICKLES:
        yield Rejected(source, "pickle_member", "never loaded")
    else:
        yield Rejected(source, "other_member", "neither a picture nor .txt nor .json")


def _object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _let_go(group: _Group) -> Sample:
    """The first pair of a group that is too large for memory, or its first sample."""
    first = next((one for one in group.samples.values() if one.is_pair), next(iter(group.samples.values())))
    group.is_whole = False
    return group.samples.pop(first.stem)


def _finished(shard: str, group: _Group) -> Iterator[Sample | Rejected]:
    """The group's pairs, then one more pair made of the members left over, or why there is none."""
    found = [one for one in group.samples.values() if one.refused or one.is_image or one.caption is not None]
    of_key = [one for one in found if not one.refused and _OF_KEY.fullmatch(one.stem[len(group.key) :])]
    if not group.is_whole or group.key not in group.samples or len(of_key) < 2:
        yield from found
        return
    halves = [one for one in of_key if not one.is_pair]
    yield from (one for one in found if one not in halves)
    # that of the key itself comes first
    halves.sort(key=lambda one: one.stem != group.key)
    image = next((one for one in halves if one.is_image), None)
    text = next((one for one in halves if not one.is_image), None)
    has_pair = len(halves) < len(of_key)
    if image and text and not has_pair:
        base = group.samples[group.key]
        about = image.about or text.about or base.about
        yield Sample(group.key, image=image.image, text=text.text, about=about)
        halves = [one for one in halves if one is not image and one is not text]
        has_pair = True
    for half in halves:
        if not has_pair:
            yield half
        elif half.is_image:
            source = f"{shard}/{valid_name(str(half.image_name))}"
            yield Rejected(source, "second_picture", "the sample has a picture already")
        else:
            yield Rejected(f"{shard}/{valid_name(half.stem)}", "second_text", "the sample has a text already")
