"""One file per section of the page: from artefacts to the values that the template shows."""
