"""Single test items to look at: what they retrieve before and after training, and their zero-shot labels."""
