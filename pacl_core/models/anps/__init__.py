"""Adjective-noun pairs: published lists of them, and precomputed results of DeepSentiBank."""
