"""A model over the pair store: by blocks, once per distinct input, resumable, on one machine or many."""
