"""Shards are read back whole, or one line names the shard and the key."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pacl_core.errors import UserError
from pacl_core.methods.pacl.shards.read import read_shards

Make = Callable[..., Path]
Change = Callable[..., None]
SHARD = "partial_emotional/partial_emotional-00001.tar"  # keys 000000008 to 000000015


def npy(values: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(values))
    return stream.getvalue()


def test_reads_every_sample_in_order(make_shards: Make, tmp_path: Path) -> None:
    samples = read_shards(make_shards(), tmp_path)
    assert {name: len(rows) for name, rows in samples.rows.items()} == {
        "strong": 12,
        "partial_emotional": 20,
        "partial_factual": 7,
        "weak": 5,
    }
    assert samples.sample_ids[11:14] == ["strong/11", "partial_emotional/0", "partial_emotional/1"]
    assert samples.texts.shape == (44, 6)
    for row in range(44):  # an image is where its own text embedding says: the embedding is its colour
        colour = np.asarray(samples.image(row)).mean(axis=(0, 1)) / 255
        assert np.abs(colour - samples.texts[row, :3]).max() < 0.1
        assert samples.factual_labels[row] == (samples.texts[row, 0] * 255 > 128.5)
        assert samples.emotional_labels[row] == (samples.texts[row, 1] * 255 > 128.5)


def test_hashes_tell_images_and_texts_apart(make_shards: Make, change_shard: Change, tmp_path: Path) -> None:
    folder = make_shards()
    change_shard(folder, SHARD, lambda m: relabel(m, pixel_hash="00000000000000ff" + "0" * 48))
    hashes = read_shards(folder, tmp_path).hashes
    assert hashes.pixels[12 + 9] == 255
    assert len(set(hashes.pixels.tolist())) == len(set(hashes.perceptual.tolist())) == 44
    # the partial ones say what the strong ones of their number say; 5 weak ones have texts of their own
    assert len(set(hashes.texts.tolist())) == 20 + 5
    np.testing.assert_array_equal(hashes.texts[:12], hashes.texts[12:24])


def test_empty_partitions_have_no_rows(make_shards: Make, tmp_path: Path) -> None:
    samples = read_shards(make_shards({"strong": 3, "weak": 0}), tmp_path)
    assert {name: len(rows) for name, rows in samples.rows.items()} == {
        "strong": 3,
        "partial_emotional": 0,
        "partial_factual": 0,
        "weak": 0,
    }


def test_no_pairs_at_all(make_shards: Make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no pairs in any partition"):
        read_shards(make_shards({"strong": 0}), tmp_path)


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"index\.json: missing; run the stage"):
        read_shards(tmp_path, tmp_path)


def test_a_shard_of_another_run(make_shards: Make, tmp_path: Path) -> None:
    folder = make_shards()
    path = folder / SHARD
    data = bytearray(path.read_bytes())
    data[700] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match=rf"{SHARD}: not the shard that index.json describes"):
        read_shards(folder, tmp_path)


def test_a_shard_that_is_gone(make_shards: Make, tmp_path: Path) -> None:
    folder = make_shards()
    (folder / SHARD).unlink()
    with pytest.raises(UserError, match=rf"{SHARD}: missing"):
        read_shards(folder, tmp_path)


def relabel(members: dict[str, bytes], **changes: object) -> None:
    described = json.loads(members["000000009.json"]) | changes
    members["000000009.json"] = json.dumps(described).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("000000009.npy"), r"no \.npy"),
        (lambda m: m.pop("000000009.jpg"), r"no \.jpg"),
        (lambda m: m.pop("000000009.txt"), r"no \.txt"),
        (lambda m: relabel(m, pixel_hash=None), "pixel_hash is None"),
        (lambda m: relabel(m, pixel_hash="0123"), "pixel_hash is 0123"),
        (lambda m: relabel(m, perceptual_hash=7), "perceptual_hash is 7"),
        (lambda m: relabel(m, perceptual_hash="x" * 16), "perceptual_hash is xxx"),
        (lambda m: m.update({"000000009.npy": npy(np.zeros(5, np.float32))}), r"shape \(5,\).*\(6,\)"),
        (lambda m: m.update({"000000009.npy": npy([0, 1, 2, 3, 4, np.nan])}), "a NaN or infinity"),
        (lambda m: m.update({"000000009.npy": b"not numpy"}), "text embedding unreadable"),
        (lambda m: m.update({"000000009.json": b"{"}), "key 000000009: "),
        (lambda m: relabel(m, factual_label=-1), "factual_label is -1"),
        (lambda m: relabel(m, emotional_label=0.5), "emotional_label is 0.5"),
        (lambda m: relabel(m, partition="weak"), "of partition weak, among partial_emotional"),
    ],
)
def test_a_bad_sample_is_named(
    make_shards: Make,
    change_shard: Change,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], object],
    message: str,
) -> None:
    folder = make_shards()
    change_shard(folder, SHARD, change)
    with pytest.raises(UserError, match=message) as caught:
        read_shards(folder, tmp_path)
    assert f"{SHARD}: key 000000009: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_image_is_named(make_shards: Make, change_shard: Change, tmp_path: Path) -> None:
    folder = make_shards()
    change_shard(folder, SHARD, lambda m: m.update({"000000009.jpg": b"no picture"}))
    samples = read_shards(folder, tmp_path)
    with pytest.raises(UserError, match=rf"{SHARD}: image of sample partial_emotional/9"):
        samples.image(12 + 9)
