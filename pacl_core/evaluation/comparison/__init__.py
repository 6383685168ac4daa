"""Variants side by side: paired differences, and the figures that papers printed."""
