"""Contrastive training of the backbone on frozen text embeddings, by partition (paper 3.3, 4.2)."""
