"""Texts as found, made valid: nothing is rewritten here."""

import codecs
import re
from pathlib import Path
from typing import TextIO

from pacl_core.corpus.posts import UnusableError

MAX_TEXT_BYTES = 1 << 20
# NUL ends strings in C readers of the artefacts; a lone surrogate is no text and cannot be stored
_INVALID = re.compile("[\0\ud800-\udfff]")


def _latin1(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are read as Latin-1, alone: a stream cannot be decoded twice."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("pacl_latin1", _latin1)


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """A text file as a stream: UTF-8 or UTF-16 (by its byte-order mark), other bytes as Latin-1.

    `newline` as `open` takes it: None turns \\n, \\r\\n and a lone \\r into \\n. Raises OSError.
    """
    with path.open("rb") as stream:
        head = stream.read(2)
    encoding = "utf-16" if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    return path.open(encoding=encoding, errors="pacl_latin1", newline=newline)


def valid_text(text: str) -> str:
    """Without NUL, lone surrogates and outer white space. Raises `UnusableError` where nothing is left."""
    valid = _INVALID.sub("", text).strip()
    if not valid:
        raise UnusableError("empty_text", "nothing but white space" if text else "no text")
    return valid


def valid_name(name: str) -> str:
    """A key, path or message that can be stored: lone surrogates, as Python reads file names that are no
    UTF-8, and NUL are spelt out.
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def read_text(path: Path) -> str:
    """A text file: UTF-8 (with or without a byte-order mark), else Latin-1; line ends become \\n.

    Raises `UnusableError`: text_too_large, unreadable.
    """
    try:
        size = path.stat().st_size
        if size > MAX_TEXT_BYTES:
            raise UnusableError("text_too_large", f"{size} bytes; at most {MAX_TEXT_BYTES} are read")
        data = path.read_bytes()
    except OSError as error:
        raise UnusableError("unreadable", f"{path.name}: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
