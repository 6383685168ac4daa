"""Pseudo-labels: which cluster an image and a text belong to (paper 3.2)."""
