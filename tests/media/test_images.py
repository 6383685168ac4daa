"""Images as people post them, written for real by each test, and broken in the ways that files break."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pacl_core.media.image_header import MAX_PIXELS
from pacl_core.media.images import decode_jpeg, normalise_image
from pacl_core.media.rejects import UnusableError


def coded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def normalised(data: bytes, short_side: int = 64) -> np.ndarray:
    return np.asarray(decode_jpeg(normalise_image(data, short_side).jpeg)).astype(int)


def reason(data: bytes) -> str:
    with pytest.raises(UnusableError) as caught:
        normalise_image(data, 64)
    return caught.value.reason


def photo(width: int = 96, height: int = 80) -> Image.Image:
    """Smooth colour, so that JPEG coding changes little."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], axis=-1)
    return Image.fromarray(rgb.astype(np.uint8))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing: a decompression bomb's head."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk
        + struct.pack(">I", len(data) - 4)
        + data
        + struct.pack(">I", zlib.crc32(data))
    )


def test_rejects_what_is_no_image_with_a_code() -> None:
    assert reason(b"") == "empty"
    assert reason(b"\n<!DOCTYPE html><html><body>404</body></html>") == "web_page"
    assert reason(b"BMW, gone for good") == "not_a_picture"
    assert reason(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == "format_not_allowed"
    assert reason(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic") == "format_not_allowed"
    assert reason(b"RIFF\x10\0\0\0WEBPVP8  no more than this") == "broken_header"


@pytest.mark.parametrize("side", [9_500, 40_000, 2_000_000])
def test_rejects_a_bomb_by_its_header(side: int) -> None:
    assert side * side > MAX_PIXELS
    assert reason(png_header(side, side)) == "too_many_pixels"


def test_rejects_sides_that_cannot_be_stored_or_resized() -> None:
    assert reason(coded(Image.new("RGB", (70_000, 8)), "PNG")) == "too_long_side"
    assert reason(coded(Image.new("RGB", (30_000, 2)), "PNG")) == "too_narrow"
    assert reason(coded(Image.new("RGB", (2, 101)), "PNG")) == "too_narrow"
    assert normalised(coded(Image.new("RGB", (2, 100)), "PNG")).shape == (100, 2, 3)


def test_one_pixel_is_a_image() -> None:
    for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        image = normalise_image(coded(Image.new("RGB", (1, 1), "white"), form), 64)
        assert (image.width, image.height, image.perceptual_hash) == (1, 1, 0)


def test_a_bomb_within_an_icon_is_not_decoded() -> None:
    inner = coded(Image.new("1", (10_000, 10_000)), "PNG")
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22)
    assert reason(struct.pack("<HHH", 0, 1, 1) + entry + inner) == "too_many_pixels"


@pytest.mark.parametrize(
    ("form", "cut"), [("JPEG", 0.5), ("PNG", 0.5), ("GIF", 0.5), ("WEBP", 0.5), ("BMP", 0.9)]
)
def test_rejects_a_truncated_file(form: str, cut: float) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8))
    data = coded(noise, form)
    assert reason(data[: int(len(data) * cut)]) == "truncated"


