"""`hf` with folders other than BERT's: a text alone and in a batch agree, or one line says what is
missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pacl_core.errors import UserError
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.params.models import TextEncoderParams

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "happy", "sad", "day", "dog", "very", "good", "night"]
SMALL = {"vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXTS = ["a happy day", "a very good night dog", "sad", "very " * 9]
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def bert() -> Any:
    return hf.BertModel(hf.BertConfig(**SMALL, intermediate_size=64))


def roberta() -> Any:
    return hf.RobertaModel(hf.RobertaConfig(**SMALL, intermediate_size=64, pad_token_id=0))


def xlnet() -> Any:
    return hf.XLNetModel(hf.XLNetConfig(vocab_size=len(WORDS), d_model=32, n_layer=2, n_head=2, d_inner=64))


def gpt2() -> Any:
    config = hf.GPT2Config(vocab_size=len(WORDS), n_embd=32, n_layer=2, n_head=2, n_positions=64)
    config.bos_token_id = config.eos_token_id = 3
    return hf.GPT2Model(config)


def t5() -> Any:
    return hf.T5Model(
        hf.T5Config(vocab_size=len(WORDS), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2)
    )


def t5_encoder() -> Any:
    return hf.T5EncoderModel(t5().config)


def bart() -> Any:
    sizes = {f"{side}_{what}": 2 for side in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    return hf.BartModel(
        hf.BartConfig(vocab_size=len(WORDS), d_model=32, max_position_embeddings=64, pad_token_id=0, **sizes)
    )


def clip(kind: str = "CLIP") -> Any:
    text = {**SMALL, **TOWER, "max_position_embeddings": 16, "eos_token_id": 3}
    vision = {**TOWER, "image_size": 32, "patch_size": 16}
    config = getattr(hf, f"{kind}Config")(text_config=text, vision_config=vision)
    return getattr(hf, f"{kind}Model")(config)


def fnet() -> Any:
    """It has no attention, and no mask: it sees padding."""
    return hf.FNetModel(hf.FNetConfig(**{**SMALL, "intermediate_size": 64}))


def write(
    folder: Path, model: Any, *, side: str = "right", pad: str | None = "[PAD]", marks: bool = True
) -> str:
    """A folder of the model, and of a tokeniser of whole words that pads on a side, or not at all."""
    model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    if marks:
        words.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    given = {"pad_token": pad} if pad else {}
    hf.PreTrainedTokenizerFast(
        tokenizer_object=words, padding_side=side, unk_token="[UNK]", **given
    ).save_pretrained(folder)
    return str(folder)


def encoder(weights: str, **changed: Any) -> Any:
    params = TextEncoderParams(**{"kind": "hf", "name": "tiny", "weights": weights, **changed})
    return load_text_encoder(params, "cpu")


@pytest.mark.parametrize("model", [bert, roberta, xlnet, gpt2, t5, t5_encoder, bart, clip, fnet])
@pytest.mark.parametrize("form", [{}, {"side": "left"}, {"pad": None}])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_a_text_alone_and_in_a_batch_agree(
    tmp_path: Path, model: Callable[[], Any], form: dict[str, Any], pooling: str
) -> None:
    torch.manual_seed(0)
    found = encoder(write(tmp_path, model(), **form), pooling=pooling)
    together = found.encode_texts(TEXTS)
    alone = np.concatenate([found.encode_texts([text]) for text in TEXTS])
    assert together.shape == (len(TEXTS), found.dim) == (len(TEXTS), 32)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    if pooling == "mean":  # the first token of a causal model sees itself alone
        assert len({row.tobytes() for row in together}) == len(TEXTS)


def test_vectors_are_those_of_the_part_that_reads(tmp_path: Path) -> None:
    torch.manual_seed(0)
    for name, model, part in (
        ("t5", t5(), lambda model: model.encoder),
        ("bart", bart(), lambda model: model.encoder),
        ("clip", clip(), lambda model: model.text_model),
    ):
        found = encoder(write(tmp_path / name, model), pooling="mean")
        ids = torch.tensor([[2, *(WORDS.index(word) for word in ["a", "happy", "day"]), 3]])
        with torch.no_grad():
            states = part(model.eval())(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        np.testing.assert_allclose(found.encode_texts(["a happy day"]), states.mean(dim=1), atol=1e-5)


def test_clips_pooler_and_its_whole_context(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = clip().eval()
    found = encoder(write(tmp_path, model), pooling="pooler")
    assert found.max_length == 16
    ids = torch.tensor([[2, 4, 5, 7, 3]])
    with torch.no_grad():
        expected = model.text_model(input_ids=ids).pooler_output
    np.testing.assert_allclose(found.encode_texts(["a happy day", "very " * 9])[:1], expected, atol=1e-5)


@pytest.mark.parametrize("pad", ["[PAD]", None])
def test_a_text_without_tokens_is_the_zero_vector(tmp_path: Path, pad: str | None) -> None:
    found = encoder(write(tmp_path, gpt2(), pad=pad, marks=False))
    vectors = found.encode_texts(["", "a day", " "])
    np.testing.assert_array_equal(vectors[[0, 2]], np.zeros((2, 32), np.float32))
    np.testing.assert_allclose(vectors[1:2], found.encode_texts(["a day"]), atol=1e-5)
    assert found.encode_texts([]).shape == (0, 32)


def test_a_padding_token_beyond_the_models_vocabulary_is_not_used(tmp_path: Path) -> None:
    torch.manual_seed(0)
    found = encoder(write(tmp_path, bert(), pad="<added>"))
    assert not found.pads
    np.testing.assert_allclose(found.encode_texts(TEXTS)[2:3], found.encode_texts(TEXTS[2:3]), atol=1e-5)


@pytest.mark.parametrize(
    ("model", "changed", "says"),
    [
        (xlnet, {"pooling": "pooler"}, "it has no pooler; choose pooling"),
        (
            lambda: hf.ViTModel(hf.ViTConfig(**TOWER, image_size=32)),
            {},
            "text encoder 'tiny' in .*cannot encode",
        ),
        (lambda: clip("Siglip"), {}, "fixed length.*kind: open_clip"),
        (lambda: hf.BertModel(hf.BertConfig(**{**SMALL, "vocab_size": 5})), {}, "cannot encode a text"),
    ],
)
def test_what_cannot_read_a_text_is_one_line(
    tmp_path: Path, model: Callable[[], Any], changed: dict[str, Any], says: str
) -> None:
    weights = write(tmp_path, model())
    with pytest.raises(UserError, match=says) as error:
        encoder(weights, **changed)
    assert "\n" not in str(error.value)
