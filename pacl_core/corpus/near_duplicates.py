"""Near duplicates of a growing corpus: perceptual hashes within a few bits, found in an index on disk.

Pigeonhole (Norouzi et al. 2012, Fast Search in Hamming Space with Multi-Index Hashing, section 2.2): of two
hashes that differ in at most d bits, cut into m bands, either one of the first d - m + 1 bands differs in at
most one bit, or one of the others is equal. So each band's value is looked up, with its neighbours at one bit
where needed, and only the hashes found there are compared.
"""

import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pacl_core.media.image_hashes import FLAT, differing_bits


class NearDuplicates:
    """Finds the earliest pair that an image is near to, among the representatives: pairs near to no earlier
    one.

    Only representatives are indexed. Keeping them and dropping the marked pairs leaves no two images within
    `distance` bits of each other.
    """

    def __init__(self, connection: sqlite3.Connection, distance: int) -> None:
        self._connection = connection
        self._distance = distance
        self._bands = distance // 2 + 1
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bands"
            " (key INTEGER, row INTEGER, hash INTEGER, PRIMARY KEY (key, row)) WITHOUT ROWID"
        )
        connection.execute("CREATE TEMP TABLE probes (key INTEGER, query INTEGER)")

    def mark(self, rows: Sequence[int], hashes: Sequence[int]) -> list[int | None]:
        """The representative's row for each of the next pairs, or None; `rows` ascend over all calls."""
        hashes_N = np.array(hashes, dtype=np.uint64)
        marks = self._indexed(hashes_N)
        fresh: list[int] = []  # places of those that represent themselves
        for place, value in enumerate(hashes):
            if value == FLAT or marks[place] is not None:
                continue
            near = np.flatnonzero(differing_bits(hashes_N[fresh], hashes_N[place]) <= self._distance)
            if near.size:
                marks[place] = rows[fresh[int(near[0])]]
            else:
                fresh.append(place)
        self._add([rows[place] for place in fresh], hashes_N[fresh])
        return marks

    def _indexed(self, hashes_N: NDArray[np.uint64]) -> list[int | None]:
        """The earliest row in the index within the distance of each hash."""
        probes = [
            (int(key), query)
            for query, keys in enumerate(self._probes(hashes_N))
            if hashes_N[query] != FLAT
            for key in keys
        ]
        self._connection.execute("DELETE FROM probes")
        self._connection.executemany("INSERT INTO probes VALUES (?, ?)", probes)
        found = self._connection.execute(
            "SELECT query, row, hash FROM probes CROSS JOIN bands USING (key)"
        ).fetchall()
        marks: list[int | None] = [None] * len(hashes_N)
        if found:
            query, row, value = np.array(found, dtype=np.int64).T
            near = differing_bits(value.view(np.uint64), hashes_N[query]) <= self._distance
            for place, earliest in zip(query[near].tolist(), row[near].tolist(), strict=True):
                known = marks[place]
                marks[place] = earliest if known is None else min(known, earliest)
        return marks

    def _probes(self, hashes_N: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Keys to look up, [N, P]."""
        keys_NB, widths = self._keys(hashes_N)
        looser = self._distance - self._bands + 1  # bands in which one bit may differ
        columns = [keys_NB]
        for band in range(max(0, looser)):
            flips = (np.uint64(1) << np.arange(widths[band], dtype=np.uint64)).view(np.int64)
            columns.append(keys_NB[:, band : band + 1] ^ flips)
        return np.concatenate(columns, axis=1)

    def _keys(self, hashes_N: NDArray[np.uint64]) -> tuple[NDArray[np.int64], list[int]]:
        """The bands' values, each with the band's number above it, [N, B]; and the bands' widths in bits.

        A band takes every B-th bit: bits of neighbouring frequencies are correlated, so bands of adjacent
        bits would have a few very common values.
        """
        bits_N64 = np.unpackbits(hashes_N.byteswap().view(np.uint8).reshape(-1, 8), axis=1)
        keys, widths = [], []
        for band in range(self._bands):
            own = bits_N64[:, band :: self._bands].astype(np.uint64)
            widths.append(own.shape[1])
            value = (own << np.arange(own.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
            # one band alone fills all 64 bits; several have at most 32 each
            keys.append(value | np.uint64(band << 32) if self._bands > 1 else value)
        return np.stack(keys, axis=1).view(np.int64), widths

    def _add(self, rows: list[int], hashes_N: NDArray[np.uint64]) -> None:
        keys_NB, _ = self._keys(hashes_N)
        values = hashes_N.view(np.int64).tolist()
        self._connection.executemany(
            "INSERT INTO bands VALUES (?, ?, ?)",
            [
                (key, row, value)
                for keys, row, value in zip(keys_NB.tolist(), rows, values, strict=True)
                for key in keys
            ],
        )
