"""Adjective-noun pairs: lists of them, ranking them by an image-text scorer, reading them precomputed."""
