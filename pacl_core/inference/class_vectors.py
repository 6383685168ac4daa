"""Vectors of class names, kept from one use to the next: a text encoder takes longer to load than an image to
predict.

An exported model has those of the default classes in its folder; others are kept in the user's cache, the
folder PACL_CACHE, else ~/.cache/pacl, which may be deleted at any time.
"""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from pacl_core.evaluation.protocols.zero_shot import ensemble, prompt_vectors
from pacl_core.files.hashing import value_sha256
from pacl_core.files.json_csv import read_json
from pacl_core.files.publish import published_file
from pacl_core.models.joint_space import JointSpace, text_encoder_params
from pacl_core.models.local_files import local_files
from pacl_core.models.saved import CARD, PROJECTORS, check_saved
from pacl_core.models.weights import libraries
from pacl_core.runtime.scratch import code_sha256

log = logging.getLogger("pacl")

STORED = "class_vectors.safetensors"
Vectors = NDArray[np.float32]


def class_vectors(
    folder: Path, space: JointSpace, *, labels: Sequence[str], prompts: Sequence[str], device: str
) -> Vectors:
    """Unit vectors [C, E]: of several prompts the mean, of unit length again.

    Those of the model's folder, else those kept, else worked out and kept.
    """
    card = read_json(folder / CARD)
    if STORED in card.get("files", {}):
        check_saved(folder, card, STORED)
        if (found := _read(folder / STORED, labels, prompts)) is not None:
            return ensemble(found)
    if PROJECTORS not in card.get("files", {}):  # a CLIP has its texts in the same file as its images
        return ensemble(vectors_by_prompt(space, labels, prompts))
    kept = _cache() / f"{value_sha256([_decides(folder, card), labels, prompts, device])[:32]}.safetensors"
    if (found := _read(kept, labels, prompts)) is not None:
        return ensemble(found)
    made = vectors_by_prompt(space, labels, prompts)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with published_file(kept) as draft:
            write_class_vectors(draft, made, labels=labels, prompts=prompts)
    except OSError as error:
        log.debug("%s: not kept, %s", kept, error)
    return ensemble(made)


def write_class_vectors(
    file: Path, vectors: Sequence[Vectors], *, labels: Sequence[str], prompts: Sequence[str]
) -> None:
    """Write the vectors [C, E] of each prompt, with the names of both."""
    said = {"labels": json.dumps(list(labels)), "prompts": json.dumps(list(prompts))}
    save_file({"vectors": np.stack(vectors)}, file, said)


def vectors_by_prompt(space: JointSpace, labels: Sequence[str], prompts: Sequence[str]) -> list[Vectors]:
    """Unit vectors [C, E] of the class names, of each prompt."""
    return [prompt_vectors(space, prompt, labels) for prompt in prompts]


def _read(file: Path, labels: Sequence[str], prompts: Sequence[str]) -> list[Vectors] | None:
    """The vectors [C, E] of each prompt; None where the file lacks one, or is not there."""
    if not file.is_file():
        return None
    with safe_open(file, framework="np") as opened:
        known = {name: json.loads(text) for name, text in (opened.metadata() or {}).items()}
        if not (set(labels) <= set(known["labels"]) and set(prompts) <= set(known["prompts"])):
            return None
        vectors = opened.get_tensor("vectors")
    columns = [known["labels"].index(label) for label in labels]
    return [vectors[known["prompts"].index(prompt)][columns] for prompt in prompts]


def _decides(folder: Path, card: dict[str, Any]) -> dict[str, Any]:
    """What a text's vector depends on, as JSON. Local weights count by name, size and time: reading them
    would take as long as loading them."""
    encoder = text_encoder_params(folder, card)
    files = [(str(one), one.stat().st_size, one.stat().st_mtime_ns) for one in local_files(encoder.weights)]
    return {
        "encoder": encoder.model_dump(),
        "files": files,
        "projectors": card["files"][PROJECTORS],
        "libraries": libraries(),
        "code": code_sha256("models/text_encoders", "models/joint_space.py"),
    }


def _cache() -> Path:
    if chosen := os.environ.get("PACL_CACHE"):
        return Path(chosen) / "class_vectors"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pacl/class_vectors"
