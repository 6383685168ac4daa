"""`PaclFeatures` in scikit-learn: clone, pipelines, pickles, arrays of paths."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

import pacl_core
from pacl_core.inference.features import PaclFeatures
from tests.small_run import drawings


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return drawings(tmp_path_factory.mktemp("images"), 6)


def test_features_are_those_of_the_model(run, files):
    step = PaclFeatures(run / "models/pacl", device="cpu")
    expected = pacl_core.load(run / "models/pacl", "cpu").embed(files)
    check_is_fitted(step)
    assert (step.fit_transform(files) == expected).all()
    assert (step.transform(np.array([str(file) for file in files])) == expected).all()
    assert (step.transform(np.array([[str(file)] for file in files], dtype=object)) == expected).all()
    assert list(step.get_feature_names_out()[:2]) == ["pacl_0", "pacl_1"]
    assert len(step.get_feature_names_out()) == expected.shape[1]
    again = pickle.loads(pickle.dumps(step)).transform(files[:1])
    np.testing.assert_allclose(again, expected[:1], rtol=1e-4, atol=1e-5)  # another number a step
    assert len(pickle.dumps(step)) < 2000  # without the loaded model


def test_joint_vectors_have_unit_length(run, files):
    vectors = PaclFeatures(run / "models/pacl", device="cpu", joint=True).transform(files)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_it_is_a_step_like_others(run, files):
    step = PaclFeatures(run / "models/pacl", device="cpu")
    assert (
        clone(step).get_params()
        == step.get_params()
        == {
            "model": run / "models/pacl",
            "device": "cpu",
            "batch": None,
            "joint": False,
        }
    )
    assert "models/pacl" in repr(step) and "SavedModel" not in repr(step)
    pipeline = make_pipeline(step, LogisticRegression(max_iter=50))
    pipeline.set_params(paclfeatures__batch=2)
    labels = np.array([0, 1, 0, 1, 0, 1])
    assert pipeline.fit(files, labels).predict(files).shape == (6,)
    assert cross_val_score(pipeline, files, labels, cv=2).shape == (2,)


def test_the_package_brings_it_when_asked():
    assert pacl_core.PaclFeatures is PaclFeatures
