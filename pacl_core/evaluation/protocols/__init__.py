"""Ways to ask what a backbone is worth: each gives an outcome per task, or says why it has none."""
