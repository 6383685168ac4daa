"""Single test items to look at: what they retrieve before and after training, what prompts make of them."""
