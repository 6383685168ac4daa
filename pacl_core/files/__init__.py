"""Files on disk: published whole or not at all, tables, vectors, JSON, hashes."""
