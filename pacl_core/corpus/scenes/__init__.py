"""Scenes: a thing and a face on a coloured ground, with a text that names a thing and tells a mood."""
