"""Text files and names as found: whatever their bytes, they become text that can be stored."""

import codecs
from pathlib import Path
from typing import TextIO

from pacl_core.media.regular_file import read_regular

MAX_TEXT_BYTES = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# Latin-1 as the web reads it: where that has control characters, Windows has quotes, dashes and the euro
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def _decode_latin1(data: bytes) -> str:
    return data.decode("latin-1").translate(_WINDOWS)


def _latin1(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are read as Latin-1, alone: a stream cannot be decoded twice."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _decode_latin1(error.object[error.start : error.end]), error.end


codecs.register_error("pacl_latin1", _latin1)


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """A text file as a stream: UTF-8 or UTF-16 (by its byte-order mark), other bytes as Latin-1.

    `newline` as `open` takes it: None turns \\n, \\r\\n and a lone \\r into \\n. Raises OSError.
    """
    with path.open("rb") as stream:
        head = stream.read(2)
    encoding = "utf-16" if head in _UTF16 else "utf-8-sig"
    return path.open(encoding=encoding, errors="pacl_latin1", newline=newline)


def read_text(path: Path) -> str:
    """A text file: UTF-8 or UTF-16 (by its byte-order mark), else Latin-1; line ends become \\n.

    Raises `UnusableError`: missing_text, not_a_file, text_too_large, unreadable.
    """
    return decode_text(read_regular(path, MAX_TEXT_BYTES, "missing_text", too_large="text_too_large"))


def decode_text(data: bytes) -> str:
    """Bytes as `read_text` reads them."""
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = _decode_latin1(data)
    return text.replace("\r\n", "\n").replace("\r", "\n")
