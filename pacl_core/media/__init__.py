"""Images and texts that strangers made: checked, decoded, normalised, or rejected with a reason."""
