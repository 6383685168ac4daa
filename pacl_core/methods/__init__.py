"""Training methods: one folder each, and none imports another."""
