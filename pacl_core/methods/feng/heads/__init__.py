"""Heads of the pretext tasks, over features or stage maps of a backbone."""
