"""WebDataset shards: img2dataset's output, and plain ones with an image and a text per key."""

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.manifest_rows import as_text, split_captions
from pacl_core.corpus.readers import Post
from pacl_core.corpus.shard_files import Shard, failures_table, opened, shards
from pacl_core.corpus.shard_samples import Sample, samples
from pacl_core.corpus.tar_members import members
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.pairs import PairsParams

# what img2dataset says of rows that it could not fetch; the shard's table lists them
_FAILED = {"failed_to_download": "failed_to_download", "failed_to_resize": "failed_to_resize"}
_OTHER_FAILURE = "failed_otherwise"
# of the .json, what is not extra: the caption is the text, the rest is about the download
_NO_EXTRAS = ("caption", "key", "status", "error_message", "exif")


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts shard by shard; the sample_id is the shard's label and the name of the sample's members.

    In img2dataset's output it is the key alone, if the key belongs to this shard. The text is the .txt, else
    the caption in the .json (the first of several); the other values of the .json are extras. Hidden members,
    as macOS adds them, are skipped. After a shard's posts come the failures that its table lists. Raises
    `UserError`: no shards, a file system that is not installed or fails.
    """
    for shard in shards(params.path):
        yield from _shard(shard)


def _shard(shard: Shard) -> Iterator[Post | Rejected]:
    try:
        with opened(shard.location) as stream:
            for found in samples(shard.label, members(stream)):
                yield found if isinstance(found, Rejected) else _post(shard.label, found)
    except UnusableError as error:
        yield error.rejected(shard.label)
    yield from _failures(shard)


def _post(shard: str, sample: Sample) -> Post | Rejected:
    name, about = _sample_id(shard, sample), sample.about or {}
    try:
        if sample.refused is not None:
            raise sample.refused
        if sample.image is None:
            raise UnusableError("missing_image", "no picture in the shard")
        if sample.caption is None:
            raise UnusableError("missing_text", "no .txt and no caption in the shard")
        text, captions = split_captions({"caption": sample.caption}, "caption")
    except UnusableError as error:
        return error.rejected(name)
    return Post(name, sample.image, text, _extras(about) | captions)


def _sample_id(shard: str, sample: Sample) -> str:
    # img2dataset's keys begin with their shard's name, and its .json repeats them: they differ over the
    # shards of a run. Others start again in each shard, as those of another run do.
    is_own = (sample.about or {}).get("key") == sample.stem and sample.stem.startswith(shard)
    return valid_name(sample.stem if is_own else f"{shard}/{sample.stem}")


def _extras(about: dict[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in about.items()
        if name not in _NO_EXTRAS and value is not None and value == value  # NaN means none
    }


def _failures(shard: Shard) -> Iterator[Rejected]:
    """Rows of a shard's table that were not fetched."""
    location = failures_table(shard.location)
    if location is None:
        return
    name = f"{shard.label}.parquet"
    try:
        with opened(location) as stream, pq.ParquetFile(stream) as table:
            columns = [one for one in ("key", "status", "error_message") if one in table.schema_arrow.names]
            if "status" not in columns:
                return
            for batch in table.iter_batches(4096, columns=columns):
                for row in batch.to_pylist():
                    if row["status"] != "success":
                        reason = _FAILED.get(str(row["status"]), _OTHER_FAILURE)
                        message = as_text(row.get("error_message")) or "no message"
                        detail = f"{row['status']}: {message}"
                        yield Rejected(valid_name(as_text(row.get("key")) or name), reason, detail)
    except UnusableError as error:
        if error.reason != "missing_shard":  # plain shards have no table
            yield error.rejected(name)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        yield Rejected(name, "broken_table", " ".join(str(error).split()))
