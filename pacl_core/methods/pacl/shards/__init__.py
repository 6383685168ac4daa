"""WebDataset shards: what training reads, one folder per partition."""
