"""CSV artefacts, the form in which DVC draws plots."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv

from pacl_core.artefacts.publish import published_file


def write_csv(path: Path, table: pa.Table) -> None:
    """Publish a table as CSV with a header."""
    with published_file(path) as draft:
        pcsv.write_csv(table, draft)
