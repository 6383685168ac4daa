"""Clips and images as a model of clips sees them, with their boxes, against the model itself."""

from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from pacl_core.encoding import encoded as resumable
from pacl_core.encoding.engine import engine
from pacl_core.encoding.persons import marks_nobody
from pacl_core.encoding.subjects import (
    TellingEncoder,
    encode_told,
    load_telling_encoder,
    view_of,
)
from pacl_core.media.images import normalise_image
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.subject.coverage import as_boxes, coverage
from pacl_core.models.video_text import make_video_text, save_video_text
from pacl_core.params.models import BackboneParams
from pacl_core.params.video_text import SubjectParams, TemporalParams
from pacl_core.runtime.settings import Runtime
from tests.tiny_checkpoints import write_tiny_open_clip

FRAMES = 4  # of the model; 6 are stored


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of clips."""
    root = tmp_path_factory.mktemp("clips")
    origin = BackboneParams(**write_tiny_open_clip(root / "clip"))
    clip = load_clip(origin.name, origin.weights, None)
    temporal = TemporalParams(layers=1, heads=2, width=32)
    model = make_video_text(clip, SubjectParams(), temporal, frames=FRAMES)
    (root / "model").mkdir()
    save_video_text(root / "model", model, None, origin=origin)
    return root / "model"


@pytest.fixture(scope="module")
def model(folder: Path) -> TellingEncoder:
    return load_telling_encoder(folder, "cpu")


def jpeg(rng: np.random.Generator) -> bytes:
    stream = BytesIO()
    Image.fromarray(rng.integers(0, 255, (36, 60, 3), np.uint8)).save(stream, "PNG")
    return normalise_image(stream.getvalue(), 36).jpeg


def box(*edges: float) -> list[dict[str, float]]:
    return [dict(zip(("left", "top", "right", "bottom", "score"), (*edges, 1.0), strict=True))]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """5 clips of 6 frames, the first two of the same frames with other boxes; the last without any."""
    rng = np.random.default_rng(0)
    frames = [[jpeg(rng) for _ in range(6)] for _ in range(4)]
    frames.insert(1, frames[0])
    boxes = [[box(10, 0, 20 + 5 * row, 18 + row) for _ in range(6)] for row in range(4)] + [[[]] * 6]
    columns = {"image": [one[3] for one in frames], "frames": frames, "frame_boxes": boxes}
    path = tmp_path_factory.mktemp("table") / "clips.parquet"
    pl.DataFrame(columns).write_parquet(path, row_group_size=2)
    return path


def encode(model: TellingEncoder, table: Path, work: Path, batch: int = 8, workers: int = 1) -> np.ndarray:
    with engine(lambda: model, Runtime("cpu", workers, batch)) as one:
        return encode_told(one, table, work).rows(0, 5)


def by_hand(model: TellingEncoder, row: dict[str, list]) -> np.ndarray:
    preprocess = model.model.clip.preprocess
    chosen = [0, 2, 3, 5]  # round(linspace(0, 5, 4))
    seen = []
    for place in chosen:
        shown = Image.open(BytesIO(row["frames"][place])).convert("RGB")
        mask = Image.new("L", shown.size)
        for one in row["frame_boxes"][place]:
            mask.paste(255, tuple(int(one[edge]) for edge in ("left", "top", "right", "bottom")))
        seen.append((preprocess.pixels(shown), preprocess.pixels(mask.convert("RGB"))[0] / 255))
    patch, side = model.model.patch, preprocess.size
    grid = side // patch
    shares = [mask.reshape(grid, patch, grid, patch).mean(axis=(1, 3)).ravel() for _, mask in seen]
    pixels = preprocess.normalise(torch.from_numpy(np.stack([one for one, _ in seen])))
    with torch.inference_mode():
        found = model.model.clip_features(pixels[None], torch.tensor(np.stack(shares)).float()[None])
    return found[0].numpy()


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (8, 1), (64, 2)])
def test_clips_are_encoded_with_their_boxes(
    model: TellingEncoder, table: Path, tmp_path: Path, batch: int, workers: int
) -> None:
    found = encode(model, table, tmp_path / "work", batch, workers)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    rows = pl.read_parquet(table).to_dicts()
    expected = np.stack([by_hand(model, row) for row in rows])
    # a mask that is resized has soft edges, a box has none
    assert np.abs(found - expected).max() < 0.02
    assert np.allclose(found[4], expected[4], atol=1e-4)


def test_the_box_is_what_tells_two_persons_of_a_clip_apart(
    model: TellingEncoder, table: Path, tmp_path: Path
) -> None:
    found = encode(model, table, tmp_path / "work")
    assert np.abs(found[0] - found[1]).max() > 1e-4
    without = pl.read_parquet(table).drop("frame_boxes")
    without.write_parquet(tmp_path / "without.parquet")
    plain = encode(model, tmp_path / "without.parquet", tmp_path / "plain")
    assert np.allclose(plain[0], plain[1], atol=1e-6)
    assert np.allclose(plain[4], found[4], atol=1e-5)  # it had no box either way


def test_boxes_may_be_in_another_file(model: TellingEncoder, table: Path, tmp_path: Path) -> None:
    rows = pl.read_parquet(table)
    rows.select("frame_boxes").write_parquet(tmp_path / "boxes.parquet")
    nobody = [[[]] * 6] * 5
    bare = rows.with_columns(pl.Series("frame_boxes", nobody, dtype=rows.schema["frame_boxes"]))
    bare.write_parquet(tmp_path / "bare.parquet")
    assert marks_nobody(tmp_path / "bare.parquet") and not marks_nobody(table)
    with engine(lambda: model, Runtime("cpu", 1, 8)) as one:
        found = encode_told(
            one, tmp_path / "bare.parquet", tmp_path / "work", boxes=tmp_path / "boxes.parquet"
        )
    assert np.array_equal(found.rows(0, 5), encode(model, table, tmp_path / "own"))


def test_images_are_encoded_without_the_temporal_head(
    model: TellingEncoder, table: Path, tmp_path: Path
) -> None:
    rows = pl.read_parquet(table)
    boxes = [row[3:4] for row in rows["frame_boxes"].to_list()]
    images = rows.select("image").with_columns(
        pl.Series("frame_boxes", boxes, dtype=rows.schema["frame_boxes"])
    )
    images.write_parquet(tmp_path / "images.parquet")
    found = encode(model, tmp_path / "images.parquet", tmp_path / "work")
    preprocess = model.model.clip.preprocess
    shown = Image.open(BytesIO(images["image"][4])).convert("RGB")
    pixels = preprocess.normalise(torch.from_numpy(preprocess.pixels(shown)[None]))
    nobody = torch.from_numpy(coverage(as_boxes([]), preprocess.size, model.model.patch))[None]
    with torch.inference_mode():
        expected = model.model.image_features(pixels, nobody)[0].numpy()
    assert np.allclose(found[4], expected, atol=1e-5)


def test_a_killed_run_is_resumed(
    model: TellingEncoder, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encode(model, table, tmp_path / "whole", batch=4)
    monkeypatch.setattr(resumable, "SECONDS", 0)
    real, done = resumable.ResumableBlock.add, []

    def killed(self: object, places: np.ndarray, rows: np.ndarray) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(places)
        real(self, places, rows)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(resumable.ResumableBlock, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            encode(model, table, tmp_path / "work", batch=4)
    assert np.array_equal(encode(model, table, tmp_path / "work", batch=4), whole)


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("size", [(60, 36), (36, 61), (32, 32), (33, 40)])
def test_the_view_is_what_the_model_sees(size: tuple[int, int], mode: str) -> None:
    """A marked pixel block is where the view says that it is."""
    preprocess = Preprocess(24, 28, mode, "bicubic", (0.0,) * 3, (1.0,) * 3)  # type: ignore[arg-type]
    view = view_of(preprocess, size)
    left, top = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    across = Image.fromarray((left * 255 / size[0]).astype(np.uint8)).convert("RGB")
    down = Image.fromarray((top * 255 / size[1]).astype(np.uint8)).convert("RGB")
    x, y = preprocess.pixels(across)[0].mean(), preprocess.pixels(down)[0].mean()
    middle = view.left + view.side / 2, view.top + view.side / 2
    assert x / 255 == pytest.approx(middle[0] / view.width, abs=0.03)
    assert y / 255 == pytest.approx(middle[1] / view.height, abs=0.03)
    assert preprocess.pixels(across).shape == (3, view.side, view.side)
