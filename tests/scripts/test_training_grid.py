"""scripts.training_grid: its probe against that of scikit-learn, the interval of a difference, the cells."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from scripts.training_grid.cells import GRIDS, params_of
from scripts.training_grid.run import ALPHAS, out_of_fold, row_name
from scripts.training_grid.table import difference
from tests.paths import ROOT


def test_a_prediction_is_that_of_a_ridge_with_the_penalty_that_is_best_for_the_other_folds() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 8))
    target = features[:, 0] + rng.standard_normal(60)
    folds = list(KFold(4, shuffle=True, random_state=1).split(features))
    tried = np.empty((len(ALPHAS), 60))
    for rows, others in folds:
        for place, alpha in enumerate(ALPHAS):
            tried[place, others] = Ridge(alpha).fit(features[rows], target[rows]).predict(features[others])
    expected = np.empty(60)
    for rows, others in folds:
        best = ((tried - target) ** 2)[:, rows].sum(axis=1).argmin()
        expected[others] = tried[best, others]
    assert out_of_fold(features, target, folds) == pytest.approx(expected, abs=1e-9)


def test_the_difference_in_r2_and_its_interval() -> None:
    rng = np.random.default_rng(0)
    target = rng.standard_normal(400)
    initial = (target - 0.5 * target) ** 2  # R2 0.75, but for the mean
    better = np.stack([(target - share * target) ** 2 for share in (0.89, 0.9, 0.91)])
    mean, low, high = difference(better, initial, target, groups=np.arange(400) // 4)
    spread = ((target - target.mean()) ** 2).sum()
    assert mean == pytest.approx((initial - better.mean(axis=0)).sum() / spread)
    assert low < mean < high and low > 0.2
    nothing = difference(initial[None], initial, target, groups=np.arange(400))
    assert nothing == (0, 0, 0)


@pytest.mark.parametrize("name", GRIDS)
def test_every_cell_is_a_training_of_its_own(name: str) -> None:
    cells = GRIDS[name]()
    base = yaml.safe_load((ROOT / "presets/scenes.yaml").read_text())["train"]
    for cell in cells:
        params_of(cell, base)
    assert len({row_name(cell) for cell in cells}) == len(cells)


def prepared(folder: Path) -> None:
    """What `prepare` leaves, of random pixels: 32 pairs and 40 items."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    stored = {}
    for name, count in (("pairs", 32), ("items", 40)):
        places, content = [], b""
        for _ in range(count):
            jpeg = io.BytesIO()
            Image.fromarray(rng.integers(256, size=(40, 40, 3), dtype=np.uint8)).save(jpeg, format="JPEG")
            places.append((0, len(content), len(jpeg.getvalue())))
            content += jpeg.getvalue()
        (folder / f"{name}.bin").write_bytes(content)
        stored[name] = np.array(places, np.int64)
    np.savez(folder / "pairs.npz", places=stored["pairs"], sizes=[8, 8, 8, 8], recorded=np.arange(32) % 4)
    np.savez(folder / "items.npz", places=stored["items"], valence=np.arange(40) % 10 / 10)
    labels = np.arange(32) % 2
    np.savez(folder / "labels.npz", **{"image-2": labels, "affect-pls8-2": labels})
    np.save(folder / "texts-affect-pls8.npy", rng.standard_normal((32, 8), np.float32))
    pl.DataFrame({"sample_id": [str(row) for row in range(32)]}).write_parquet(folder / "ids.parquet")
    preset = yaml.safe_load((ROOT / "presets/scenes.yaml").read_text())
    train = preset["train"] | {"epochs": 1, "batch_size": 8, "projector_warmup_steps": 2, "dim": 8}
    about = {"backbone": preset["backbone"], "train": train, "columns": ["valence"], "group": "valence"}
    (folder / "params.json").write_text(json.dumps(about))


def grid(*arguments: str) -> str:
    command = (sys.executable, "-m", "scripts.training_grid", *arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_grid_is_trained_resumed_and_shown(tmp_path: Path) -> None:
    prepared(tmp_path / "scenes")
    places = (str(tmp_path / "scenes"), str(tmp_path / "found"))
    run = ("run", *places, "--grid", "scenes", "--image-size", "32", "--only", "affect-pls8")
    assert grid(*run).count("r2_valence_unseen") == 4  # the untouched backbone, and a cell by three seeds
    assert grid(*run) == ""
    initial, cell = grid("table", *places).splitlines()[2:]
    assert initial.startswith("| initial | 1 |")
    assert cell.startswith("| affect-pls8 none k=2 pairs=all | 3 |") and "strong" in cell
