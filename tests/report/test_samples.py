"""Which pairs are shown, and that their images are theirs."""

import base64
import io

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pacl_core.files.tables import take_rows
from pacl_core.report.images import thumbnails
from pacl_core.report.sections.samples import choose, samples


def test_rows_are_found_across_files_and_row_groups(tmp_path):
    for index in range(3):
        table = pa.table({"number": range(index * 10, index * 10 + 10)})
        pq.write_table(table, tmp_path / f"{index}.parquet", row_group_size=4)
    found = take_rows(sorted(tmp_path.glob("*.parquet")), [29, 3, 10, 4], ["number"])
    assert {row: entry["number"] for row, entry in found.items()} == {3: 3, 4: 4, 10: 10, 29: 29}


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 12), seed=st.integers(0, 99))
def test_choice_is_of_the_partition_without_repeats(tmp_path_factory, count, seed):
    generator = np.random.default_rng(seed)
    names = generator.choice(["strong", "weak", "partial_factual"], 30)
    values = generator.random((2, 30))
    path = tmp_path_factory.mktemp("choice") / "partition.parquet"
    frame = {"partition": names, "factual_value": values[0], "emotional_value": values[1]}
    pl.DataFrame(frame).write_parquet(path)
    chosen = choose(path, {"factual": 0.5, "emotional": 0.5}, count, seed=seed)
    assert chosen["partial_emotional"] == []
    for name, picks in chosen.items():
        rows = [row for row, _ in picks]
        assert len(set(rows)) == len(rows) == min(count, int((names == name).sum()))
        assert all(names[row] == name for row in rows)


def test_borderline_lies_nearest_to_a_threshold_and_certain_farthest(root, thresholds):
    table = pl.read_parquet(root / "data/partition.parquet")
    margin = np.minimum(
        *[np.abs(table[f"{score}_value"].to_numpy() - at) for score, at in thresholds.items()]
    )
    weak = np.flatnonzero(table["partition"].to_numpy() == "weak")
    picks = choose(root / "data/partition.parquet", thresholds, count=4, seed=0)["weak"]
    why = {reason: row for row, reason in picks}
    assert why["borderline"] == min(weak, key=lambda row: margin[row])
    assert why["most certain"] == max(weak, key=lambda row: margin[row])


def test_a_pair_without_a_score_can_be_drawn_but_is_never_certain(tmp_path):
    frame = {"partition": ["weak"] * 8, "factual_value": [None] * 4 + [0.1] * 4, "emotional_value": [0.2] * 8}
    pl.DataFrame(frame).write_parquet(tmp_path / "partition.parquet")
    picks = choose(tmp_path / "partition.parquet", {"factual": 0.5, "emotional": 0.5}, count=8, seed=0)[
        "weak"
    ]
    assert {row for row, why in picks if why == "random"} >= {0, 1, 2, 3}
    assert len(picks) == 8


def test_a_pair_is_shown_with_its_own_image(root, artefacts):
    stored = pl.read_parquet(root / "data/pairs/*.parquet")
    images = dict(stored.select("sample_id", "image").iter_rows())
    for pairs in samples(artefacts, 4, 0, image=thumbnails(1.0)).values():
        for pair in pairs:
            shown = Image.open(io.BytesIO(base64.b64decode(pair["image"].split(",")[1])))
            own = Image.open(io.BytesIO(images[pair["sample_id"]]))
            difference = np.asarray(shown, float) - np.asarray(own, float)
            assert np.abs(difference).mean() < 4
