"""Any transformers encoder, from a local folder or a pinned hub revision."""

import inspect
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from pacl_core.errors import UserError
from pacl_core.models.precision import dtype_of, full_float32
from pacl_core.models.weights import check_sha256, more_than_tensors, weights_folder
from pacl_core.params.models import TextEncoderParams

Pooling = Literal["first", "mean", "pooler", "logits"]

_FILES = ["*.json", "*.txt", "*.codes", "*.model", "model*.safetensors", "pytorch_model.bin"]
_TOKENISERS = (
    ("tokenizer.json",),
    ("vocab.json", "merges.txt"),
    ("vocab.txt",),
    ("spiece.model",),
    ("sentencepiece.bpe.model",),
    ("tokenizer.model",),
)
_HINT = "give a transformers folder (config.json, weights, tokenizer), or hub:<owner>/<name>@<revision>"


@dataclass(frozen=True)
class HfEncoder:
    """Tokens of the last layer, pooled, or a classifier's logits.

    Up to rounding, a text's vector does not depend on its batch.

    `pads`: a batch is padded to its longest text. If the model would see the padding, only texts with the
    same number of tokens run together. A text without tokens is the zero vector.
    """

    model: Any
    tokenizer: Any
    pooling: Pooling
    max_length: int
    dim: int
    pads: bool = True

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` float32; texts beyond `max_length` tokens are cut."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for rows, tokens in self._batches(texts):
            vectors[rows] = self.encode_tokens(tokens)
        return vectors

    @torch.inference_mode()
    def encode_tokens(self, tokens: Mapping[str, Sequence[Any]]) -> NDArray[np.float32]:
        """`[N, dim]` for the tokeniser's output for N texts, each with at least one token."""
        given = {name: torch.tensor(values, device=self.model.device) for name, values in tokens.items()}
        known = inspect.signature(self.model.forward).parameters
        output = self.model(**{name: tensor for name, tensor in given.items() if name in known})
        vectors: Tensor | None
        if self.pooling == "logits":
            vectors = output.logits
        elif self.pooling == "pooler":
            vectors = getattr(output, "pooler_output", None)
            if vectors is None:
                raise UserError("it has no pooler; choose pooling 'first' or 'mean'")
        else:
            # summed in float32: a mean over tokens in bfloat16 would lose more than the model does
            vectors = pool(output.last_hidden_state.float(), given["attention_mask"], self.pooling)
        array: NDArray[np.float32] = vectors.float().cpu().numpy()
        return array

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], dict[str, list[Any]]]]:
        """Groups of rows that run together, and their tokens."""
        if not texts:
            return
        tokens = self.tokenizer(
            list(texts),
            padding=self.pads,
            truncation=True,
            max_length=self.max_length,
            return_attention_mask=True,
        )
        groups: dict[int, list[int]] = {}
        for row, mask in enumerate(tokens["attention_mask"]):
            if length := sum(mask):
                groups.setdefault(0 if self.pads else length, []).append(row)
        for rows in groups.values():
            yield rows, {name: [values[row] for row in rows] for name, values in tokens.items()}


def pool(hidden: Tensor, mask: Tensor, pooling: Literal["first", "mean"]) -> Tensor:
    """`[N, T, D]` states and `[N, T]` mask (1 token, 0 padding) -> `[N, D]`; the mean is over tokens only."""
    if pooling == "first":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def load(params: TextEncoderParams, device: str) -> HfEncoder:
    """Load from the folder or hub revision that `params.weights` names."""
    return load_folder(weights_folder(params.weights, _FILES, _HINT), params, device)


def load_classifier(params: TextEncoderParams, device: str) -> HfEncoder:
    """A sequence classifier, whose vectors are its logits; see `load`."""
    return load_folder(weights_folder(params.weights, _FILES, _HINT), params, device, logits=True)


def load_folder(folder: Path, params: TextEncoderParams, device: str, *, logits: bool = False) -> HfEncoder:
    """Load model and tokenizer of one folder. Raises `UserError` where weights or files are missing.

    `logits`: the model is a sequence classifier.
    """
    auto = AutoModelForSequenceClassification if logits else AutoModel
    if params.sha256 is not None:
        check_sha256(_weights_in(folder), params.sha256)
    try:
        with _without_bar():
            # whatever the file holds: half precision is slow on a CPU
            model, report = auto.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                dtype=dtype_of(params.precision),
                output_loading_info=True,
            )
        tokenizer = _tokenizer(folder)
    except pickle.UnpicklingError:
        raise more_than_tensors(_weights_in(folder)) from None
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"text encoder '{params.name}' in {folder}: {reason}") from None
    if str(model.config.model_type).startswith("siglip"):
        raise UserError(
            f"text encoder '{params.name}' in {folder}: SigLIP reads texts padded to a fixed length; load "
            "its open_clip weights with kind: open_clip"
        )
    full_float32()
    part = model if logits else _text_part(model)
    _refuse_missing(params, folder, _missing(model, part, report["missing_keys"]))
    # padding on the left would come first and shift the position of every token
    tokenizer.padding_side = "right"
    encoder = HfEncoder(
        model=part.eval().requires_grad_(False).to(device),
        tokenizer=tokenizer,
        pooling="logits" if logits else params.pooling,
        max_length=min(params.max_length, _positions(model, part)),
        dim=0,
        pads=_has_padding(tokenizer),
    )
    try:
        return _tried(encoder)
    except torch.OutOfMemoryError:
        raise
    except (UserError, *_OF_UNFIT_MODELS) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"text encoder '{params.name}' in {folder}: cannot encode a text: {reason}") from None


# raised by models that need other inputs than a text, or that have another model's tokeniser
_OF_UNFIT_MODELS = (
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
_SHORT, _LONG = "a day", "a happy day with a very good dog, and then a night"


def _text_part(model: Any) -> Any:
    """The encoding part of a model with two parts: T5's encoder, CLIP's text tower."""
    if hasattr(model, "encoder") and hasattr(model, "decoder"):
        return model.encoder
    return getattr(model, "text_model", model)


def _missing(model: Any, part: Any, missing: Iterable[str]) -> list[str]:
    """Keys of `part` among those that the file lacks."""
    used = {id(tensor) for tensor in part.state_dict(keep_vars=True).values()}
    own = {name for name, tensor in model.state_dict(keep_vars=True).items() if id(tensor) in used}
    return sorted(own & set(missing))


def _refuse_missing(params: TextEncoderParams, folder: Path, missing: list[str]) -> None:
    # a pooler without weights would be random; nobody reads it unless pooling says so
    missing = [key for key in missing if params.pooling == "pooler" or "pooler" not in key.split(".")]
    if missing:
        raise UserError(
            f"text encoder '{params.name}' in {folder}: the weights lack {', '.join(missing[:3])}; "
            "is it the right model?"
        )


def _has_padding(tokenizer: Any) -> bool:
    """True if a batch can be padded; any token will do, as the model does not see it."""
    for name in ("pad_token", "eos_token", "unk_token", "bos_token"):
        if (token := getattr(tokenizer, name)) is not None:
            tokenizer.pad_token = token
            return True
    return False


def _tried(encoder: HfEncoder) -> HfEncoder:
    """The encoder with the length of its vectors; without padding if padding would change a vector."""
    alone = [tokens for _, tokens in encoder._batches([_SHORT])]
    if not alone:
        raise UserError(f"its tokeniser finds no token in '{_SHORT}'")
    vector = encoder.encode_tokens(alone[0])[0]
    known = replace(encoder, dim=len(vector))
    return known if known.pads and _ignores_padding(known, vector) else replace(known, pads=False)


def _ignores_padding(encoder: HfEncoder, alone: NDArray[np.float32]) -> bool:
    try:
        together = encoder.encode_texts([_SHORT, _LONG])[0]
    except _OF_UNFIT_MODELS:  # a padding token for which the model has no vector
        return False
    scale = max(1.0, float(np.abs(alone).max()))
    rounding = 1e-5 if encoder.model.dtype == torch.float32 else 0.1
    return bool(np.abs(together - alone).max() <= rounding * scale)


def _tokenizer(folder: Path) -> Any:
    """The folder's tokeniser; without its files transformers would use an empty vocabulary."""
    if not any(all((folder / name).is_file() for name in names) for names in _TOKENISERS):
        raise UserError(
            f"{folder}: no tokeniser; it needs tokenizer.json, or the vocabulary files of the model"
        )
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (AttributeError, TypeError) as error:  # raised when a second file is missing
        raise UserError(f"{folder}: the tokeniser's files are incomplete ({error})") from None


@contextmanager
def _without_bar() -> Iterator[None]:
    """Without transformers' progress bar, for weights that load in a second."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _positions(model: Any, part: Any) -> int:
    """Longest input in tokens. RoBERTa's positions begin after its padding index, so two fewer fit."""
    positions = getattr(part.config, "max_position_embeddings", None) or 0
    if positions <= 2:  # relative positions: XLNet says -1
        return 512
    return int(positions) if part.config is not model.config else int(positions) - 2


def _weights_in(folder: Path) -> Path:
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder}: neither model.safetensors nor pytorch_model.bin; {_HINT}")
