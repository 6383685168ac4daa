"""One page from artefacts: it shows results and computes none."""
