"""Which reader understands a corpus: by what is in the folder or the table, before any image is decoded."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pacl_core.corpus.clips.readers import read_clips
from pacl_core.corpus.manifest_rows import SUFFIXES as TABLES
from pacl_core.corpus.readers import Post, read_posts
from pacl_core.corpus.shard_files import SUFFIXES as SHARDS
from pacl_core.corpus.shard_files import shards
from pacl_core.errors import UserError
from pacl_core.media.images import normalise_image
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.text_decoding import MAX_TEXT_BYTES, decode_text, text_encoding
from pacl_core.params.clips import ClipsParams
from pacl_core.params.pairs import PairsParams
from pacl_core.project.listed import Listed, listed
from pacl_core.project.table_form import id_column, image_pattern, read_table, text_column

FIRST = 20  # posts that are read, and their images decoded
_SIDE = 64
_SPAN = ("video", "start", "end", "text")  # the columns of a table of clips


@dataclass(frozen=True)
class Form:
    """`section`: pairs, or clips. `options`: keys of the section besides reader and path.

    `seen`: what was found, a line each.
    """

    section: Literal["pairs", "clips"]
    reader: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)


def corpus_form(path: Path, written: str) -> Form:
    """The form of the corpus at `path`, whose section says `written`.

    Raises `UserError` where no reader understands it, saying what is there.
    """
    if path.is_file():
        return _of_file(path, written)
    if not path.is_dir():
        raise UserError(f"{path}: nothing there")
    found = listed(path)
    tables = sorted(found.tables, key=lambda table: len(table.parts))[:5]
    if found.shards:
        return Form("pairs", "webdataset", written, seen=[f"{found.shards} shards"])
    if any((one / "transcript_cleaned.json").is_file() for one in islice(_folders(path), 50)):
        return Form("clips", "youtube", written, seen=["a folder per video, with transcript_cleaned.json"])
    if found.subtitled:
        seen = f"{found.videos} videos, {found.subtitled} with subtitles of the same name"
        return Form("clips", "subtitles", written, seen=[seen])
    if found.pairs and found.pairs * 2 >= found.images:
        return _of_pairs(path, written, found)
    for table in tables:
        form = _of_table(table, written, table.relative_to(path).as_posix())
        if form is not None:
            return form
    raise UserError(f"{path}: {_no_reader(found)}")


def _folders(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_dir())


def _of_file(path: Path, written: str) -> Form:
    if path.name.lower().endswith(SHARDS):
        return Form("pairs", "webdataset", written, seen=["one shard"])
    if path.suffix.lower() in TABLES:
        form = _of_table(path, written, None)
        if form is not None:
            return form
        columns = ", ".join(read_table(path).columns)
        raise UserError(f"{path}: no column names images that are there and texts (columns: {columns})")
    if path.suffix.lower() == ".txt":
        return Form("pairs", "webdataset", written, seen=[f"a list of {len(shards(str(path)))} shards"])
    raise UserError(f"{path}: neither a folder, a table ({', '.join(TABLES)}), a shard nor a list of shards")


def _of_pairs(path: Path, written: str, found: Listed) -> Form:
    more = "more than " if found.cut else ""
    seen = [
        f"{more}{found.images} images, {found.pairs} with a .txt of the same name",
        _encodings(found.texts),
    ]
    data = path / "data"
    of_mvsa = (path / "labelResultAll.txt").is_file() or (
        data.is_dir() and all(text.parent == data and text.stem.isdigit() for text in found.texts)
    )
    if of_mvsa and data.is_dir():
        return Form("pairs", "mvsa", written, seen=seen)
    return Form("pairs", "tumemo" if "tumemo" in path.name.lower() else "folder", written, seen=seen)


def _of_table(path: Path, written: str, name: str | None) -> Form | None:
    table = read_table(path)
    if set(_SPAN) <= set(table.columns):
        options = {"manifest": {"file": name}} if name else {}
        return Form("clips", "clip_manifest", written, options, [f"{path.name}: a row per span of a video"])
    image = image_pattern(table)
    text = text_column(table, image[0]) if image else None
    if image is None or text is None:
        return None
    ids = id_column(table)
    manifest = {"file": name, "image": image[0], "text": text, "id": ids}
    seen = [
        f"{path.name}: image in '{image[0]}' ({image[1]:.0%} of the first rows have their file), "
        f"text in '{text}', " + (f"id in '{ids}'" if ids else "the row's number as id")
    ]
    seen += [] if path.suffix.lower() == ".parquet" else [_encodings([path])]
    return Form("pairs", "manifest", written, {"manifest": manifest}, seen)


def _encodings(files: list[Path]) -> str:
    """In which encodings some files are, as the readers would read them."""
    kinds = Counter(_encoding(path) for path in files)
    total = sum(kinds.values())
    return "texts are " + ", ".join(
        kind if len(kinds) == 1 else f"{kind} ({count} of {total})" for kind, count in kinds.most_common()
    )


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(MAX_TEXT_BYTES)
    marked = text_encoding(head[:4])
    if marked != "utf-8-sig":
        return marked.upper()
    data = head[:-4] if len(head) == MAX_TEXT_BYTES else head  # a letter may be cut
    text = data.decode("utf-8", "ignore") if len(head) == MAX_TEXT_BYTES else None
    try:
        text = data.decode("utf-8") if text is None else text
    except UnicodeDecodeError:
        return (
            "not UTF-8, GBK perhaps"
            if decode_text(data, gbk=True) != decode_text(data)
            else "not UTF-8 (Latin-1)"
        )
    return "UTF-8"


def _no_reader(found: Listed) -> str:
    what = [
        (found.images, "images"),
        (found.pairs, "of them with a .txt of the same name"),
        (len(found.texts), ".txt"),
        (len(found.tables), "tables"),
        (found.videos, "videos without subtitles of the same name"),
    ]
    there = ", ".join(f"{count} {name}" for count, name in what if count)
    other = ", ".join(f"{count} {suffix}" for suffix, count in found.other.most_common(3))
    held = "; ".join(one for one in (there, other) if one) or "it is empty"
    return (
        f"no reader understands this folder ({held}); expected images each with a .txt of the same name, "
        f"a table ({', '.join(TABLES)}) of image paths and texts, tar shards, videos with subtitles"
    )


def first_of(form: Form) -> tuple[list[tuple[str, str]], Counter[str]]:
    """(id, text) of the first posts or clips, and why others of the first were rejected.

    Raises `UserError` where the reader finds nothing at all.
    """
    tree = {"reader": form.reader, "path": form.path, **form.options}
    posts = (
        read_posts(PairsParams.model_validate(tree))
        if form.section == "pairs"
        else read_clips(ClipsParams.model_validate(tree))
    )
    found: list[tuple[str, str]] = []
    rejected: Counter[str] = Counter()
    for post in islice(posts, FIRST):
        if isinstance(post, Rejected):
            rejected[post.reason] += 1
            continue
        if isinstance(post, Post):
            try:
                normalise_image(post.image, _SIDE)
            except UnusableError as error:
                rejected[error.reason] += 1
                continue
        found.append((post.sample_id, post.text))
    if not found and not rejected:
        raise UserError(f"{form.path}: reader {form.reader} finds nothing in it")
    return found, rejected
