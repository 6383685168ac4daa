"""How good a backbone is downstream: protocols, predictions, metrics with intervals, comparison of
variants."""
