"""Partitioned Adaptive Contrastive Learning: partition, pseudo-labels, shards, objective, training method."""
