"""One page made from artefacts: it shows results and computes none."""
