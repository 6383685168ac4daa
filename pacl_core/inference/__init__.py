"""Using a saved model: vectors and zero-shot classes of any image, and heads fitted on it."""
