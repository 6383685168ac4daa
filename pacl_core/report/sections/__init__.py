"""One file per section of the page: artefacts in, what the template shows out."""
