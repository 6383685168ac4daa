"""Partitioned Adaptive Contrastive Learning: the library behind the stages. It works without DVC."""
