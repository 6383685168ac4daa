"""A saved model in use: vectors and zero-shot classes of any picture, and the heads fitted on it."""
