"""How good a backbone is downstream: protocols, predictions, metrics with intervals, variants compared."""
