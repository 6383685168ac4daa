"""Any transformers encoder, from a local folder or a pinned hub revision."""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from pacl_core.errors import UserError
from pacl_core.models.precision import dtype_of
from pacl_core.models.weights import check_sha256, more_than_tensors, weights_folder
from pacl_core.params.models import TextEncoderParams

Pooling = Literal["first", "mean", "pooler"]

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
    """Tokens of the last layer, pooled. Padding is dynamic: to the longest text of a batch."""

    model: Any
    tokenizer: Any
    pooling: Pooling
    max_length: int
    dim: int
    pads: bool = True

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` float32; texts beyond `max_length` tokens are cut."""
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_length, return_tensors="pt"
        ).to(self.model.device)
        output = self.model(**tokens)
        if self.pooling == "pooler":
            vectors: Tensor = output.pooler_output
        else:
            # summed in float32: a mean over tokens in bfloat16 would lose more than the model does
            vectors = pool(output.last_hidden_state.float(), tokens["attention_mask"], self.pooling)
        array: NDArray[np.float32] = vectors.float().cpu().numpy()
        return array


def pool(hidden: Tensor, mask: Tensor, pooling: Literal["first", "mean"]) -> Tensor:
    """`[N, T, D]` states and `[N, T]` mask (1 token, 0 padding) -> `[N, D]`; the mean is over tokens only."""
    if pooling == "first":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def load(params: TextEncoderParams, device: str) -> HfEncoder:
    """Load from the folder or hub revision that `params.weights` names."""
    return load_folder(weights_folder(params.weights, _FILES, _HINT), params, device)


def load_folder(folder: Path, params: TextEncoderParams, device: str) -> HfEncoder:
    """Load model and tokenizer of one folder. Raises `UserError` where weights or files are missing."""
    if params.sha256 is not None:
        check_sha256(_weights_in(folder), params.sha256)
    try:
        with _without_bar():
            # whatever the file holds: half precision is slow on a CPU
            model, report = AutoModel.from_pretrained(
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
    # a pooler without weights would be random; nobody reads it unless pooling says so
    missing = [key for key in report["missing_keys"] if params.pooling == "pooler" or not _of_pooler(key)]
    if missing:
        names = ", ".join(sorted(missing)[:3])
        raise UserError(
            f"text encoder '{params.name}' in {folder}: the weights lack {names}; is it the right model?"
        )
    if params.pooling == "pooler" and getattr(model, "pooler", None) is None:
        raise UserError(f"text encoder '{params.name}': it has no pooler; choose pooling 'first' or 'mean'")
    return HfEncoder(
        model=model.eval().requires_grad_(False).to(device),
        tokenizer=tokenizer,
        pooling=params.pooling,
        max_length=min(params.max_length, _positions(model)),
        dim=model.config.hidden_size,
    )


def _tokenizer(folder: Path) -> Any:
    """The folder's tokeniser; without its files transformers would use an empty vocabulary."""
    if not any(all((folder / name).is_file() for name in names) for names in _TOKENISERS):
        raise UserError(
            f"{folder}: no tokeniser; it needs tokenizer.json, or the vocabulary files of the model"
        )
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (AttributeError, TypeError) as error:  # what a missing second file ends in
        raise UserError(f"{folder}: the tokeniser's files are incomplete ({error})") from None


@contextmanager
def _without_bar() -> Iterator[None]:
    """transformers draws a progress bar for weights that load in a second."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _of_pooler(key: str) -> bool:
    return "pooler" in key.split(".")


def _positions(model: Any) -> int:
    """Longest input in tokens. RoBERTa's positions begin after its padding index, so two fewer fit."""
    positions = getattr(model.config, "max_position_embeddings", None)
    return int(positions) - 2 if positions else 512


def _weights_in(folder: Path) -> Path:
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder}: neither model.safetensors nor pytorch_model.bin; {_HINT}")
