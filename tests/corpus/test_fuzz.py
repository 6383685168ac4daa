"""Damaged files of every kind: each ends as pairs or rejections, soon, in bounded memory, nothing written.

The slow set runs `SLOW` inputs of each kind, of images more, 28,900 in all; the normal set some hundreds.
"""

import csv
import io
import json
import random
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.corpus import shard_files
from pacl_core.corpus.cleaning import clean_text
from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.media.images import decode_jpeg, normalise_image
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.text_decoding import decode_text
from pacl_core.params.pairs import PairsParams, TextCleaningParams
from tests.corpus.mutations import mutated
from tests.corpus.tars import member, tar

NORMAL, SLOW, SLOW_IMAGES = 25, 700, 3000
SECONDS = 120  # far more than any takes, on a busy machine too; a hang ends here
REASON = re.compile(r"[a-z_]+")
CLEAN = TextCleaningParams.model_validate(
    {"html": "decode", "urls": "remove", "retweets": "remove", "mentions": "remove", "hashtags": "split"}
    | {"emoji": "name", "control": "remove", "whitespace": "collapse"}
)


def image(form: str, mode: str = "RGB", frames: int = 1, **options: object) -> bytes:
    y, x = np.mgrid[0:48, 0:64]
    image = Image.fromarray(np.stack([x * 4, y * 5, x + y], axis=-1).astype(np.uint8)).convert(mode)
    if frames > 1:
        options |= {"save_all": True, "append_images": [image.rotate(90 * turn) for turn in range(1, frames)]}
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


EXIF = Image.Exif()
EXIF[0x0112] = 6
IMAGES: dict[str, list[bytes]] = {
    "jpeg": [
        image("JPEG", exif=EXIF),
        image("JPEG", "CMYK"),
        image("JPEG", "L"),
        image("JPEG", progressive=True, subsampling="4:2:0"),
    ],
    "png": [
        image("PNG"),
        image("PNG", "RGBA"),
        image("PNG", "P", transparency=3),
        image("PNG", "I;16"),
        image("PNG", frames=3),
    ],
    "gif": [image("GIF", "P"), image("GIF", frames=3), image("GIF", "P", transparency=1)],
    "webp": [image("WEBP"), image("WEBP", "RGBA", lossless=True), image("WEBP", frames=3)],
    "tiff": [
        image("TIFF"),
        image("TIFF", "F"),
        image("TIFF", compression="tiff_lzw"),
        image("TIFF", compression="jpeg"),
        image("TIFF", frames=2),
    ],
    "bmp": [image("BMP"), image("BMP", "P"), image("BMP", "1")],
    "avif": [image("AVIF"), image("AVIF", "RGBA")],
    "others": [image("JPEG2000"), image("PPM"), image("ICO", "RGBA", sizes=[(48, 48), (16, 16)])],
}
EVERY_IMAGE = [data for forms in IMAGES.values() for data in forms]


