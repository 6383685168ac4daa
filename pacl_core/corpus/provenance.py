"""How a post of the embedded corpora was made. The partition is scored against it."""

from enum import StrEnum


class Provenance(StrEnum):
    """How the caption of a noisy emoji post was chosen."""

    KEPT = "kept"  # the glyph's own name
    SAME_SENTIMENT = "same_sentiment"  # of another emoji with the same human sentiment
    OPPOSITE_LOOKALIKE = "opposite_lookalike"  # of a look-alike with opposite human sentiment
    RANDOM = "random"  # of an emoji that has nothing in common with it


# provenance -> (factual_matched, emotional_matched): what a perfect partition would find
_MATCHED_EMOJI: dict[str, tuple[bool, bool]] = {
    Provenance.KEPT: (True, True),
    Provenance.SAME_SENTIMENT: (False, True),
    Provenance.OPPOSITE_LOOKALIKE: (True, False),
    Provenance.RANDOM: (False, False),
}


class SceneTruth(StrEnum):
    """How the text of a scene was made; the names are those of the partitions."""

    STRONG = "strong"  # names the thing and tells the mood that the image shows
    PARTIAL_EMOTIONAL = "partial_emotional"  # names another thing, tells the mood
    PARTIAL_FACTUAL = "partial_factual"  # names the thing, tells an opposite mood
    WEAK = "weak"  # names another thing and tells an opposite mood


MATCHED_SCENES: dict[str, tuple[bool, bool]] = {
    SceneTruth.STRONG: (True, True),
    SceneTruth.PARTIAL_EMOTIONAL: (False, True),
    SceneTruth.PARTIAL_FACTUAL: (True, False),
    SceneTruth.WEAK: (False, False),
}

MATCHED = _MATCHED_EMOJI | MATCHED_SCENES
