"""Pairs on disk: parquet parts in corpus order, and the rejects, all published whole."""

import hashlib
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pacl_core.corpus.cleaning import clean_text
from pacl_core.corpus.near_duplicates import NearDuplicates
from pacl_core.corpus.pair_parts import PART_BYTES, ROW_GROUP, Pair, PairParts, pair_table
from pacl_core.corpus.pair_store_state import PairStoreState
from pacl_core.corpus.readers import Post
from pacl_core.errors import UserError
from pacl_core.files.publish import published_folder
from pacl_core.files.tables import table_writer
from pacl_core.media.images import NormalisedImage, with_images
from pacl_core.media.rejects import REJECTED_SCHEMA, Rejected, Rejects, UnusableError
from pacl_core.params.pairs import PairsParams
from pacl_core.runtime.progress import counted

log = logging.getLogger("pacl")
_INPUTS = 4096  # also committed now and then if the corpus is nothing but rejects


class InputDigest:
    """SHA-256 over inputs in their order: every field of each, images as bytes."""

    def __init__(self) -> None:
        self._running = hashlib.sha256()
        self._image: tuple[bytes, bytes] = (b"", hashlib.sha256().digest())

    def add(self, item: Post | Rejected) -> None:
        if isinstance(item, Rejected):
            fields = [b"rejected", *map(_bytes, (item.source, item.reason, item.detail))]
        else:
            extras = (part for pair in sorted(item.extras.items()) for part in pair)
            fields = [b"post", self._of(item.image), *map(_bytes, (item.sample_id, item.text, *extras))]
        for value in fields:
            self._running.update(len(value).to_bytes(8, "little") + value)
        self._running.update(b"\n")

    def hexdigest(self) -> str:
        """The hash of all inputs so far."""
        return self._running.hexdigest()

    def _of(self, image: bytes) -> bytes:
        """An image's hash; consecutive inputs with the same object are hashed once."""
        if image is not self._image[0]:
            self._image = (image, hashlib.sha256(image).digest())
        return self._image[1]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class StorePaths:
    """Where to write: the folder of parts, the table of rejects, the folder of unfinished work."""

    pairs: Path
    rejected: Path
    scratch: Path


def write_pairs(
    read: Callable[[], Iterator[Post | Rejected]],
    params: PairsParams,
    paths: StorePaths,
    *,
    workers: int = 1,
    part_bytes: int = PART_BYTES,
) -> dict[str, Any]:
    """Normalise the posts that `read` yields into part-*.parquet and the rejects; return the counts.

    Counts: read, pairs, rejected, rejected_by_reason, near_duplicates, cleaned_texts, provenance (where the
    corpus has it). A killed run resumes from the scratch folder, if the corpus still begins with what was
    read then. Memory: one row group, and a few posts per worker. Raises `UserError` where no pair is left,
    with the rejects written.
    """
    with unfinished(paths) as state:
        posts, digest = _continued(read, state, part_bytes)
        _store(posts, digest, state, params=params, workers=workers, part_bytes=part_bytes)
        reasons = publish(
            state,
            paths,
            "pair",
            empty="no post was found; check pairs.path and pairs.reader",
            check="pairs in params.yaml",
        )
        return _counts(state, reasons)


@contextmanager
def unfinished(paths: StorePaths) -> Iterator[PairStoreState]:
    """The state of a run of the store; what SQLite says of it is a `UserError`."""
    try:
        with closing(PairStoreState(paths.scratch)) as state:
            yield state
    except sqlite3.Error as error:  # a full disk is reported as one
        raise UserError(
            f"{paths.scratch / 'state.sqlite'}: {error}; fix that, or delete the folder"
        ) from None


def publish(state: PairStoreState, paths: StorePaths, what: str, *, empty: str, check: str) -> Counter[str]:
    """Publish the parts and the rejects; returns the number of rejects by reason.

    Raises `UserError` where no `what` (pair, clip) is left, with the rejects written: `empty` where there was
    no input at all, else one that tells to `check` what may be wrong.
    """
    reasons = state.reasons()
    if not state.progress.pairs:
        with table_writer(paths.rejected, REJECTED_SCHEMA) as writer:
            _write_rejects(state, writer)
        if (first := next(state.rejects(), None)) is None:
            raise UserError(f"the corpus is empty: {empty}")
        counts = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        example = " ".join(f"{first.source}: {first.detail}".split())[:300]
        raise UserError(
            f"no usable {what} among {reasons.total()} inputs, rejected as: {counts} (the first is "
            f"{example}); all are in {paths.rejected}; check {check}"
        )
    with (
        published_folder(paths.pairs) as draft,
        table_writer(paths.rejected, REJECTED_SCHEMA) as writer,
    ):
        PairParts(state).link_into(draft)
        _write_rejects(state, writer)
    return reasons


