"""The names of the four partitions (paper 3.1), in the order in which people read them."""

PARTITIONS = ("strong", "partial_emotional", "partial_factual", "weak")
