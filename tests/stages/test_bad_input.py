"""A user's mistake ends a stage in one clear line and a non-zero exit; a broken file never does."""

from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from PIL import Image

from pacl_core.files.json_csv import read_json
from pacl_core.files.vectors import write_vectors
from tests.faults.processes import starter
from tests.paths import ROOT


def stage(
    folder: Path, name: str, changes: dict[str, object], file_limit: int | None = None
) -> tuple[int, str]:
    """Run a stage in `folder` on the committed params with changes; exit code and error lines."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key, value in changes.items():
        *parents, last = key.split(".")
        section = tree
        for parent in parents:
            section = section[parent]
        section[last] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    limit = {} if file_limit is None else {"FILE_LIMIT": str(file_limit)}
    done = starter().run(folder, name, PYTHONPATH=str(ROOT), **limit)
    return done.wait(), done.output


def the_line(folder: Path, name: str, changes: dict[str, object], file_limit: int | None = None) -> str:
    """The one line that a failing stage prints as its error."""
    code, output = stage(folder, name, changes, file_limit)
    assert code == 1, output
    assert "Traceback" not in output
    (line,) = [line for line in output.splitlines() if line.startswith(f"{name}: error:")]
    return line


def image(size: tuple[int, int] = (40, 30)) -> bytes:
    stream = BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


def posts(folder: Path, count: int, image: bytes) -> dict[str, object]:
    """A folder corpus of `count` posts; the params that name it."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.png").write_bytes(image)
        (folder / f"{number}.txt").write_text(f"caption {number}")
    return {"pairs.reader": "folder", "pairs.path": str(folder)}


def test_a_missing_corpus(tmp_path: Path) -> None:
    line = the_line(tmp_path, "pairs", {"pairs.reader": "folder", "pairs.path": "nowhere"})
    assert "nowhere" in line


def test_an_unknown_reader(tmp_path: Path) -> None:
    line = the_line(tmp_path, "pairs", {"pairs.reader": "foldr"})
    assert "did you mean 'folder'?" in line


def test_an_empty_corpus(tmp_path: Path) -> None:
    assert "empty" in the_line(tmp_path, "pairs", posts(tmp_path / "corpus", 0, b""))


def test_a_corpus_of_broken_images_says_why_nothing_is_left(tmp_path: Path) -> None:
    line = the_line(tmp_path, "pairs", posts(tmp_path / "corpus", 3, b"<html>gone</html>"))
    assert "no usable pair among 3 inputs" in line
    assert not (tmp_path / "data/pairs").exists()


def test_a_broken_image_is_rejected_and_the_run_goes_on(tmp_path: Path) -> None:
    changes = posts(tmp_path / "corpus", 3, image())
    (tmp_path / "corpus/1.png").write_bytes(image()[:200])
    code, output = stage(tmp_path, "pairs", changes)
    assert code == 0, output
    counts = read_json(tmp_path / "metrics/pairs.json")
    assert (counts["read"], counts["pairs"], counts["rejected"]) == (3, 2, 1)
    assert pl.read_parquet(tmp_path / "data/pairs_rejected.parquet").height == 1


def test_a_full_disk_publishes_nothing_half(tmp_path: Path) -> None:
    """A file size limit stands in for the disk: the write fails in the same place."""
    changes = posts(tmp_path / "corpus", 30, image((300, 300)))
    line = the_line(tmp_path, "pairs", changes, file_limit=200_000)
    assert "large" in line.lower() or "space" in line.lower()
    assert not (tmp_path / "data/pairs").exists()
    assert not list((tmp_path / "data").glob(".*draft"))


def test_a_full_disk_under_the_partition(tmp_path: Path) -> None:
    ids = pl.DataFrame({"sample_id": [f"post-{number}" for number in range(20_000)]})
    noise = pl.Series(np.random.default_rng(0).random(20_000, np.float32))
    for folder in ("pairs", "scores"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    texts = pl.Series([f"{number} {number**3}" for number in range(20_000)])
    provenance = pl.lit(None, pl.String).alias("provenance")
    pairs = ids.with_columns(texts.alias("text"), provenance)
    pairs.write_parquet(tmp_path / "data/pairs/part-00000.parquet")
    ids.with_columns(anps=pl.lit(["happy dog"])).write_parquet(tmp_path / "data/scores/anps.parquet")
    for name in ("factual", "emotional"):
        scores = ids.with_columns(noise.alias(f"{name}_score"))
        scores.write_parquet(tmp_path / f"data/scores/{name}.parquet")
    the_line(tmp_path, "partition", {}, file_limit=100_000)
    assert not (tmp_path / "data/partition.parquet").exists()


def test_a_full_disk_under_a_model_pass(tmp_path: Path) -> None:
    changes = posts(tmp_path / "corpus", 300, image())
    code, output = stage(tmp_path, "pairs", changes)
    assert code == 0, output
    line = the_line(tmp_path, "text_embeddings", changes, file_limit=100_000)
    assert "large" in line.lower() or "space" in line.lower()
    assert not (tmp_path / "data/embeddings/text").exists()


def test_more_clusters_than_pairs(tmp_path: Path) -> None:
    ids = tmp_path / "ids.parquet"
    pl.DataFrame({"sample_id": ["a", "b"]}).write_parquet(ids)
    for name in ("image", "text"):
        write_vectors(
            tmp_path / "data/embeddings" / name,
            ids,
            lambda start, stop: np.ones((stop - start, 4), np.float32),
            dim=4,
        )
    line = the_line(tmp_path, "pseudo_labels", {"pseudo_labels.k": 5})
    assert "pseudo_labels.k: 5 clusters asked of 2 image embeddings" in line


def test_a_missing_weights_file(tmp_path: Path) -> None:
    line = the_line(tmp_path, "initial", {"backbone.weights": "weights/none.safetensors"})
    assert "weights/none.safetensors" in line


def test_a_stage_without_its_inputs_says_what_to_run(tmp_path: Path) -> None:
    assert "dvc repro" in the_line(tmp_path, "pseudo_labels", {})


def test_a_wrong_key_in_params(tmp_path: Path) -> None:
    assert "params.yaml: train.epocs: unknown key; did you mean 'epochs'?" in the_line(
        tmp_path, "pseudo_labels", {"train.epocs": 3}
    )


def test_inputs_that_stop_dvc_are_named_before_it_hashes_them(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("fine")
    changes = {"pairs.path": str(corpus), "anps.path": str(corpus / "a.txt"), "downstream": {}}
    assert stage(tmp_path, "ready", changes)[0] == 0
    (corpus / "q.jpg").symlink_to("/nowhere/x.jpg")
    assert f"ready: error: DVC cannot hash {corpus}/q.jpg: a link to nothing. Delete" in the_line(
        tmp_path, "ready", changes
    )


def test_names_are_checked_before_a_stage_of_theirs(tmp_path: Path) -> None:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    (entry,) = tree["downstream"].values()
    (tmp_path / "data").mkdir()
    assert stage(tmp_path, "check_names", {})[0] == 0
    first = (tmp_path / "data/names_checked.txt").read_bytes()
    assert stage(tmp_path, "check_names", {"downstream": {"other": entry}})[0] == 0
    assert (tmp_path / "data/names_checked.txt").read_bytes() == first  # or all that follows would be stale
    assert "downstream.x;y: 'x;y' is not a valid name" in the_line(
        tmp_path, "check_names", {"downstream": {"x;y": entry}}
    )
