"""Exploring all pairs: a summary of the table, queries, a local page. Only tags are written."""
