"""Stored embeddings as people can look at them: a flat map, and what lies nearest to each cluster's centre."""
