"""nade as a classifier of sentiment."""

import numpy as np

from pacl_core.models.classifiers import load_classifier
from pacl_core.params.clips import ClassifierParams

PARAMS = ClassifierParams(kind="nade", name="socialmedia_en")


def test_logits_are_log_probabilities_of_emoji() -> None:
    classifier = load_classifier(PARAMS, "cpu")
    logits = classifier.encode_texts(["i love you so much", "this is disgusting"])
    assert logits.shape == (2, 151)
    assert np.isfinite(logits).all()
    best = [classifier.classes[place] for place in logits.argmax(axis=1)]
    assert best[0] in "❤😍😘💕💓"
    assert best[0] != best[1]


def test_neutral_is_a_mean_of_human_shares() -> None:
    classifier = load_classifier(PARAMS, "cpu")
    logits = classifier.encode_texts(["i love you so much", "the meeting is at noon"])
    neutral = classifier.neutral(logits)
    assert neutral is not None
    assert neutral.dtype == np.float32
    assert ((neutral > 0) & (neutral < 1)).all()
    assert neutral[0] < neutral[1]
    sure = np.full((1, 151), -50, np.float32)
    sure[0, classifier.classes.index("😂")] = 0
    found = classifier.neutral(sure)
    assert found is not None
    np.testing.assert_allclose(found, (4163 + 1) / (3614 + 4163 + 6845 + 3), rtol=1e-4)