@contextmanager
def bounded() -> Iterator[None]:
    """No longer than `SECONDS`."""

    def late(*_: object) -> None:
        raise TimeoutError(f"longer than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(kind: str, count: int, one: Callable[[random.Random], None]) -> None:
    """`count` cases by their seeds; the message of a failure names the seed, the figures go to the output."""
    peak = _peak()
    begun = time.monotonic()
    for seed in range(count):
        try:
            with bounded():
                one(random.Random(f"{kind} {seed}"))
        except BaseException as error:
            error.add_note(f"{kind}: seed {seed}")
            raise
    seconds = time.monotonic() - begun
    print(f"{kind}: {count} inputs in {seconds:.1f} s, peak memory +{_peak() - peak:.0f} MB")
    # a file may claim what MAX_PIXELS allows: 80 million, in four channels, and a copy
    assert _peak() - peak < 1500


def _peak() -> float:
    unit = 1024 if sys.platform == "linux" else 1024**2
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def check(found: Iterator[Post | Rejected]) -> None:
    try:
        for item in found:
            if isinstance(item, Post):
                item.sample_id.encode()
                assert item.sample_id and isinstance(item.image, bytes) and isinstance(item.text, str)
            else:
                (item.source + item.detail).encode()
                assert REASON.fullmatch(item.reason)
    except UserError as error:
        assert "\n" not in str(error)


SETS = [pytest.param(NORMAL, id="normal"), pytest.param(SLOW, id="slow", marks=pytest.mark.slow)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [SETS[0], pytest.param(SLOW_IMAGES, id="slow", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", IMAGES)
def test_images(kind: str, count: int) -> None:
    def one(rng: random.Random) -> None:
        data = mutated(rng.choice(IMAGES[kind]), EVERY_IMAGE, rng)
        try:
            done = normalise_image(data, 32)
        except UnusableError as error:
            assert REASON.fullmatch(error.reason) and error.detail
            return
        assert decode_jpeg(done.jpeg).size == (done.width, done.height)

    run(kind, count, one)


PAIR = [member("a.jpg", IMAGES["jpeg"][0]), member("a.txt", b"text"), member("a.json", b'{"key": "a"}')]
TARS = [
    tar(*PAIR, member("x" * 200 + ".png", IMAGES["png"][0]), member("b/c.txt", b"t")),
    tar(*PAIR, member("é.jpg", b"x", pax_headers={"comment": "c"}), mode="w:gz"),
    tar(*PAIR, *PAIR, member("l.jpg", type=b"2", linkname="a.jpg"), form=1),
    tar(*PAIR, mode="w:xz"),
    tar(*PAIR, mode="w:bz2"),
]


def table(**columns: list[object]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


STATUS = table(key=["1", "2"], status=["success", "failed_to_download"], error_message=[None, "404"])


@pytest.mark.parametrize("count", SETS)
def test_tars(tmp_path: Path, count: int) -> None:
    (tmp_path / "shards").mkdir()

    def one(rng: random.Random) -> None:
        (tmp_path / "shards/s.tar").write_bytes(mutated(rng.choice(TARS), [*TARS, *EVERY_IMAGE], rng))
        (tmp_path / "shards/s.parquet").write_bytes(mutated(STATUS, TARS, rng))
        check(read_posts(PairsParams(reader="webdataset", path=str(tmp_path / "shards"))))
        assert {path.name for path in tmp_path.rglob("*")} == {"shards", "s.tar", "s.parquet"}

    run("tar and its parquet", count, one)


def rows() -> list[dict[str, object]]:
    texts = ["one", 'two "quoted"', "three\nlines", "ünï 😀", "", "=1+1"]
    return [{"id": f"i{place}", "image": "a.jpg", "text": text} for place, text in enumerate(texts)]


def delimited(delimiter: str, line_end: str, encoding: str) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, ["id", "image", "text"], delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows())
    return stream.getvalue().encode(encoding)


LISTED: dict[str, object] = {name: [row[name] for row in rows()] for name in ("id", "image", "text")}
MANIFESTS: dict[str, list[bytes]] = {
    "csv": [
        delimited(",", "\n", "utf-8-sig"),
        delimited(",", "\r", "utf-16"),
        delimited(",", "\r\n", "utf-8"),
    ],
    "tsv": [delimited("\t", "\n", "utf-8")],
    "jsonl": ["\n".join(json.dumps(row) for row in rows()).encode()],
    "parquet": [table(**LISTED), table(**(LISTED | {"text": [[1], [2], None, [], [3], [4]]}))],  # type: ignore[arg-type]
}


@pytest.mark.parametrize("count", SETS)
@pytest.mark.parametrize("kind", MANIFESTS)
def test_manifests(tmp_path: Path, kind: str, count: int) -> None:
    (tmp_path / "a.jpg").write_bytes(IMAGES["jpeg"][0])
    path = tmp_path / f"m.{kind}"
    every = [data for forms in MANIFESTS.values() for data in forms]

    def one(rng: random.Random) -> None:
        path.write_bytes(mutated(rng.choice(MANIFESTS[kind]), every, rng))
        manifest = {"id": "id" if rng.random() < 0.7 else None}
        params = {"reader": "manifest", "path": str(path), "manifest": manifest}
        check(read_posts(PairsParams.model_validate(params)))
        assert {found.name for found in tmp_path.iterdir()} == {"a.jpg", path.name}

    run(kind, count, one)


TEXTS = [
    "RT @user: so HAPPY &amp;amp; #SunnyDay http://t.co/x1 😀👩🏽‍🚀".encode(),
    "caf\xe9 \x92 ol\xe9".encode("latin-1"),
    "\ufeffمرحبا\r\nשלום \u202e".encode(),
    b"\xff\xfea\0b\0",
    b"&#x26;#x26;lt; &nbsp;&#173;&zwj;" * 3,
    b"#" * 200 + b"@" * 200 + b"www." * 50,
]


@pytest.mark.parametrize("count", SETS)
def test_texts(count: int) -> None:
    def one(rng: random.Random) -> None:
        data = mutated(rng.choice(TEXTS), TEXTS, rng)
        if rng.random() < 0.01:
            data *= (1 << 17) // max(1, len(data))
        try:
            text = clean_text(decode_text(data), CLEAN)
        except UnusableError as error:
            assert REASON.fullmatch(error.reason)
            return
        text.encode()
        assert clean_text(text, CLEAN) == text

    run("texts", count, one)


LABELS = [b"ID\ttext,image\r\n1\tneutral,positive\r\n2\tpositive,positive\r\n"]


@pytest.mark.parametrize("count", SETS)
def test_label_files_and_lists_of_shards(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_files, "MOST_NAMES", 1000)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/1.jpg").write_bytes(IMAGES["jpeg"][0])
    (tmp_path / "data/1.txt").write_bytes(b"text")
    (tmp_path / "0.tar").write_bytes(TARS[0])

    def one(rng: random.Random) -> None:
        (tmp_path / "labelResultAll.txt").write_bytes(mutated(LABELS[0], TEXTS, rng))
        check(read_posts(PairsParams(reader="mvsa", path=str(tmp_path))))
        (tmp_path / "list.txt").write_bytes(mutated(b"0.tar\n{0..2}.tar\n# no\n", TEXTS, rng))
        check(read_posts(PairsParams(reader="webdataset", path=str(tmp_path / "list.txt"))))

    run("label files and lists", count, one)
