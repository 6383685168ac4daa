"""The engine that trains any method: steps, checkpoints, several processes; it knows no method."""
