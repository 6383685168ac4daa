"""What a table says, as one hash: the key of work that was done on it."""

import hashlib

from pacl_core.artefacts.aligned import Table, batches


def table_sha256(table: Table) -> str:
    """Hex SHA-256 over the string columns of a table, row by row; streams."""
    digest = hashlib.sha256()
    for batch in batches(table, 10_000):
        for column in batch.columns:
            for value in column.to_pylist():
                encoded = repr(value).encode()
                digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()
