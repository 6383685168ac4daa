"""Will it run here? Checks of a project and its machine before any model is loaded."""
