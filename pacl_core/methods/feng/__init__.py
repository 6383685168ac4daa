"""Feng et al.: six pretext tasks, three specialists, and a student that learns from them (CVPR 2023)."""

from pacl_core.methods.feng.objective import amalgamation_loss
from pacl_core.methods.feng.pretext.permutations import permutations

__all__ = ["amalgamation_loss", "permutations"]
