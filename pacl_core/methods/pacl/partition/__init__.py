"""Which pairs are coupled by fact, by emotion, by both or by neither (paper 3.1)."""
