"""Contrastive training of the backbone on frozen text embeddings (paper 3.3, 4.2)."""
