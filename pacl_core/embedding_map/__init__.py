"""Stored embeddings as people can look at them: a flat map, and what is nearest to each centre."""
