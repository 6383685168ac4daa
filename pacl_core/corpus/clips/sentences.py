"""Cues of subtitles -> sentences with times. Nothing is lost before the first or after the last stop."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.media.regular_file import read_regular
from pacl_core.media.rejects import UnusableError
from pacl_core.media.text_decoding import decode_text

SUBTITLES = (".srt", ".vtt")  # suffixes
_MAX_BYTES = 1 << 26
_GAP = 3.0  # seconds without a cue, after which a sentence has ended
_STOP = re.compile(r"[.?!…]+[\"'”’»)]*(?=\s|$)")
_NO_SPEECH = re.compile(r"[\[(♩♪♫♬♭♮♯]")
_BLANKS = re.compile(r"\s+")
# a cue that has a beginning only, which the parser takes for text of the one before
_NO_END = re.compile(r"\n(?:\d+\s*\n)?\s*((?:\d+:)?\d+:\d+)[.,](\d+)[ \t]*(?:-->[ \t]*)?(?=\n|$)")
_UNIT = 1000.0  # of pysubs2's times in a second


class Cue(NamedTuple):
    """A text from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def read_cues(path: Path) -> list[Cue]:
    """The cues of a .srt or .vtt file by start: UTF-8, by its byte-order mark, or Latin-1.

    Raises `UnusableError`: missing_text, not_a_file, text_too_large, unreadable, bad_subtitles. Raises
    `UserError` where pysubs2 is not installed.
    """
    try:
        import pysubs2
    except ImportError:
        raise UserError(f"subtitles need the package pysubs2; run: {install('video')}") from None
    text = decode_text(read_regular(path, _MAX_BYTES, "missing_text", too_large="text_too_large"))
    try:
        events = pysubs2.SSAFile.from_string(text, format_=path.suffix.lower().lstrip("."))
        cues = [
            cue
            for one in events
            if one.is_text
            for cue in _split(Cue(one.start / _UNIT, one.end / _UNIT, one.plaintext))
        ]
    except Exception as error:  # its parsers raise whatever a broken file leads them to
        raise UnusableError("bad_subtitles", " ".join(str(error).split())[:200] or "unreadable") from None
    if not cues:
        raise UnusableError("bad_subtitles", "no cue in it")
    return sorted(cues, key=lambda cue: cue.start)


def _split(cue: Cue) -> Iterator[Cue]:
    """The cue, and after it those without an end, which end as they begin."""
    text, *others = _NO_END.split(cue.text)
    yield Cue(cue.start, cue.end, text.strip())
    for clock, fraction, said in zip(others[::3], others[1::3], others[2::3], strict=True):
        start = sum(int(part) * 60**place for place, part in enumerate(reversed(clock.split(":"))))
        begin = start + float(f"0.{fraction}")
        yield Cue(begin, begin, said.strip())


def sentences(cues: Iterable[Cue]) -> Iterator[Cue | UnusableError]:
    """Sentences of cues by their start: cues are joined until a full stop, question or exclamation mark.

    One that ends within a cue ends there at the time of its last letter, as if all letters took equal time. A
    gap of 3 s ends a sentence too. Yielded as errors: not_speech (a cue with a bracket or a note),
    end_before_start.
    """
    open_text: list[str] = []
    begin = last = 0.0
    for cue in cues:
        text = _BLANKS.sub(" ", cue.text).strip()
        if not text:
            continue
        if _NO_SPEECH.search(text):
            yield UnusableError("not_speech", text[:200])
            continue
        if not cue.start < cue.end:
            yield UnusableError("end_before_start", f"from {cue.start:g} to {cue.end:g} s: {text[:200]}")
            continue
        if open_text and cue.start - last > _GAP:
            yield Cue(begin, last, " ".join(open_text))
            open_text = []
        place = 0
        for stop in [*(found.end() for found in _STOP.finditer(text)), len(text)]:
            part = text[place:stop].strip()
            if not part:
                continue
            if not open_text:
                begin = _time(cue, place, len(text))
            open_text.append(part)
            last = max(begin, _time(cue, stop, len(text)))
            if _STOP.search(part):
                yield Cue(begin, last, " ".join(open_text))
                open_text = []
            place = stop
    if open_text:
        yield Cue(begin, last, " ".join(open_text))


def _time(cue: Cue, place: int, length: int) -> float:
    return cue.start + (cue.end - cue.start) * place / length
