"""Inputs and targets of the pretext tasks as pure functions of tensors and words."""
