"""Any image file -> one normal form: sRGB JPEG, upright, on white, of bounded size."""

import io
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pacl_core.errors import UserError
from pacl_core.media.image_hashes import perceptual_hash, pixel_hash
from pacl_core.media.image_header import MAX_BYTES, cut_short, open_image
from pacl_core.media.regular_file import read_regular
from pacl_core.media.rejects import UnusableError

Box = tuple[int, int, int, int]
JPEG_QUALITY = 95
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ICC_MODES = {"RGB ": ("RGB", "RGBA"), "CMYK": ("CMYK",), "GRAY": ("L",)}


@dataclass(frozen=True)
class NormalisedImage:
    """A normalised image. Both hashes are of its pixels before JPEG coding.

    `pixel_hash`: SHA-256 of size and RGB bytes. `perceptual_hash`: 64 bits, 0 for a flat image.
    """

    jpeg: bytes
    width: int
    height: int
    pixel_hash: str
    perceptual_hash: int


def read_image(path: Path) -> bytes:
    """The bytes of a file. Raises `UnusableError`: missing_image, not_a_file, unreadable, too_large."""
    return read_regular(path, MAX_BYTES, "missing_image", too_large="too_large")


def normalise_image(data: bytes, short_side: int, box: Box | None = None) -> NormalisedImage:
    """Frame 0, upright, sRGB over white, short side at most `short_side` pixels, never enlarged.

    `box`: the part to keep, as (left, top, right, bottom) in the pixels of the file as stored, before an
    EXIF turn (annotators' tools show those); clipped to the image.

    Raises `UnusableError`: those of `open_image`, before a pixel is decoded; then too_many_pixels (of a
    frame within), truncated, decode_failed, empty_box.
    """
    rgb = normal_pixels(data, short_side, box)
    jpeg = io.BytesIO()
    rgb.save(jpeg, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return NormalisedImage(jpeg.getvalue(), rgb.width, rgb.height, pixel_hash(rgb), perceptual_hash(rgb))


def normal_pixels(data: bytes, short_side: int, box: Box | None = None) -> Image.Image:
    """The pixels of `normalise_image`, as an RGB image; raises as it does."""
    try:
        with open_image(data) as image:
            # a PGM of more than 255 greys is read into 32 bits as 0..65535; elsewhere these greys may have
            # any range
            greys = 65535 if image.format == "PPM" else None
            upright = _reduced(image, short_side) if box is None else _cropped(image, box)
            rgb = _shrink(_rgb(upright, greys), short_side)
    except (UnusableError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise UnusableError("too_many_pixels", str(error)) from None
    except Exception as error:  # decoders raise whatever a broken file leads them to
        message = " ".join(str(error).split()) or type(error).__name__
        truncated = isinstance(error, EOFError) or "truncated" in message.lower() or cut_short(data)
        raise UnusableError("truncated" if truncated else "decode_failed", message) from error
    return rgb


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels `[H, W, 3]` uint8 RGB as a JPEG of the quality of stored images, by the faster encoder.

    Its bytes are not those of `normalise_image`, which Pillow writes; both keep full colour resolution.
    """
    jpeg: bytes = simplejpeg.encode_jpeg(
        pixels, quality=JPEG_QUALITY, colorspace="RGB", colorsubsampling="444"
    )
    return jpeg


def decode_jpeg(jpeg: bytes) -> Image.Image:
    """A stored image as an RGB image: the pixels of Pillow's own decoder, in less time.

    Raises `UserError` where the bytes are damaged.
    """
    try:
        return Image.fromarray(simplejpeg.decode_jpeg(jpeg))
    except ValueError as error:
        raise UserError(
            f"a stored image is damaged ({error}); delete the table and run 'dvc repro'"
        ) from None


def _reduced(image: Image.Image, short_side: int) -> Image.Image:
    """Decode; a JPEG at a cheaper 1/2, 1/4 or 1/8 that is still twice the size wanted."""
    scale = 2 * short_side / min(image.size)
    if scale < 1 and image.mode in ("RGB", "L"):
        image.draft(image.mode, (round(image.width * scale), round(image.height * scale)))
    image.load()
    return _upright(image, orientation(image))


def _cropped(image: Image.Image, box: Box) -> Image.Image:
    """Decode at full size, as the box is in these pixels, and cut the box out."""
    left, top, right, bottom = box
    clipped = max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height)
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        raise UnusableError("empty_box", f"{box} in a picture of {image.width} x {image.height}")
    image.load()
    return _upright(image.crop(clipped), orientation(image))


def _upright(image: Image.Image, turned: int) -> Image.Image:
    turn = _UPRIGHT.get(turned)
    return image.transpose(turn) if turn is not None else image


def orientation(image: Image.Image) -> int:
    """How an image is turned by EXIF, 1 to 8; 1 where it is upright or does not say."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, OSError, struct.error, KeyError, TypeError):
        return 1  # the image is intact, only its EXIF block is damaged
    return value if isinstance(value, int) else 1


def _rgb(image: Image.Image, greys: int | None) -> Image.Image:
    """Any mode -> sRGB over white. `greys`: the value of white in 32-bit grey, where it is known."""
    profile = image.info.get("icc_profile")
    transparent = image.info.get("transparency")
    if isinstance(transparent, tuple) and max(transparent) > 255:  # of 16 bits, as the pixels were
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image, greys)
    elif image.has_transparency_data or image.mode in ("La", "PA", "RGBa"):
        image = image.convert("LA").convert("RGBA") if image.mode == "La" else image.convert("RGBA")
    elif image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    if profile:
        image = _srgb(image, profile)
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _eight_bit(image: Image.Image, greys: int | None) -> Image.Image:
    """16- and 32-bit grey -> 8 bits over white; floats are 0..1 where none is larger, else 0..255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    if image.mode == "F":
        white = 1.0 if values.max() <= 1 else 255.0
    elif image.mode.startswith("I;16"):
        white = 65535.0
    else:
        white = greys or (65535.0 if values.max() > 255 else 255.0)
    eight = np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        eight[values == transparent] = 255
    return Image.fromarray(eight)


def _srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply an embedded colour profile; one that is broken or does not fit the mode is ignored."""
    try:
        transform = _transform(profile, image.mode)
    except (ImageCms.PyCMSError, OSError):
        return image
    return image if transform is None else transform.apply(image)


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    if mode not in _ICC_MODES.get(source.profile.xcolor_space, ()):
        return None
    target = "RGBA" if mode == "RGBA" else "RGB"
    return ImageCms.ImageCmsTransform(source, srgb, mode, target, ImageCms.Intent.RELATIVE_COLORIMETRIC)


def _shrink(image: Image.Image, short_side: int) -> Image.Image:
    width, height = image.size
    scale = short_side / min(width, height)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


Item = TypeVar("Item")
_AHEAD = 4  # items in flight per worker


def _whole(_: object) -> Box | None:
    return None


def with_images(
    items: Iterable[Item],
    image: Callable[[Item], bytes | None],
    short_side: int,
    *,
    workers: int,
    box: Callable[[Item], Box | None] = _whole,
) -> Iterator[tuple[Item, NormalisedImage | UnusableError | None]]:
    """(item, its normalised image, or why there is none); None for an item without image bytes.

    `box`: the part of an item's image that is meant, None for all of it. Items that follow each other with
    the very same bytes object and equal boxes share one decoding.
    """
    ahead: deque[tuple[Item, Future[NormalisedImage] | None]] = deque()
    last: tuple[bytes | None, Box | None] = (None, None)
    future: Future[NormalisedImage] | None = None
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                data = image(item)
                part = box(item)
                if data is not None and not (data is last[0] and part == last[1]):
                    last, future = (data, part), pool.submit(normalise_image, data, short_side, part)
                ahead.append((item, None if data is None else future))
                if len(ahead) >= _AHEAD * workers:
                    yield _finished(*ahead.popleft())
            while ahead:
                yield _finished(*ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(
    item: Item, future: Future[NormalisedImage] | None
) -> tuple[Item, NormalisedImage | UnusableError | None]:
    try:
        return item, future.result() if future is not None else None
    except UnusableError as error:
        return item, error
