"""Can the corpus and the test sets of params.yaml be read?"""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from pacl_core.corpus.clips.clip import Clip
from pacl_core.corpus.clips.readers import opening, read_clips
from pacl_core.corpus.readers import read_posts
from pacl_core.datasets.record import evaluable, load_record
from pacl_core.doctor import Finding
from pacl_core.errors import UserError
from pacl_core.media.images import normalise_image
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.params.clips import ClipsParams
from pacl_core.params.evaluation import DownstreamParams
from pacl_core.params.pairs import PairsParams

FIRST = 5


def data(pairs: PairsParams, anps: Path, downstream: Mapping[str, DownstreamParams]) -> list[Finding]:
    """The first posts of the corpus, the list of adjective-noun pairs, record and path of each test set."""
    found = [_corpus(pairs)]
    if anps.exists():
        found.append(Finding("anps.path", "fine", str(anps)))
    else:
        fix = "README, 'Reproduce the paper', says where it comes from"
        found.append(Finding("anps.path", "stops", f"{anps}: no such file", fix))
    return found + [_test_set(f"downstream.{name}", one) for name, one in downstream.items()]


def pretext_sets(sets: Mapping[str, DownstreamParams]) -> list[Finding]:
    """Record and path of each pretext set."""
    return [_test_set(f"pretext_sets.{name}", one) for name, one in sets.items()]


def clip_corpora(clips: Mapping[str, ClipsParams]) -> list[Finding]:
    """Of each corpus of clips: can it be listed, and the video of its first clip be opened?"""
    return [_clip_corpus(f"clips.{name}", params) for name, params in clips.items()]


def _clip_corpus(key: str, params: ClipsParams) -> Finding:
    where = f"reader {params.reader}, {params.path}"
    try:
        first = next((one for one in read_clips(params) if isinstance(one, Clip)), None)
        if first is None:
            return Finding(key, "stops", f"{where}: no clip found", f"fix {key}.path")
        with opening(params)(first.source):
            return Finding(key, "fine", f"{where}: the first clip is of {first.source.name}")
    except UserError as error:
        return Finding(key, "stops", str(error), f"fix {key}")
    except UnusableError as error:
        fix = "look at the rejected clips after the run"
        return Finding(key, "note", f"{where}: the first video cannot be used ({error})", fix)


def _test_set(key: str, params: DownstreamParams) -> Finding:
    try:
        record = load_record(Path(params.record))
        if key.startswith("downstream."):
            evaluable(record, key)
    except UserError as error:
        return Finding(key, "stops", str(error), f"fix {params.record}")
    if Path(params.path).exists():
        return Finding(key, "fine", params.path)
    return Finding(
        key, "stops", f"{params.path}: nothing there", "put the data set there, or delete its line"
    )


def _corpus(params: PairsParams) -> Finding:
    key, where = "pairs", f"reader {params.reader}, {params.path}"
    reasons: list[str] = []
    try:
        first = list(islice(read_posts(params), FIRST))
    except UserError as error:
        return Finding(key, "stops", str(error), "fix the section 'pairs'")
    for post in first:
        if isinstance(post, Rejected):
            reasons.append(f"{post.source}: {post.reason}")
            continue
        try:
            normalise_image(post.image, params.image_size)
        except UnusableError as error:
            reasons.append(f"{post.sample_id}: {error.reason}")
    if not first:
        return Finding(key, "stops", f"{where}: no post found", "fix pairs.path")
    if len(reasons) == len(first):
        detail = f"{where}: the first {len(first)} posts are unusable ({reasons[0]})"
        return Finding(key, "note", detail, "look at data/pairs_rejected.parquet after the run")
    return Finding(key, "fine", f"{where}: {len(first) - len(reasons)} of the first {len(first)} posts read")
