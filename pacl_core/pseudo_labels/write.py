"""The table of pseudo-labels: one row a pair, in corpus order."""

from pathlib import Path

import pyarrow as pa

from pacl_core.artefacts.aligned import Table, batches
from pacl_core.artefacts.tables import table_writer
from pacl_core.pseudo_labels.clustering import BLOCK, Clusters

SCHEMA = pa.schema(
    [("sample_id", pa.string()), ("factual_label", pa.int32()), ("emotional_label", pa.int32())]
)


def write_pseudo_labels(out: Path, ids: Path, factual: Clusters, emotional: Clusters) -> None:
    """Publish `sample_id`, `factual_label`, `emotional_label`; `ids` is the table whose rows were clustered.

    Memory holds one block.
    """
    rows = zip(batches(Table(ids, ("sample_id",)), BLOCK), factual.labels(), emotional.labels(), strict=True)
    with table_writer(out, SCHEMA) as writer:
        for batch, of_picture, of_text in rows:
            writer.write_table(pa.table([batch["sample_id"], of_picture, of_text], schema=SCHEMA))
