"""Ways to evaluate a backbone: each gives an outcome per task, or says why there is none."""
