"""Can the corpus and the test sets of params.yaml be read?"""

from itertools import islice
from pathlib import Path

from pacl_core.corpus.readers import read_posts
from pacl_core.datasets.record import load_record
from pacl_core.doctor.finding import Finding
from pacl_core.errors import UserError
from pacl_core.media.images import normalise_image
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.methods.params import Params

FIRST = 5


def data(params: Params) -> list[Finding]:
    """The first posts of the corpus, the ANPs' file, and record and path of every test set."""
    found = [_corpus(params)]
    anps = Path(params.anps.path)
    there = anps.exists()
    found.append(
        Finding("anps.path", "fine", str(anps))
        if there
        else Finding("anps.path", "stops", f"{anps}: no such file", "README, 'Reproduce the paper'")
    )
    for name, one in params.downstream.items():
        key = f"downstream.{name}"
        try:
            load_record(Path(one.record))
        except UserError as error:
            found.append(Finding(key, "stops", str(error), f"mend {one.record}"))
            continue
        if Path(one.path).exists():
            found.append(Finding(key, "fine", one.path))
        else:
            mend = "put the data set there, or delete its line"
            found.append(Finding(key, "stops", f"{one.path}: nothing there", mend))
    return found


def _corpus(params: Params) -> Finding:
    key, where = "pairs", f"reader {params.pairs.reader}, {params.pairs.path}"
    reasons: list[str] = []
    try:
        first = list(islice(read_posts(params.pairs), FIRST))
    except UserError as error:
        return Finding(key, "stops", str(error), "mend the section 'pairs'")
    for post in first:
        if isinstance(post, Rejected):
            reasons.append(f"{post.source}: {post.reason}")
            continue
        try:
            normalise_image(post.image, params.pairs.image_size)
        except UnusableError as error:
            reasons.append(f"{post.sample_id}: {error.reason}")
    if not first:
        return Finding(key, "stops", f"{where}: no post found", "mend pairs.path")
    if len(reasons) == len(first):
        detail = f"{where}: the first {len(first)} posts are unusable ({reasons[0]})"
        return Finding(key, "note", detail, "look at data/pairs_rejected.parquet after the run")
    return Finding(key, "fine", f"{where}: {len(first) - len(reasons)} of the first {len(first)} posts read")
