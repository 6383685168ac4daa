"""The four partitions (paper 3.1), in the order in which people read them, and their published shares."""

PARTITIONS = ("strong", "partial_emotional", "partial_factual", "weak")

# Paper 4.2: shares in TumEmo at sigma 0.7. "partial" holds both partial partitions.
PUBLISHED_SHARES = {"strong": 0.22, "partial": 0.51, "weak": 0.27}
