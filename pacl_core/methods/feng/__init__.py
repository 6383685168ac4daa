"""Feng et al.: six pretext tasks, three specialists, and a student that learns from them (CVPR 2023)."""

from pacl_core.methods.feng.objective import amalgamation_loss
from pacl_core.methods.feng.pretext.permutations import permutations
from pacl_core.training.distillation import Outputs

__all__ = ["Outputs", "amalgamation_loss", "permutations"]
