"""How an emoji post was made. The partition is scored against it."""

from enum import StrEnum


class Provenance(StrEnum):
    """How the caption of a noisy emoji post was chosen."""

    KEPT = "kept"  # the glyph's own name
    SAME_SENTIMENT = "same_sentiment"  # of another emoji with the same human sentiment
    OPPOSITE_LOOKALIKE = "opposite_lookalike"  # of a look-alike with opposite human sentiment
    RANDOM = "random"  # of an emoji that has nothing in common with it


# provenance -> (factual_matched, emotional_matched): what a perfect partition would find
MATCHED: dict[str, tuple[bool, bool]] = {
    Provenance.KEPT: (True, True),
    Provenance.SAME_SENTIMENT: (False, True),
    Provenance.OPPOSITE_LOOKALIKE: (True, False),
    Provenance.RANDOM: (False, False),
}
