"""Texts of posts, cleaned by parameters: entities, links, mentions, hashtags, emoji, blanks."""

import html
import re
import unicodedata
from typing import Any

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.media.rejects import UnusableError
from pacl_core.params.pairs import TextCleaningParams

PASSES = 8
# NUL ends strings in C readers of the artefacts; a lone surrogate is not text and cannot be stored
_INVALID = re.compile("[\0\ud800-\udfff]")
# controls except tab and newline; a soft hyphen, zero-width blanks, byte-order marks, and what overrides the
# direction of writing. Joiners stay (emoji, Persian), and so do the marks of right-to-left texts.
_CONTROL = re.compile(
    "[\x01-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")


def _marks() -> str:
    """Combining marks as ranges of a character class: re does not take them for letters. Those of emoji are
    left out."""
    emoji = (*range(0xFE00, 0xFE10), 0x20E3)
    codes = {code for code in range(0x1F000) if unicodedata.category(chr(code))[0] == "M"}.difference(emoji)
    starts = sorted(code for code in codes if code - 1 not in codes)
    ends = sorted(code for code in codes if code + 1 not in codes)
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


_M = _marks()
# a letter, digit or _ with its marks; joiners within words of Persian, Hindi and others
_WORD = rf"\w(?:[\w{_M}]|[\u200c\u200d](?=\w))*"
# letters of writing without blanks between words (Thai to Khmer, CJK, Hangul)
_NO_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
_START = rf"(?:(?<![\w{_M}])|(?<=[{_NO_BLANKS}]))"
# A path has Latin and Cyrillic letters only, as in twitter-text (validGeneralUrlPathChars): other scripts and
# emoji after it are text. Brackets belong to a link only in pairs.
_IN_URL = r"[\w/%&=+#~@$*\-]".replace(r"\w", "A-Za-z0-9_\u00c0-\u024f\u0400-\u04ff")
_PUNCTUATION = r"[.,;:!?'|\[\]]"
_URL_TAIL = rf"(?:{_PUNCTUATION}*(?:{_IN_URL}|\((?:{_IN_URL}|{_PUNCTUATION})*\)))+"
_SHORT = (
    r"(?:t\.co|pic\.twitter\.com)/[A-Za-z0-9]+(?:[/?][A-Za-z0-9_/=&%+-]+)?"  # their ids have no other letters
)
_URL = (
    rf"(?i:https?://{_SHORT}|pic\.twitter\.com/[A-Za-z0-9]+|(?<![A-Za-z0-9_.@/-]){_SHORT}"
    rf"|(?:https?://|(?<![A-Za-z0-9_.@/-])www\.){_URL_TAIL})"
)
# cut at the end of a tweet: "https://t.co/Ab…", "http:/…", "ht…"
_CUT_URL = rf"(?:{_URL}…|(?i:https?:/{{0,2}}|(?<![A-Za-z0-9])ht{{1,2}}p?)(?:…|\.\.\.))(?=\s*\Z)"
# Twitter's own are ASCII; others (Weibo) may have any letters, up to the end of the word
_NAME = rf"[@＠](?:[A-Za-z0-9_\u00c0-\u024f\u0300-\u036f]+|{_WORD})"
_MAIL = r"(?<=[\w.+-])@[\w-]+(?:\.[\w-]+)+"
# one pattern, so that what is inside a link is left alone
_TOKEN = re.compile(
    rf"(?P<url>{_CUT_URL}|{_URL})"
    rf"|(?P<mail>{_MAIL})"
    rf"|(?P<retweet>{_START}RT[ \t]?{_NAME}[:：]?)"
    rf"|(?P<mention>(?<![0-9]){_NAME})"
    rf"|(?P<hashtag>(?<![\w&])[#＃](?P<tag>(?=[\d_]*[^\W\d_]){_WORD}))"
)
_MENTION = re.compile(rf"{_NAME}[:：]?")
# HappyNewYear2024 -> Happy New Year 2024; USAToday -> USA Today
_WORDS = re.compile(rf"(?:(?<=[^\W\d_])|(?<=[{_M}]))(?=\d)|(?<=\d)(?=[^\W\d_])|_+")
_SPACE = re.compile(r"\s+")
# characters that are invisible on their own: joiners, marks of direction, variation selectors, Braille and
# Hangul blanks
_UNSEEN = re.compile("[\\s\u115f\u1160\u180e\u200b-\u200f\u2060\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]+")


def clean_text(text: str, params: TextCleaningParams) -> str:
    """A post's text, storable, and cleaned as `params` say; cleaning it again changes nothing.

    A removed part becomes a blank, so that no two words are joined. Raises `UnusableError`: empty_text
    (nothing to begin with), empty_after_cleaning, unsettled_text (each pass uncovers something new: entities
    within entities, many times over), and `UserError` where emoji need the package and it is missing.
    """
    valid = _INVALID.sub("", text).strip()
    if _is_empty(valid):
        raise UnusableError("empty_text", "nothing to be seen" if text else "no text")
    for _ in range(PASSES):
        cleaned = _once(valid, params)
        if cleaned == valid:
            if _is_empty(cleaned):
                raise UnusableError("empty_after_cleaning", f"was {text[:200]!r}")
            return cleaned
        valid = cleaned
    raise UnusableError("unsettled_text", f"still changing after {PASSES} passes: {text[:200]!r}")


def _is_empty(text: str) -> bool:
    return not _UNSEEN.sub("", text)


def _once(text: str, params: TextCleaningParams) -> str:
    if params.control == "remove":
        text = _CONTROL.sub("", _LINE_ENDS.sub("\n", text))
    if params.html == "decode":
        text = _INVALID.sub("", html.unescape(text))
    text = _TOKEN.sub(lambda found: _token(found, params), text)
    if params.emoji != "keep" and not text.isascii():
        text = _emoji(text, params.emoji == "name")
    if params.whitespace == "collapse":
        text = _SPACE.sub(" ", text)
    return text.strip()


def _token(found: re.Match[str], params: TextCleaningParams) -> str:
    as_found = found[0]
    match found.lastgroup:
        case "url":
            return " " if params.urls == "remove" else as_found
        case "retweet":
            if params.retweets == "remove":
                return " "
            return _MENTION.sub(" ", as_found) if params.mentions == "remove" else as_found
        case "mail":
            return as_found
        case "mention":
            return " " if params.mentions == "remove" else as_found
        case _:
            if params.hashtags == "keep":
                return as_found
            return found["tag"] if params.hashtags == "drop_sign" else f" {_split(found['tag'])} "


def _split(tag: str) -> str:
    """The words of a hashtag by its capitals, digits and underscores."""
    return " ".join(_WORDS.sub(" ", _at_capitals(tag)).split())


def _at_capitals(tag: str) -> str:
    words = ""
    before = ""  # the letter before, without its marks
    for place, letter in enumerate(tag):
        if unicodedata.category(letter)[0] != "M":
            after = tag[place + 1 : place + 2]
            if letter.isupper() and (before.islower() or (before.isupper() and after.islower())):
                words += " "
            before = letter
        words += letter
    return words


def _emoji(text: str, name: bool) -> str:
    try:
        from emoji import replace_emoji
    except ImportError:
        raise UserError(
            f"pairs.text.emoji: remove and name need the package emoji; run: {install('embedded')}"
        ) from None

    def replaced(_: str, entry: dict[str, Any]) -> str:
        return f" {entry['en'].strip(':').replace('_', ' ')} " if name else " "

    plain: str = replace_emoji(text, replace=replaced)
    return plain
