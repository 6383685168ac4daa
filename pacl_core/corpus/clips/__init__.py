"""Corpora of clips: spans of videos with the sentence spoken in them, stored as tables of frames."""
