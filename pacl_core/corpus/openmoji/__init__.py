"""The embedded corpus: emoji as images, their names as texts, noised by a seeded rule."""
