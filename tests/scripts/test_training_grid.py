"""scripts.training_grid: its probe against that of scikit-learn, the interval of a difference, the cells."""

import numpy as np
import pytest
import yaml
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
