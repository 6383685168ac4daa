"""Captioned drawings of three artists, as npm and Debian ship them: what the LiT projector learns from."""

import html
import json
import re
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

MAX_PIXELS = 4_000_000  # a few clip-art files are posters of hundreds of megapixels
MAX_SHARED_TITLE = 20  # more drawings than this under one title: it names a collection, not a drawing
MAX_OWN_TITLE = 3
NO_CAPTION = {"", "unsorted", "clip art", "clipart", "icons", "icon", "theme", "sign", "signs and symbols"}


@dataclass(frozen=True)
class Drawing:
    """A PNG and the texts that say what it shows, the best one first."""

    artist: str
    path: Path
    captions: tuple[str, ...]


def read_emoji(package: Path, artist: str) -> list[Drawing]:
    """Every emoji (no skin tones) of an unpacked `emoji-datasource-<artist>`: Unicode name and aliases."""
    drawings = []
    for emoji in json.loads((package / "emoji.json").read_text(encoding="utf-8")):
        path = package / "img" / artist / "64" / emoji["image"]
        captions = _captions([emoji["name"] or "", *emoji["short_names"]])
        if path.is_file() and captions:
            drawings.append(Drawing(artist, path, captions))
    return drawings


def read_openclipart(root: Path) -> list[Drawing]:
    """Drawings under `root/png` whose twin under `root/svg` says in its metadata what it shows."""
    found = []
    for path in sorted((root / "png").rglob("*.png")):
        svg = root / "svg" / path.relative_to(root / "png").with_suffix(".svg")
        if svg.is_file() and _pixels(path) <= MAX_PIXELS:
            found.append((path, *_title_and_keywords(svg.read_text(encoding="utf-8", errors="replace"))))
    shared = Counter(_clean(title) for _, title, _ in found)
    drawings = []
    for path, title, keywords in found:
        texts = [re.sub(r"[\s\d.]+$", "", title)] if shared[_clean(title)] <= MAX_OWN_TITLE else []
        texts.append(", ".join(_captions(keywords)))
        captions = _captions(texts)
        if captions and shared[_clean(title)] <= MAX_SHARED_TITLE:
            drawings.append(Drawing("openclipart", path, captions))
    return drawings


def on_white(path: Path) -> Image.Image:
    """The drawing as RGB on white, at most 256 pixels wide or high: the size of the corpus' images."""
    drawing = Image.open(path).convert("RGBA")
    page = Image.new("RGBA", drawing.size, "white")
    image = Image.alpha_composite(page, drawing).convert("RGB")
    image.thumbnail((256, 256))
    return image


def _pixels(path: Path) -> int:
    """Width times height from the PNG header: Pillow refuses even to open the largest."""
    with path.open("rb") as stream:
        width, height = struct.unpack(">II", stream.read(24)[16:])
    return int(width * height)


def _title_and_keywords(svg: str) -> tuple[str, list[str]]:
    metadata = _between(svg, "metadata")
    items = re.findall(r"<rdf:li[^>]*>(.*?)</rdf:li>", _between(metadata, "dc:subject"), re.DOTALL)
    keywords = [html.unescape(item) for item in items if not item.startswith("hash")]  # a Perl accident
    return html.unescape(re.sub(r"<[^>]+>", " ", _between(metadata, "dc:title"))), keywords


def _between(text: str, tag: str) -> str:
    found = re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", text, re.DOTALL)
    return found.group(1) if found else ""


def _captions(texts: list[str]) -> tuple[str, ...]:
    cleaned = [_clean(text) for text in texts]
    return tuple(dict.fromkeys(text for text in cleaned if text not in NO_CAPTION))


def _clean(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().lower()
