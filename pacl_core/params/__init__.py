"""One frozen model per section of params.yaml; an error names the key as the user wrote it."""
