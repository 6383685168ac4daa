"""Records in buckets on disk: all there, in their order within a bucket."""

from pathlib import Path

import numpy as np

from pacl_core.files.buckets import MOST, ROWS, Buckets, bucket_count


def test_the_number_of_buckets_is_bounded() -> None:
    assert [bucket_count(rows) for rows in (0, 1, ROWS, ROWS + 1, 10**12)] == [1, 1, 1, 2, MOST]


def test_records_keep_their_order_within_a_bucket(tmp_path: Path) -> None:
    kind = np.dtype([("row", "<i8"), ("score", "<f4")])
    records = np.array([(row, row / 2) for row in range(100)], kind)
    with Buckets(3, kind, tmp_path) as buckets:
        for start in range(0, 100, 7):
            block = records[start : start + 7]
            buckets.add(block["row"] % 3, block)
        found = list(buckets)
        again = list(buckets)
    assert not list(tmp_path.iterdir())  # nameless files: a killed run leaves none
    for number in range(3):
        assert found[number].tolist() == records[records["row"] % 3 == number].tolist()
        assert again[number].tolist() == found[number].tolist()
