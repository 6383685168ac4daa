"""How artefacts come to lie on disk: whole or not at all, the same bytes every time."""
