"""The four partitions (paper 3.1), in the order in which they are shown, and the rule that each trains by.

An anchor of `USES_FACTUAL` never has a match under the factual filter F as a negative, and one of
`USES_EMOTIONAL` none under the emotional filter E. In `REBUILDS` the positive is the best match instead of
the partner (paper 3.3.2 to 3.3.4).
"""

PARTITIONS = ("strong", "partial_emotional", "partial_factual", "weak")
USES_FACTUAL = ("partial_emotional", "weak")
USES_EMOTIONAL = ("partial_factual", "weak")
REBUILDS = ("weak",)

# Paper 4.2: fractions in TumEmo at sigma 0.7. "partial" holds both partial partitions. They say nothing of a
# corpus that another reader reads.
PUBLISHED_READER = "tumemo"
PUBLISHED_SHARES = {"strong": 0.22, "partial": 0.51, "weak": 0.27}
