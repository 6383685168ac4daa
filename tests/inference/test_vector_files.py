"""Vectors come back as they went in, however they were cut into batches."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.errors import UserError
from pacl_core.inference import vector_files
from pacl_core.inference.vector_files import vector_writer

Counts = st.lists(st.integers(1, 7), min_size=1, max_size=6)


def written(out: Path, counts: list[int], spaces: tuple[str, ...]) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    vectors = {
        space: generator.normal(size=(sum(counts), 3 + n)).astype("f4") for n, space in enumerate(spaces)
    }
    start = 0
    with vector_writer(out, spaces) as write:
        for count in counts:
            rows = slice(start, start + count)
            paths = [(Path(f"é {row}.jpg"), None) for row in range(start, start + count)]
            write(paths, {space: values[rows] for space, values in vectors.items()})
            start += count
    return vectors


@settings(deadline=None, max_examples=25)
@given(Counts)
def test_npy(tmp_path_factory, counts):
    out = tmp_path_factory.mktemp("out") / "v.npy"
    vectors = written(out, counts, ("features",))
    found = np.load(out, allow_pickle=False)
    assert found.dtype == np.float32 and (found == vectors["features"]).all()
    names = (out.parent / "v.paths.txt").read_text(encoding="utf-8").splitlines()
    assert names == [f"é {row}.jpg" for row in range(len(found))]


@settings(deadline=None, max_examples=25)
@given(Counts, st.integers(1, 9))
def test_parquet(tmp_path_factory, counts, row_group):
    out = tmp_path_factory.mktemp("out") / "v.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_files, "ROW_GROUP", row_group)
        vectors = written(out, counts, ("features", "joint"))
    table = pl.read_parquet(out)
    assert table.columns == ["path", "features", "joint"]
    for space, values in vectors.items():
        assert (table[space].to_numpy() == values).all()


def test_an_old_file_stays_where_the_new_one_fails(tmp_path):
    out = tmp_path / "v.npy"
    written(out, [2], ("features",))
    before = out.read_bytes()
    with pytest.raises(ZeroDivisionError), vector_writer(out, ("features",)) as write:
        write([(Path("a"), None)], {"features": np.zeros((1, 4), np.float32)})
        raise ZeroDivisionError
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.npy", "v.paths.txt"]


@pytest.mark.parametrize(
    ("name", "spaces", "message"),
    [("v.csv", ("features",), "must end in"), ("v.npy", ("features", "joint"), "one kind of vectors")],
)
def test_names_and_spaces_that_do_not_go_together(tmp_path, name, spaces, message):
    with pytest.raises(UserError, match=message), vector_writer(tmp_path / name, spaces):
        pass


@pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
def test_nothing_is_no_file(tmp_path, name):
    with (
        pytest.raises(UserError, match="no input could be read"),
        vector_writer(tmp_path / name, ("features",)),
    ):
        pass
    assert not list(tmp_path.iterdir())