def test_names_truncation_of_the_common_forms() -> None:
    for form in ("JPEG", "PNG"):
        data = coded(photo(), form)
        assert reason(data[: len(data) * 2 // 3]) == "truncated"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"]), st.data())
def test_damage_ends_in_a_image_or_a_reason(form: str, data: st.DataObject) -> None:
    sound = bytearray(coded(photo(40, 30), form))
    for _ in range(data.draw(st.integers(1, 6))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = normalise_image(bytes(sound), 32)
    except UnusableError as error:
        assert error.reason and error.detail
    else:
        assert decode_jpeg(image.jpeg).size == (image.width, image.height)


def test_form_is_read_from_the_bytes_not_the_name() -> None:
    # a PNG with transparency that is called .jpg
    rgba = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    assert (normalised(coded(rgba, "PNG")) > 250).all()


def test_every_mode_becomes_rgb_over_white() -> None:
    red = (255, 0, 0)
    palette = Image.new("P", (32, 32), 1)
    palette.putpalette([0, 0, 0, *red] + [0] * 762)
    half = Image.new("LA", (32, 32), (0, 128))
    cases = {
        "cmyk": (coded(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG"), red),
        "palette": (coded(palette, "PNG"), red),
        "palette, transparent": (coded(palette, "PNG", transparency=1), (255, 255, 255)),
        "rgb, one colour transparent": (
            coded(Image.new("RGB", (32, 32), red), "PNG", transparency=red),
            (255, 255, 255),
        ),
        "grey and alpha": (coded(half, "PNG"), (127, 127, 127)),
        "rgba": (coded(Image.new("RGBA", (32, 32), (255, 0, 0, 128)), "PNG"), (255, 127, 127)),
        "bilevel": (coded(Image.new("1", (32, 32), 1), "PNG"), (255, 255, 255)),
        "16-bit grey": (
            coded(Image.fromarray(np.full((32, 32), 32896, dtype=np.uint16)), "PNG"),
            (128, 128, 128),
        ),
        "float": (
            coded(Image.fromarray(np.full((32, 32), 0.5, dtype=np.float32)), "TIFF"),
            (128, 128, 128),
        ),
    }
    for name, (data, expected) in cases.items():
        difference = np.abs(normalised(data) - np.array(expected)).max()
        assert difference <= 3, name


def png(grey: int, depth: int, kind: int, transparent: bytes | None) -> bytes:
    """A PNG of one grey, as its specification has it: Pillow writes no tRNS of 16 bits."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    pixel = struct.pack(">H" if depth == 16 else ">B", grey) * (3 if kind == 2 else 1)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, kind, 0, 0, 0))
    trns = chunk(b"tRNS", transparent) if transparent is not None else b""
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + pixel * 8) * 8))
    return b"\x89PNG\r\n\x1a\n" + header + trns + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(0x8000, 16, 0, None), 128),
        (png(0x8000, 16, 0, b"\0\0"), 128),
        (png(0x8000, 16, 0, b"\x80\0"), 255),
        (png(0, 16, 0, b"\0\0"), 255),
        (png(0, 16, 0, b"\0\1"), 0),
        (png(0x80, 8, 0, b"\0\x80"), 255),
        (png(0x80, 8, 0, b"\0\x81"), 128),
        (png(0x8000, 16, 2, b"\x80\0" * 3), 255),
        (png(0x8000, 16, 2, b"\x90\0" * 3), 128),
        *((f"P5 8 8 {most}\n".encode() + struct.pack(">H", grey) * 64, expected)
          for most, grey, expected in ((65535, 200, 1), (65535, 0, 0), (65535, 0x8000, 128), (1000, 500, 128),
                                       (256, 1, 1), (4095, 4095, 255))),
        (b"P5 8 8 255\n" + b"\xc8" * 64, 200),
        (b"P2 8 8 65535\n" + b"255 " * 64, 1),
    ],
)  # fmt: skip
def test_deep_greys_keep_their_white_and_their_transparency(data: bytes, expected: int) -> None:
    found = normalised(data)
    assert found.min() == found.max() == expected


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("blue", "red", "green")]
    for form in ("GIF", "WEBP", "PNG", "TIFF"):
        data = coded(frames[0], form, save_all=True, append_images=frames[1:])
        assert np.abs(normalised(data) - (0, 0, 255)).max() <= 6, form


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    # the upright image has its left half black and is wider than high
    upright = np.full((40, 80), 255, dtype=np.uint8)
    upright[:, :40] = 0
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),  # a viewer turns it clockwise
        7: np.rot90(upright, 2).T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored)).convert("RGB")
    result = normalised(coded(image, "JPEG", exif=exif, quality=95))
    assert result.shape == (40, 80, 3)
    assert result[:, :36].max() < 40 and result[:, 44:].min() > 215


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60))
def test_a_broken_exif_block_does_not_cost_the_image(block: bytes) -> None:
    data = coded(photo(20, 20), "JPEG", exif=b"Exif\0\0" + block)
    assert normalise_image(data, 64).width == 20


def test_a_colour_profile_is_applied() -> None:
    # in a profile that swaps nothing but white point, grey stays grey; sRGB to sRGB changes nothing
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = coded(photo(), "PNG"), coded(photo(), "PNG", icc_profile=profile)
    assert np.abs(normalised(plain) - normalised(tagged)).max() <= 4
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert np.array_equal(normalised(coded(photo(), "PNG", icc_profile=lab)), normalised(plain))
    assert np.array_equal(normalised(coded(photo(), "PNG", icc_profile=b"broken")), normalised(plain))


@settings(max_examples=60, deadline=None)
@given(st.integers(6, 300), st.integers(6, 300), st.integers(16, 128), st.sampled_from(["JPEG", "PNG"]))
def test_short_side_is_bounded_and_never_enlarged(width: int, height: int, side: int, form: str) -> None:
    image = normalise_image(coded(Image.new("RGB", (width, height), "teal"), form), side)
    if min(width, height) <= side:
        assert (image.width, image.height) == (width, height)
    else:
        assert min(image.width, image.height) == side
        assert max(image.width, image.height) == pytest.approx(
            max(width, height) * side / min(width, height), abs=2
        )


def test_shrinking_smooths_fine_stripes() -> None:
    stripes = np.zeros((512, 512, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    result = normalised(coded(Image.fromarray(stripes), "PNG"))
    assert abs(result.mean() - 127.5) < 3 and result.std() < 12  # no moiré


def test_the_same_bytes_give_the_same_image_and_pixels_decide_the_hash() -> None:
    png, bmp = coded(photo(), "PNG"), coded(photo(), "BMP")
    assert normalise_image(png, 48) == normalise_image(png, 48)
    assert normalise_image(png, 48).pixel_hash == normalise_image(bmp, 48).pixel_hash
    other = photo()
    other.putpixel((0, 0), (255, 255, 255))
    assert normalise_image(coded(other, "PNG"), 48).pixel_hash != normalise_image(png, 48).pixel_hash
    # equal bytes, other shape
    wide, high = Image.new("RGB", (20, 10)), Image.new("RGB", (10, 20))
    assert (
        normalise_image(coded(wide, "PNG"), 48).pixel_hash
        != normalise_image(coded(high, "PNG"), 48).pixel_hash
    )


def quarters(form: str, **options: object) -> bytes:
    """100 x 60: red, lime above blue, white."""
    image = Image.new("RGB", (100, 60), "red")
    for colour, place in (("lime", (50, 0)), ("blue", (0, 30)), ("white", (50, 30))):
        image.paste(colour, (*place, place[0] + 50, place[1] + 30))
    return coded(image, form, **options)


def boxed(data: bytes, box: tuple[int, int, int, int], short_side: int = 64) -> np.ndarray:
    return np.asarray(decode_jpeg(normalise_image(data, short_side, box).jpeg)).astype(int)


def test_a_box_is_cut_out_and_clipped_to_the_image() -> None:
    png = quarters("PNG")
    assert boxed(png, (50, 0, 100, 30)).shape == (30, 50, 3)
    assert abs(boxed(png, (50, 0, 100, 30)) - [0, 255, 0]).max() < 4
    assert boxed(png, (-20, 30, 50, 900)).shape == (30, 50, 3)
    assert abs(boxed(png, (-20, 30, 50, 900)) - [0, 0, 255]).max() < 4


def test_a_box_is_in_the_pixels_of_the_file_however_small_or_turned_it_is_stored() -> None:
    jpeg = quarters("JPEG", quality=95, subsampling="4:4:4")
    small = boxed(jpeg, (50, 0, 100, 30), short_side=6)  # a draft would have decoded at 1/4
    assert small.shape == (6, 10, 3) and abs(small - [0, 255, 0]).max() < 12
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = boxed(quarters("JPEG", quality=95, subsampling="4:4:4", exif=exif), (50, 0, 100, 30))
    assert turned.shape == (50, 30, 3) and abs(turned[5:-5, 5:-5] - [0, 255, 0]).max() < 12


@pytest.mark.parametrize("box", [(100, 0, 120, 30), (10, 10, 10, 30), (30, 20, 10, 40), (0, -9, 9, 0)])
def test_a_box_that_holds_nothing_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(UnusableError) as caught:
        normalise_image(quarters("PNG"), 64, box)
    assert caught.value.reason == "empty_box"
