"""Exploring all pairs: a summary of the table, queries, a local page. Nothing is written."""
