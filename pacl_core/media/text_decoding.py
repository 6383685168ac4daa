"""Text files and names as found: any bytes become text that can be stored."""

import codecs
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from pacl_core.media.regular_file import read_regular

MAX_TEXT_BYTES = 1 << 20
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# Latin-1 as the web reads it: where that has control characters, Windows has quotes, dashes and the euro
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def _latin1(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are read one by one as Latin-1; those that are not UTF-16 are lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if not error.encoding.startswith("utf-8"):
        return "\ufffd", error.end
    return error.object[error.start : error.end].decode("latin-1").translate(_WINDOWS), error.end


codecs.register_error("pacl_latin1", _latin1)


def text_encoding(head: bytes) -> str:
    """UTF-8, or as a file's first four bytes say: the byte-order mark of UTF-16 or UTF-32."""
    if head.startswith(_UTF32):  # before UTF-16, as it begins with the mark of UTF-16
        return "utf-32"
    return "utf-16" if head.startswith(_UTF16) else "utf-8-sig"


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """A text file as a stream: UTF-8, or by its byte-order mark; bytes that are not UTF-8 as Latin-1.

    `newline` as `open` takes it: None turns \\n, \\r\\n and a lone \\r into \\n. Raises OSError.
    """
    with path.open("rb") as stream:
        encoding = text_encoding(stream.read(4))
    return path.open(encoding=encoding, errors="pacl_latin1", newline=newline)


def read_text(path: Path, gbk: bool = False) -> str:
    """A text file as `decode_text` reads it.

    Raises `UnusableError`: missing_text, not_a_file, text_too_large, unreadable.
    """
    return decode_text(read_regular(path, MAX_TEXT_BYTES, "missing_text", too_large="text_too_large"), gbk)


def decode_text(data: bytes, gbk: bool = False) -> str:
    """UTF-8, or by the byte-order mark; bytes that are not UTF-8 as Latin-1. Line ends become \\n.

    `gbk`: a text that is not UTF-8 may be GBK as a whole.
    """
    encoding = text_encoding(data)
    text = _decode_gbk(data) if gbk and encoding == "utf-8-sig" else None
    if text is None:
        text = data.decode(encoding, "pacl_latin1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_gbk(data: bytes) -> str | None:
    """As UTF-8 if all of it is UTF-8, else as GBK if all of it is GBK; None for either with some stray bytes.

    Most truncated UTF-8 is also valid GBK, but with rare characters; little of it is GB2312, the common ones.
    So GBK beyond GB2312 is accepted only if most bytes beyond ASCII are not UTF-8.
    """
    beyond = sum(byte > 127 for byte in data)
    valid = sum(len(letter.encode()) for letter in data.decode("utf-8", "ignore") if letter > "\x7f")
    for encoding in ("utf-8-sig", "gb2312", "gb18030"):
        if encoding == "gb18030" and 2 * valid > beyond:
            return None
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return None
