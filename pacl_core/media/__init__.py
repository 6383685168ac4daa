"""Images and texts from anywhere: checked, decoded, normalised, or rejected with a reason."""
