"""Tiny random models in the formats in which the real ones are published.

Each function fills `folder` and returns the params that load it, as one would write them in params.yaml.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import open_clip
import timm
import torch
from safetensors.torch import save_file
from transformers import RobertaConfig, RobertaForSequenceClassification, RobertaModel

from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.video_text import make_video_text, save_video_text
from pacl_core.params.models import BackboneParams
from pacl_core.params.video_text import SubjectParams, TemporalParams

CLIP_CONFIG: dict[str, Any] = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}
CLIP_PREPROCESS = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


CLIP_TOWERS: dict[str, dict[str, Any]] = {
    "vit": CLIP_CONFIG["vision_cfg"],
    "timm": {
        "image_size": 32,
        "timm_model_name": "test_resnet",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
    },
    "resnet": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16, "patch_size": None},
}


def write_tiny_open_clip(folder: Path, tower: str = "vit") -> dict[str, Any]:
    """A CLIP model as open_clip's hub repositories hold it: weights and open_clip_config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_cfg": {**CLIP_CONFIG, "vision_cfg": CLIP_TOWERS[tower]},
        "preprocess_cfg": CLIP_PREPROCESS,
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return {"kind": "open_clip", "name": "tiny-clip", "weights": str(folder)}


def write_tiny_clip_model(folder: Path, subject: str = "sap", frames: int = 4) -> Path:
    """A saved model of clips, as training leaves it, with weights drawn at random."""
    origin = BackboneParams(**write_tiny_open_clip(folder.with_name(f"{folder.name}-clip")))
    clip = load_clip(origin.name, origin.weights, None)
    head = TemporalParams(layers=1, heads=2, width=32)
    model = make_video_text(clip, SubjectParams(kind=subject), head, frames=frames)
    folder.mkdir(parents=True)
    save_video_text(folder, model, None, origin=origin)
    return folder


def write_tiny_roberta(folder: Path) -> dict[str, Any]:
    """A RoBERTa encoder as transformers holds it: config, safetensors, vocab.json and merges.txt."""
    alphabet = sorted(_byte_characters())
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, "<mask>"]
    _write_roberta(folder, vocabulary=len(tokens), positions=66)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    _write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "RobertaTokenizer", "model_max_length": 64}
    )
    return {"kind": "hf", "name": "tiny-roberta", "weights": str(folder), "pooling": "mean", "max_length": 32}


def write_tiny_classifier(
    folder: Path, classes: Sequence[str] = ("anger", "joy", "neutral")
) -> dict[str, Any]:
    """A RoBERTa sequence classifier as transformers holds it, with the names of its classes."""
    params = write_tiny_roberta(folder)
    config = RobertaConfig.from_pretrained(folder)
    config.id2label = dict(enumerate(classes))
    config.label2id = {name: number for number, name in enumerate(classes)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = RobertaForSequenceClassification(config)
        torch.nn.init.normal_(model.classifier.out_proj.weight, std=1.0)
    model.save_pretrained(folder)
    return {
        "kind": "hf_classifier",
        "name": "tiny-classifier",
        "weights": params["weights"],
        "max_length": 32,
    }


def write_tiny_bertweet(folder: Path) -> dict[str, Any]:
    """A BERTweet encoder as its authors hold it: config, safetensors, vocab.txt (token, count), bpe.codes."""
    pieces = [f"{letter}{end}" for letter in "abcdefghijklmnopqrstuvwxyz" for end in ("", "@@")]
    words = ["happy", "@USER", "HTTPURL", ":crying_face:", "!", ",", "."]
    _write_roberta(folder, vocabulary=len(pieces) + len(words) + 5, positions=66)
    lines = [f"{token} {100 - number}" for number, token in enumerate([*words, *pieces])]
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    merges = ["h a 9", "ha p 8", "p y</w> 7", "hap py</w> 6"]
    (folder / "bpe.codes").write_text("\n".join(merges) + "\n", encoding="utf-8")
    _write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "BertweetTokenizer", "model_max_length": 64}
    )
    return {
        "kind": "hf",
        "name": "tiny-bertweet",
        "weights": str(folder),
        "pooling": "mean",
        "normalise": "tweet",
        "max_length": 32,
    }


def write_tiny_timm(folder: Path, name: str) -> dict[str, Any]:
    """Any timm model as its hub repositories hold it: model.safetensors with the classifier."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = timm.create_model(name)
    save_file(model.state_dict(), folder / "model.safetensors")
    return {"kind": "timm", "name": name, "weights": str(folder)}


def write_tiny_timm_resnet(folder: Path) -> dict[str, Any]:
    """A ResNet of half a million weights, at 64 pixels."""
    return {**write_tiny_timm(folder, "test_resnet.r160_in1k"), "image_size": 64}


def _write_roberta(folder: Path, vocabulary: int, positions: int) -> None:
    config = RobertaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        RobertaModel(config).save_pretrained(folder)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _byte_characters() -> list[str]:
    """The 256 characters by which byte-level BPE writes bytes: printable ones as they are."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(others))]
