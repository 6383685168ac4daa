"""Which partition a pair is in, by its matches and the mode (paper 3.1, Table 4)."""

import numpy as np
from numpy.typing import NDArray

from pacl_core.methods.pacl.partitions import PARTITIONS

# mode -> partition of (neither, factual only, emotional only, both). `partial_emotional` lacks the factual
# match, so the factual filter applies to it; in mode `factual` the unmatched go there, in `emotional` to
# `partial_factual`; `none` trusts every pair.
_OF_MATCHES = {
    "both": ("weak", "partial_factual", "partial_emotional", "strong"),
    "factual": ("partial_emotional", "strong", "partial_emotional", "strong"),
    "emotional": ("partial_factual", "partial_factual", "strong", "strong"),
    "none": ("strong",) * 4,
}


def partition_places(factual: NDArray[np.bool_], emotional: NDArray[np.bool_], mode: str) -> NDArray[np.intp]:
    """Place in `PARTITIONS` [B] of pairs with these matches, by mode. KeyError on an unknown mode."""
    places = np.array([PARTITIONS.index(name) for name in _OF_MATCHES[mode]], np.intp)
    found: NDArray[np.intp] = places[factual + 2 * emotional.astype(np.intp)]
    return found