def _write_rejects(state: PairStoreState, writer: pq.ParquetWriter) -> None:
    with Rejects(writer) as rejects:
        for one in state.rejects():
            rejects.add(one)


def _continued(
    read: Callable[[], Iterator[Post | Rejected]], state: PairStoreState, part_bytes: int
) -> tuple[Iterator[Post | Rejected], InputDigest]:
    """The inputs that are still to be done, and the digest of those that are done.

    Nothing identifies the version of a corpus: file times are unreliable, and a list of remote shards says
    nothing about their content. So the inputs that are done are read again and compared, which takes a few
    per cent of the time of decoding them.
    """
    posts, digest = read(), InputDigest()
    if not PairParts(state, part_bytes).whole():
        state.clear()
    done = state.progress.inputs
    for _ in range(done):
        item = next(posts, None)
        if item is None:
            break
        digest.add(item)
    if done and digest.hexdigest() != state.progress.digest:
        log.info("the corpus has changed since this run began; starting afresh")
        state.clear()
        return read(), InputDigest()
    if done:
        log.info("continuing after %d inputs", done)
    return posts, digest


def _store(
    posts: Iterator[Post | Rejected],
    digest: InputDigest,
    state: PairStoreState,
    *,
    params: PairsParams,
    workers: int,
    part_bytes: int,
) -> None:
    progress = state.progress
    parts = PairParts(state, part_bytes)
    distance = params.near_duplicates.distance
    near = None if distance is None else NearDuplicates(state.connection, distance)
    block: list[Pair] = []
    block_bytes = inputs = 0

    def commit() -> None:
        if block:
            parts.add(pair_table(block, _marks(block, near, state)), sum(pair.size for pair in block))
        progress.inputs += inputs
        progress.digest = digest.hexdigest()
        state.commit()
        parts.tidy()
        block.clear()

    decoded = with_images(posts, _image, params.image_size, workers=workers)
    for item, image in counted(decoded, "pairs"):
        digest.add(item)
        inputs += 1
        pair = _pair(item, image, state, params=params)
        if isinstance(pair, Rejected):
            state.reject(pair)
        else:
            block.append(pair)
            block_bytes += pair.size
        if len(block) >= ROW_GROUP or block_bytes >= part_bytes or inputs >= _INPUTS:
            commit()
            block_bytes = inputs = 0
    commit()
    parts.close_part()
    inputs = 0
    commit()


def _pair(
    item: Post | Rejected,
    image: NormalisedImage | UnusableError | None,
    state: PairStoreState,
    *,
    params: PairsParams,
) -> Pair | Rejected:
    if isinstance(item, Rejected):
        return item
    try:
        if isinstance(image, UnusableError):
            raise image
        assert image is not None  # every post has bytes
        text = clean_text(item.text, params.text)
        if state.has_id(item.sample_id):
            raise UnusableError("duplicate_id", "an earlier pair has this id")
        content = hashlib.sha256(image.pixel_hash.encode() + text.encode()).digest()[:16]
        if (kept := state.pair_with(content)) is not None:
            raise UnusableError("duplicate_pair", kept)
    except UnusableError as error:
        return error.rejected(item.sample_id)
    if item.provenance is not None:
        state.progress.counts[f"provenance:{item.provenance}"] += 1
    state.progress.counts["cleaned_texts"] += text != item.text.strip()
    return Pair(state.add_pair(item.sample_id, content), item, text, image)


def _marks(block: list[Pair], near: NearDuplicates | None, state: PairStoreState) -> list[str | None]:
    if near is None:
        return [None] * len(block)
    rows = near.mark([pair.row for pair in block], [pair.image.perceptual_hash for pair in block])
    state.progress.counts["near_duplicates"] += sum(row is not None for row in rows)
    return [None if row is None else state.id_of(row) for row in rows]


def _image(post: Post | Rejected) -> bytes | None:
    return post.image if isinstance(post, Post) else None


def _counts(state: PairStoreState, reasons: Counter[str]) -> dict[str, Any]:
    counts, provenance = state.progress.counts, state.progress.counts_of("provenance")
    return {
        "read": state.progress.pairs + reasons.total(),
        "pairs": state.progress.pairs,
        "rejected": reasons.total(),
        "rejected_by_reason": dict(sorted(reasons.items())),
        "near_duplicates": counts["near_duplicates"],
        "cleaned_texts": counts["cleaned_texts"],
    } | ({"provenance": provenance} if provenance else {})
