"""Pairs on disk: parquet parts in corpus order, the rejects beside them, all published whole."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pacl_core.artefacts.publish import published_folder
from pacl_core.artefacts.tables import table_writer
from pacl_core.corpus.normalising import with_pictures
from pacl_core.corpus.pair_parts import PAIRS_SCHEMA, PART_BYTES, PairParts
from pacl_core.corpus.posts import Post, Rejected, UnusableError
from pacl_core.corpus.rejects import REJECTED_SCHEMA, Rejects
from pacl_core.corpus.seen import Seen
from pacl_core.corpus.text import valid_text
from pacl_core.errors import UserError
from pacl_core.progress import counted

__all__ = ["PAIRS_SCHEMA", "write_pairs"]


def write_pairs(
    posts: Iterable[Post | Rejected],
    folder: Path,
    rejected: Path,
    image_size: int,
    workers: int = 1,
    part_bytes: int = PART_BYTES,
) -> dict[str, Any]:
    """Normalise posts into `folder`/part-*.parquet and `rejected`; return the counts.

    Counts: read, pairs, rejected, rejected_by_reason, provenance (where the corpus has it). Memory: one
    row group, and a few posts per worker. Raises `UserError` where no pair is left.
    """
    provenance: Counter[str] = Counter()
    with (
        published_folder(folder) as draft,
        table_writer(rejected, REJECTED_SCHEMA) as writer,
        Rejects(writer) as rejects,
        PairParts(draft, part_bytes) as parts,
        Seen() as seen,
    ):
        decoded = with_pictures(posts, _image, image_size, workers)
        for post, picture in counted(decoded, "pairs"):
            if isinstance(post, Rejected):
                rejects.add(post)
                continue
            try:
                if isinstance(picture, UnusableError):
                    raise picture
                assert picture is not None  # every post has bytes
                text = valid_text(post.text)
                if not seen.add(post.key):
                    raise UnusableError("duplicate_id", "an earlier pair has this id")
            except UnusableError as error:
                rejects.add(error.rejected(post.key))
                continue
            parts.add(post, text, picture)
            if post.provenance is not None:
                provenance[post.provenance] += 1
        if not parts.pairs:
            raise UserError(_nothing(rejects.reasons))
    counts: dict[str, Any] = {
        "read": parts.pairs + rejects.reasons.total(),
        "pairs": parts.pairs,
        "rejected": rejects.reasons.total(),
        "rejected_by_reason": dict(sorted(rejects.reasons.items())),
    }
    return counts | ({"provenance": dict(sorted(provenance.items()))} if provenance else {})


def _image(post: Post | Rejected) -> bytes | None:
    return post.image if isinstance(post, Post) else None


def _nothing(reasons: Counter[str]) -> str:
    if not reasons:
        return "the corpus is empty: no post was found; check pairs.path and pairs.reader"
    counts = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    return f"no usable pair among {reasons.total()} inputs, rejected as: {counts}; check pairs in params.yaml"
