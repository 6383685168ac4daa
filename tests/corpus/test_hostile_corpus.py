"""A folder of hostile images and texts through the real stage: each is read right, or rejected."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from pacl_core.media.images import decode_jpeg
from tests.paths import ROOT

RED = (255, 0, 0)
READ = "read right"


def coded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def red(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, RED).convert(mode)


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8))


def corrupt(form: str, mark: bytes, count: int, skip: int) -> bytes:
    """`count` bytes of ones, `skip` bytes behind a mark."""
    data = coded(noise(), form)
    place = data.index(mark) + len(mark) + skip
    return data[:place] + b"\xff" * count + data[place + count :]


def bomb() -> bytes:
    """A PNG of 30,000 x 30,000 that is real: 2.7 GB of zeros in 2.6 MB."""
    row = zlib.compressobj(9)
    packed = b"".join(row.compress(bytes(1 + 3 * 30_000)) for _ in range(300)) + row.flush()
    body = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = (body, b"IDAT" + packed, b"IEND")
    framed = (struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.new("RGB", (40, 30), RED)
    return coded(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


def palette() -> bytes:
    image = Image.new("P", (40, 30), 1)
    image.putpalette([0, 0, 0, *RED] + [0] * 762)
    return coded(image, "PNG", transparency=0)


def frames(form: str) -> bytes:
    others = [Image.new("RGB", (40, 30), colour) for colour in ("blue", "lime")]
    return coded(red(), form, save_all=True, append_images=others)


IMAGES: dict[str, tuple[bytes, str]] = {
    "truncated_jpeg.jpg": (coded(noise(), "JPEG")[:3000], "truncated"),
    "truncated_png.png": (coded(noise(), "PNG")[:9000], "truncated"),
    "truncated_webp.webp": (coded(noise(), "WEBP")[:3000], "truncated"),
    "truncated_gif.gif": (coded(noise(), "GIF")[:3000], "truncated"),
    "corrupt_jpeg.jpg": (corrupt("JPEG", b"\xff\xc4", 20, 3), "decode_failed"),  # its Huffman codes
    "corrupt_png.png": (corrupt("PNG", b"IDAT", 900, 20), "decode_failed"),
    "corrupt_webp.webp": (corrupt("WEBP", b"VP8 ", 40, 14), "decode_failed"),
    "corrupt_gif.gif": (corrupt("GIF", b"\0\x78\0\x5a\0", 1, 769), "decode_failed"),  # its code size
    "html.jpg": (b"<!DOCTYPE html><title>404</title>", "web_page"),
    "text.jpg": (b"404 not found", "not_a_picture"),
    "pdf.jpg": (b"%PDF-1.7\n%\xe2\xe3", "format_not_allowed"),
    "zero.jpg": (b"", "empty"),
    "bomb.png": (bomb(), "too_many_pixels"),
    "narrow.png": (coded(red(size=(30_000, 2)), "PNG"), "too_narrow"),
    "png_named.jpg": (coded(red(), "PNG"), READ),
    "one_pixel.png": (coded(red(size=(1, 1)), "PNG"), READ),
    "cmyk.jpg": (coded(Image.new("CMYK", (40, 30), (0, 255, 255, 0)), "JPEG"), READ),
    "sixteen_bit.png": (coded(Image.fromarray(np.full((30, 40), 32896, np.uint16)), "PNG"), READ),
    "palette.png": (palette(), READ),
    "animated_gif.gif": (frames("GIF"), READ),
    "animated_webp.webp": (frames("WEBP"), READ),
    "animated_png.png": (frames("PNG"), READ),
    "turned.jpg": (turned(), READ),
}
TEXTS: dict[str, tuple[bytes, str]] = {
    "nul": (b"a\0b", "ab"),
    "lone_surrogate": (b"half \xed\xa0\xbd pair", "half í ½ pair"),  # three bytes that are not UTF-8
    "latin1": (b"caf\xe9\r\nol\xe9", "café olé"),
    "one_megabyte": (b"word " * (1 << 20), "text_too_large"),
    "a_million_letters": (b"w" * 1_000_000, "w" * 1_000_000),
    "right_to_left": ("مرحبا \u200fשלום".encode(), "مرحبا \u200fשלום"),
    "only_emoji": ("😀👩🏽‍🚀".encode(), "😀👩🏽‍🚀"),
    "utf16": ("\ufeffhi".encode("utf-16-le"), "hi"),
    "blank": (b" \r\n\xc2\xa0", "empty_text"),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, object]], dict[str, str]]:
    """Pairs by id, and reasons by source, of a corpus that holds all of it."""
    folder = tmp_path_factory.mktemp("hostile") / "project"
    posts = folder / "posts"
    posts.mkdir(parents=True)
    for name, (data, _) in IMAGES.items():
        (posts / name).write_bytes(data)
        (posts / name).with_suffix(".txt").write_text(f"picture {name}")
    for number, (name, (data, _)) in enumerate(TEXTS.items()):
        (posts / f"{name}.jpg").write_bytes(coded(red(size=(40, 31 + number)), "JPEG"))
        (posts / f"{name}.txt").write_bytes(data)
    os.mkfifo(posts / "fifo.jpg")
    (posts / "fifo.txt").write_text("x")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["pairs"] |= {"reader": "folder", "path": "posts", "image_size": 32}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    done = subprocess.run(
        (sys.executable, "-m", "stages.pairs"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.parent.iterdir()] == ["project"]  # nothing next to it
    assert {path.name for path in folder.iterdir()} == {"posts", "params.yaml", "data", "metrics", ".pacl"}
    pairs = {row["sample_id"]: row for row in pq.read_table(folder / "data/pairs").to_pylist()}
    rejected = pq.read_table(folder / "data/pairs_rejected.parquet").to_pylist()
    return pairs, {row["source"]: row["reason"] for row in rejected}


@pytest.mark.parametrize("name", IMAGES)
def test_each_image(stored: tuple[dict[str, dict[str, object]], dict[str, str]], name: str) -> None:
    pairs, rejected = stored
    key = Path(name).stem
    expected = IMAGES[name][1]
    if expected != READ:
        assert rejected[key] == expected
        return
    image = np.asarray(decode_jpeg(pairs[key]["image"])).astype(int)  # type: ignore[arg-type]
    colour = (128, 128, 128) if name == "sixteen_bit.png" else RED
    assert np.abs(image - colour).max() <= 6
    assert image.shape[:2] == ((1, 1) if name == "one_pixel.png" else (30, 40))


@pytest.mark.parametrize("name", TEXTS)
def test_each_text(stored: tuple[dict[str, dict[str, object]], dict[str, str]], name: str) -> None:
    pairs, rejected = stored
    expected = TEXTS[name][1]
    found = pairs[name]["text"] if name in pairs else rejected.get(name, rejected.get(f"{name}.jpg"))
    assert found == expected


def test_a_fifo_is_not_waited_for(stored: tuple[dict[str, dict[str, object]], dict[str, str]]) -> None:
    assert stored[1]["fifo.jpg"] == "not_a_file"
