"""transformers encoders, from folders in the formats in which BERTweet, SKEP and their kind are published."""

import json
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

from pacl_core.errors import UserError
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.models.text_encoders.hf import pool
from pacl_core.params.models import TextEncoderParams
from tests.tiny_checkpoints import write_tiny_bertweet, write_tiny_roberta

TEXTS = ["happy dog", "", "a much longer text about nothing at all", "@USER so sad !"]


def encoder(params: dict, **changed):
    return load_text_encoder(TextEncoderParams(**{**params, **changed}), "cpu")


@pytest.mark.parametrize("writer", [write_tiny_roberta, write_tiny_bertweet])
@pytest.mark.parametrize("pooling", ["first", "mean", "pooler"])
def test_a_text_alone_gives_the_same_vector_from_plain_transformers(tmp_path, writer, pooling):
    params = {**writer(tmp_path), "normalise": "none"}
    vectors = encoder(params, pooling=pooling).encode_texts(TEXTS)
    model, tokeniser = AutoModel.from_pretrained(tmp_path).eval(), AutoTokenizer.from_pretrained(tmp_path)
    assert vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        with torch.no_grad():
            output = model(**tokeniser(text, return_tensors="pt", truncation=True, max_length=32))
        states = output.last_hidden_state[0]
        expected = {"first": states[0], "mean": states.mean(dim=0), "pooler": output.pooler_output[0]}[
            pooling
        ]
        np.testing.assert_allclose(vector, expected.numpy(), atol=1e-5)


def test_long_texts_are_cut_at_max_length_and_at_what_the_model_holds(tmp_path):
    params = write_tiny_roberta(tmp_path)
    short, long = encoder(params, max_length=8).encode_texts(["abcdef", "abcdefghijkl"])
    np.testing.assert_allclose(short, long, atol=1e-5)
    beyond = encoder(params, max_length=512).encode_texts(["a" * 600])  # the model has 64 positions
    assert np.isfinite(beyond).all()


def test_bertweet_sees_normalised_tweets(tmp_path):
    params = write_tiny_bertweet(tmp_path)
    raw = encoder(params).encode_texts(["@someone happy https://x.y/z"])
    normalised = encoder(params, normalise="none").encode_texts(["@USER happy HTTPURL"])
    np.testing.assert_allclose(raw, normalised, atol=1e-6)


def test_bertweets_bpe_is_applied(tmp_path):
    write_tiny_bertweet(tmp_path)
    tokeniser = encoder({"kind": "hf", "name": "x", "weights": str(tmp_path)}).tokenizer
    assert tokeniser.tokenize("happy dogs !") == ["happy", "d@@", "o@@", "g@@", "s", "!"]


def test_bertweet_as_the_authors_first_released_it(tmp_path):
    """The tokeniser's class in config.json, no tokenizer_config.json, weights as pytorch_model.bin."""
    params = write_tiny_bertweet(tmp_path)
    expected = encoder(params).encode_texts(TEXTS)
    (tmp_path / "tokenizer_config.json").unlink()
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "tokenizer_class": "BertweetTokenizer"}))
    torch.save(load_file(tmp_path / "model.safetensors"), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    np.testing.assert_allclose(encoder(params).encode_texts(TEXTS), expected, atol=1e-6)


def test_half_precision_files_run_in_single(tmp_path):
    params = write_tiny_roberta(tmp_path)
    model = AutoModel.from_pretrained(tmp_path)
    model.half().save_pretrained(tmp_path)
    assert encoder(params).model.dtype == torch.float32


def classifier_without_pooler(folder):
    """What fine-tuned RoBERTa classifiers are: the encoder under a prefix, and no pooler."""
    state = {
        f"roberta.{k}": v for k, v in load_file(folder / "model.safetensors").items() if "pooler" not in k
    }
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_a_missing_pooler_matters_only_to_pooler(tmp_path):
    params = write_tiny_roberta(tmp_path)
    expected = encoder(params).encode_texts(TEXTS)
    classifier_without_pooler(tmp_path)
    np.testing.assert_allclose(encoder(params).encode_texts(TEXTS), expected, atol=1e-6)
    with pytest.raises(UserError, match="the weights lack pooler"):
        encoder(params, pooling="pooler")


def garbage_weights(folder):
    (folder / "model.safetensors").write_bytes(b"garbage")


class Payload:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code ran')",))


def other_weights(folder):
    torch.save({"other": torch.zeros(2)}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def pickled_code(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Payload()))


def remote_code(folder):
    """A folder that would run its own Python."""
    (folder / "x.py").write_text("raise SystemExit('code ran')")
    config = {"model_type": "zork", "auto_map": {"AutoConfig": "x.X", "AutoModel": "x.X"}}
    (folder / "config.json").write_text(json.dumps(config))


def unlink(*names):
    return lambda folder: [(folder / name).unlink() for name in names]


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (unlink("vocab.json", "merges.txt"), "no tokeniser"),
        (unlink("model.safetensors"), "no file named model.safetensors"),
        (unlink("config.json"), "config.json"),
        (garbage_weights, "text encoder 'tiny-roberta'"),
        (other_weights, "the weights lack"),
        (pickled_code, "never loaded"),
        (remote_code, "custom code"),
    ],
)
def test_a_broken_folder_is_one_clear_line(tmp_path, break_it, says):
    params = write_tiny_roberta(tmp_path)
    break_it(tmp_path)
    with pytest.raises(UserError, match=says) as error:
        encoder(params)
    assert "\n" not in str(error.value)


def test_bertweet_without_its_merges_is_refused(tmp_path):
    params = write_tiny_bertweet(tmp_path)
    (tmp_path / "bpe.codes").unlink()
    with pytest.raises(UserError, match="incomplete"):
        encoder(params)


def test_digest_of_the_weights_is_checked(tmp_path):
    with pytest.raises(UserError, match=r"model\.safetensors: damaged or replaced, its sha256"):
        encoder(write_tiny_roberta(tmp_path), sha256="00")


def test_weights_must_be_named():
    with pytest.raises(UserError, match="hub:<owner>/<name>@<revision>"):
        encoder({"kind": "hf", "name": "skep"})


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    padding=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_pooling_is_over_tokens_as_a_naive_loop_does_it(lengths, padding, seed):
    longest = max(lengths) + padding
    hidden = torch.randn(len(lengths), longest, 4, generator=torch.Generator().manual_seed(seed))
    mask = torch.tensor([[1] * length + [0] * (longest - length) for length in lengths])
    for row, length in enumerate(lengths):
        total = [sum(float(hidden[row, token, column]) for token in range(length)) for column in range(4)]
        mean = torch.tensor([value / length for value in total])
        torch.testing.assert_close(pool(hidden, mask, "mean")[row], mean, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(pool(hidden, mask, "first")[row], hidden[row, 0], rtol=0, atol=0)
