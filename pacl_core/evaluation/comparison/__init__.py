"""Variants side by side: paired differences, and the values that papers printed."""
