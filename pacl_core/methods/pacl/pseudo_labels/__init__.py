"""Pseudo-labels: which cluster a picture and a text belong to (paper 3.2)."""
