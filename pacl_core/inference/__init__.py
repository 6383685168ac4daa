"""A saved model in use: vectors and zero-shot classes of any image, and the heads fitted on it."""
