"""The four partitions, and the modes of the paper's Table 4."""

import polars as pl

# Paper 4.2: shares in TumEmo at sigma 0.7. "partial" holds both partial partitions.
PUBLISHED_SHARES = {"strong": 0.22, "partial": 0.51, "weak": 0.27}


def partition_name(mode: str) -> pl.Expr:
    """The partition of a row with columns `factual_matched`, `emotional_matched`, by mode.

    `partial_emotional` lacks the factual match, so the factual filter applies to it; in mode
    `factual` the unmatched go there, in `emotional` to `partial_factual`; `none` trusts every pair.
    """
    factual, emotional = pl.col("factual_matched"), pl.col("emotional_matched")
    if mode == "none":
        return pl.lit("strong")
    if mode == "factual":
        return pl.when(factual).then(pl.lit("strong")).otherwise(pl.lit("partial_emotional"))
    if mode == "emotional":
        return pl.when(emotional).then(pl.lit("strong")).otherwise(pl.lit("partial_factual"))
    return (
        pl.when(factual & emotional)
        .then(pl.lit("strong"))
        .when(emotional)
        .then(pl.lit("partial_emotional"))
        .when(factual)
        .then(pl.lit("partial_factual"))
        .otherwise(pl.lit("weak"))
    )
