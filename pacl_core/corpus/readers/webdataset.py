"""WebDataset shards: img2dataset's output, and plain ones with an image and a text per key."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.posts import Post
from pacl_core.corpus.shard_files import failures_table, opened, shard_name, shards
from pacl_core.corpus.tar_members import Member, members
from pacl_core.media.image_header import MAX_BYTES
from pacl_core.media.image_header import SUFFIXES as IMAGES
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import MAX_TEXT_BYTES, decode_text
from pacl_core.params.pairs import PairsParams

# never loaded by anything here: to read one may run what it says
_PICKLES = (".pkl", ".pickle", ".pyd", ".pth", ".pt", ".joblib", ".dill")
# what img2dataset says of rows that it could not fetch; the shard's table lists them
_FAILED = {"failed_to_download": "failed_to_download", "failed_to_resize": "failed_to_resize"}
_OTHER_FAILURE = "failed_otherwise"
# of the .json, what is not extra: the caption is the text, the rest is about the download
_NO_EXTRAS = ("caption", "key", "status", "error_message", "exif")


@dataclass
class _Sample:
    """Members that share a key, as far as they are read."""

    key: str
    names: set[str] = field(default_factory=set)
    shown: bool = False  # an image came, maybe one that is refused
    image: bytes | None = None
    text: str | None = None
    about: dict[str, object] = field(default_factory=dict)
    refused: UnusableError | None = None


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts shard by shard; the key is the shard's name and the member's up to its first dot.

    Of img2dataset's output it is the latter alone. The text is the .txt, else the caption in the .json, whose
    other values are extras. After a shard's posts come the failures that its table lists. Raises
    `UserError`: no shards, a file system that is not installed or fails.
    """
    return (item for shard in shards(params.path) for item in _shard(shard))


def _shard(shard: str) -> Iterator[Post | Rejected]:
    name = shard_name(shard)
    sample: _Sample | None = None
    try:
        with opened(shard) as stream:
            for member in members(stream):
                if isinstance(member, tuple):
                    yield member[1].rejected(f"{name}/{valid_name(member[0])}")
                    continue
                key, suffix = _split(member.name)
                if sample is None or key != sample.key:
                    if sample is not None:
                        yield from _finished(name, sample)
                    sample = _Sample(key)
                yield from _take(name, sample, suffix, member=member)
    except UnusableError as error:
        # what was cut through is no post; those before it are
        if sample is not None and sample.image is not None and sample.text is not None:
            yield from _finished(name, sample)
        yield error.rejected(name)
    else:
        if sample is not None:
            yield from _finished(name, sample)
    yield from _failures(shard)


def _split(name: str) -> tuple[str, str]:
    """Key and suffix of a member: folder/0001.seg.png -> folder/0001, .seg.png."""
    folder, slash, base = name.rpartition("/")
    stem, dot, suffix = base.partition(".")
    return folder + slash + stem, dot + suffix.lower()


def _take(shard: str, sample: _Sample, suffix: str, *, member: Member) -> Iterator[Rejected]:
    """Read one member into the sample; damage to the shard itself is raised."""
    source = f"{shard}/{valid_name(member.name)}"
    kind = PurePosixPath(suffix).suffix or suffix
    if member.name in sample.names:
        yield Rejected(source, "duplicate_member", "a member of this name came before")
        return
    sample.names.add(member.name)
    if kind in IMAGES:
        if sample.shown:
            yield Rejected(source, "second_picture", "the sample has a picture already")
            return
        sample.shown = True
        if member.size > MAX_BYTES:
            sample.refused = UnusableError("too_large", f"{member.size} bytes; at most {MAX_BYTES} are read")
        else:
            sample.image = member.read()
    elif kind == ".txt":
        if member.size > MAX_TEXT_BYTES:
            sample.refused = UnusableError(
                "text_too_large", f"{member.size} bytes; at most {MAX_TEXT_BYTES} are read"
            )
        else:
            sample.text = decode_text(member.read())
    elif kind == ".json":
        if member.size <= MAX_TEXT_BYTES:
            sample.about = _object(member.read())
        if not sample.about:
            yield Rejected(source, "broken_json", "no JSON object, or too large; the sample goes without")
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


def _finished(shard: str, sample: _Sample) -> Iterator[Post | Rejected]:
    # img2dataset's keys differ over all shards, and its .json repeats them; others start again in each shard
    key = valid_name(sample.key if sample.about.get("key") == sample.key else f"{shard}/{sample.key}")
    caption = sample.about.get("caption")
    text = sample.text if sample.text is not None else caption if isinstance(caption, str) else None
    if sample.refused is not None:
        yield sample.refused.rejected(key)
    elif sample.image is not None and text is not None:
        yield Post(key, sample.image, text, _extras(sample.about))
    elif sample.image is not None:
        yield Rejected(key, "missing_text", "no .txt and no caption in the shard")
    elif text is not None:
        yield Rejected(key, "missing_image", "no picture in the shard")
    # a sample of nothing but members that were rejected is listed already


def _extras(about: dict[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in about.items()
        if name not in _NO_EXTRAS and value is not None
    }


def _failures(shard: str) -> Iterator[Rejected]:
    """Rows of a shard's table that were not fetched."""
    location = failures_table(shard)
    if location is None:
        return
    name = f"{shard_name(shard)}.parquet"
    try:
        with opened(location) as stream, pq.ParquetFile(stream) as table:
            columns = [one for one in ("key", "status", "error_message") if one in table.schema_arrow.names]
            if "status" not in columns:
                return
            for batch in table.iter_batches(4096, columns=columns):
                for row in batch.to_pylist():
                    if row["status"] != "success":
                        reason = _FAILED.get(str(row["status"]), _OTHER_FAILURE)
                        detail = f"{row['status']}: {row.get('error_message') or 'no message'}"
                        yield Rejected(valid_name(str(row.get("key", name))), reason, detail)
    except UnusableError as error:
        if error.reason != "missing_shard":  # plain shards have no table
            yield error.rejected(name)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        yield Rejected(name, "broken_table", " ".join(str(error).split()))
