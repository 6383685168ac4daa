"""A model over the pair store: in batches, once per distinct input, resumable, with progress."""
