"""Downstream data sets: a record and a reader each, one stored form for all."""
