"""Sequence classifiers: transformers' own logits, classes in the order of id2label."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pacl_core.errors import UserError
from pacl_core.models.classifiers import load_classifier, probabilities
from pacl_core.params.clips import ClassifierParams
from tests.tiny_checkpoints import write_tiny_classifier, write_tiny_roberta

TEXTS = ["so happy to see you", "no", "a much longer sentence that says nothing at all, twice over"]
CLASSES = ("sadness", "Neutral", "joy", "anger", "fear", "disgust", "surprise")


def test_logits_are_those_of_plain_transformers(tmp_path: Path) -> None:
    params = write_tiny_classifier(tmp_path, CLASSES)
    classifier = load_classifier(ClassifierParams(**params), "cpu")
    assert classifier.classes == CLASSES
    logits = classifier.encode_texts(TEXTS)
    assert (logits.shape, logits.dtype) == ((3, 7), np.float32)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    tokeniser = AutoTokenizer.from_pretrained(tmp_path)
    for text, row in zip(TEXTS, logits, strict=True):
        with torch.no_grad():
            expected = model(**tokeniser(text, return_tensors="pt", truncation=True, max_length=32)).logits[0]
        np.testing.assert_allclose(row, expected.numpy(), atol=1e-5)
    neutral = classifier.neutral(logits)
    assert neutral is not None
    np.testing.assert_allclose(neutral, torch.from_numpy(logits).softmax(1)[:, 1].numpy(), atol=1e-6)


def test_at_most_77_tokens_unless_asked(tmp_path: Path) -> None:
    params = write_tiny_classifier(tmp_path) | {"max_length": 5}
    classifier = load_classifier(ClassifierParams(**params), "cpu")
    one, other = classifier.encode_texts(["abcdefgh", "abcxyz"])  # <s> a b c </s>
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_classifier_without_neutral(tmp_path: Path) -> None:
    classifier = load_classifier(ClassifierParams(**write_tiny_classifier(tmp_path, ("bad", "good"))), "cpu")
    assert classifier.neutral(classifier.encode_texts(TEXTS)) is None


def test_an_encoder_is_no_classifier(tmp_path: Path) -> None:
    params = {**write_tiny_roberta(tmp_path), "kind": "hf_classifier"}
    del params["pooling"]
    with pytest.raises(UserError, match="the weights lack classifier"):
        load_classifier(ClassifierParams(**params), "cpu")


def test_one_class_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two or more"):
        load_classifier(ClassifierParams(**write_tiny_classifier(tmp_path, ("only",))), "cpu")


def test_probabilities_of_large_logits() -> None:
    shares = probabilities(np.array([[1e4, 0, -1e4], [0, 0, 0]], np.float32))
    np.testing.assert_allclose(shares, [[1, 0, 0], [1 / 3] * 3])
