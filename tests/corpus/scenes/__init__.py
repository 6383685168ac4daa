"""Scenes: who plays, what is told, what is drawn, and what is known of it."""
