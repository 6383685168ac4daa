"""Looking at all pairs: an overview of the table, queries, a local page. Nothing is written."""
