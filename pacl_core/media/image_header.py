"""What the header of an image file says, checked before a pixel is decoded."""

import io
import warnings

from PIL import Image

from pacl_core.media.rejects import UnusableError

MAX_BYTES = 64 << 20
MAX_PIXELS = 80_000_000
MAX_SIDE = 65_500  # the longest side that libjpeg writes
# a model's resize of the short side to 224 would make 11,200 x 224 of it; of 30,000 x 2 three million columns
MAX_ASPECT = 50
# formats that people post; none that runs a program (EPS) or has no signature (TGA: any bytes may pass)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO")
SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in "jpg jpeg jpe jfif png apng gif webp bmp tif tiff avif jp2 ppm pgm pnm ico".split()  # noqa: SIM905
)
# first bytes of files with an image's name that are in none of these formats
_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "Photoshop"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"icns", "an Apple icon"),
    (b"\x1aE\xdf\xa3", "a Matroska film"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip"),
    (b"qoif", "QOI"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"II*\0\x10\0\0\0CR", "a camera's raw file"),
)
_OWN = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")

# Pillow refuses twice as many pixels also inside a file: the frames of an icon have their own headers
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Pillow warns at this number, where MAX_PIXELS decides
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_image(data: bytes) -> Image.Image:
    """A file's bytes as an image that is not decoded yet, its frame 0 chosen.

    In this order: bytes at all, the byte cap, a header, its format among `FORMATS`, the pixel cap, sides that
    can be stored and resized. Raises `UnusableError`: empty, too_large, web_page, format_not_allowed,
    broken_header, truncated, not_a_image, too_many_pixels, too_long_side, too_narrow.
    """
    if not data:
        raise UnusableError("empty", "0 bytes")
    if len(data) > MAX_BYTES:
        raise UnusableError("too_large", f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise UnusableError("too_many_pixels", str(error)) from None
    except MemoryError:
        raise
    except Exception as error:  # most often UnidentifiedImageError, yet a format may fail in its own way
        raise _unidentified(data, str(error)) from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnusableError("too_many_pixels", f"{width} x {height}; at most {MAX_PIXELS} are decoded")
    if max(width, height) > MAX_SIDE:
        raise UnusableError("too_long_side", f"{width} x {height}; a side may have {MAX_SIDE}")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise UnusableError("too_narrow", f"{width} x {height}; at most {MAX_ASPECT} : 1")
    return image


def cut_short(data: bytes) -> bool:
    """Whether a WebP claims more bytes than there are, which its decoder does not report."""
    return data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 > len(data)


def _unidentified(data: bytes, message: str) -> UnusableError:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = f"starts with {data[:12]!r}"
    if start.startswith(_PAGES):
        return UnusableError("web_page", found)
    for signature, name in _OTHERS:
        if data.startswith(signature) or start.startswith(signature):
            return UnusableError("format_not_allowed", name)
    brand = data[8:12]
    if data[4:8] == b"ftyp":
        if brand in (b"avif", b"avis"):
            return UnusableError("broken_header", found)
        return UnusableError("format_not_allowed", f"a film or HEIC picture ({brand!r})")
    if data.startswith(_OWN) or (data.startswith(b"RIFF") and brand == b"WEBP"):
        cut = cut_short(data) or "truncated" in message.lower()
        return UnusableError("truncated" if cut else "broken_header", found)
    return UnusableError("not_a_picture", found)
