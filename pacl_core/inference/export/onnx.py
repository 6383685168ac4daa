"""A saved model as one ONNX file, checked against the network it came from."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.files.json_csv import read_json
from pacl_core.files.publish import published_file
from pacl_core.models.backbones import Backbone
from pacl_core.models.precision import full_float32
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, PROJECTORS, knows_clips, load_model, load_projectors
from pacl_core.models.video_text import VideoText, load_video_text

Inputs = NDArray[np.uint8]

TOLERANCE = 1e-4
_EXTRA = "export"


@dataclass(frozen=True)
class OnnxExport:
    """`difference`: the largest between the outputs of both, relative to the largest value of the output."""

    outputs: tuple[str, ...]
    images: int
    difference: float


@dataclass(frozen=True)
class _Graph:
    """What is exported: a network, its inputs by name as the check gives them, the names of its outputs, and
    what the file says about itself."""

    network: nn.Module
    inputs: dict[str, Inputs]
    outputs: tuple[str, ...]
    described: dict[str, Any]


class _Normalising(nn.Module):
    """Takes uint8 pixels, so that users need not normalise them."""

    mean: Tensor
    std: Tensor

    def __init__(self, preprocess: Preprocess) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocess.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocess.std).view(3, 1, 1))

    def normalised(self, pixels: Tensor) -> Tensor:
        return (pixels.float() / 255 - self.mean) / self.std


class _OfImages(_Normalising):
    """`pixels` [B, 3, S, S] -> features [B, dim] and, with a projector, joint vectors."""

    projector: Tensor | None

    def __init__(self, backbone: Backbone, projector: Tensor | None) -> None:
        super().__init__(backbone.preprocess)
        self.network = backbone.module
        self.register_buffer("projector", projector)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        features = self.network(self.normalised(pixels))
        if self.projector is None:
            return (features,)
        return features, normalize(features @ self.projector.T, dim=1)


class _OfClips(_Normalising):
    """`frames` [B, T, 3, S, S] and `subject` [B, T, S, S], not 0 where the person is who is meant -> unit
    vectors [B, E] of clips, and [B, T, E] of each frame as an image of its own."""

    def __init__(self, model: VideoText) -> None:
        super().__init__(model.clip.preprocess)
        self.visual, self.subject, self.temporal = model.clip.network.visual, model.subject, model.temporal
        self.patch = model.patch

    def forward(self, frames: Tensor, subject: Tensor) -> tuple[Tensor, ...]:
        masks = (subject != 0).float().flatten(0, 1)[:, None]
        coverage = avg_pool2d(masks, self.patch).flatten(1)
        encoded = self.subject(self.visual, self.normalised(frames).flatten(0, 1), coverage)
        of_clips = encoded.unflatten(0, (-1, frames.shape[1]))
        return normalize(self.temporal(of_clips), dim=1), normalize(of_clips, dim=2)


def export_onnx(folder: Path, out: Path, pixels: Inputs, *, device: str = "cpu") -> OnnxExport:
    """Write `folder`'s model to `out`: `pixels` uint8 [B, 3, H, W] -> `features` [B, dim], and `joint` [B, E]
    where it has projectors; of a model of clips `frames` uint8 [B, T, 3, H, W] and `subject` uint8
    [B, T, H, W], a mask of who is meant -> `features` [B, E] and `frame_features` [B, T, E]. B is free. The
    metadata entry `pacl` holds the preprocessing as JSON. The text tower is not exported.

    `pixels` [N, 3, H, W] are the images of the check, in which the network runs on `device`. Raises
    `UserError` where a package is missing, the network cannot be exported, or onnxruntime's outputs differ by
    more than 1e-4; nothing is then written.
    """
    _require()
    graph = _graph_of_clips(folder, pixels) if knows_clips(folder) else _graph_of_images(folder, pixels)
    with published_file(out) as draft:
        _write(graph, draft)
        expected = [_numpy(one) for one in _run(graph, device)]
        found = _onnxruntime(draft, graph.inputs)
        difference = max(_difference(one, other) for one, other in zip(expected, found, strict=True))
        if not difference <= TOLERANCE:
            raise UserError(f"{out}: not written, onnxruntime's outputs differ by {difference:.1e}")
    return OnnxExport(graph.outputs, len(pixels), difference)


def _graph_of_images(folder: Path, pixels: Inputs) -> _Graph:
    backbone = load_model(folder)
    projector = None
    if (folder / PROJECTORS).is_file():
        projector = load_projectors(folder, read_json(folder / CARD))["image.weight"]
    described = {"name": backbone.params.name, "preprocess": backbone.preprocess.to_json()}
    names = ("features",) if projector is None else ("features", "joint")
    return _Graph(_OfImages(backbone, projector).eval(), {"pixels": pixels}, names, described)


def _graph_of_clips(folder: Path, pixels: Inputs) -> _Graph:
    """The check's clips take their frames from the images in turn; in every other one nobody is marked."""
    model = load_video_text(folder)
    if model.params[0].kind == "saam":  # its masks fix the number of clips
        raise UserError(
            f"{folder}: subject 'saam' cannot be exported to ONNX; 'pacl export hf' writes it whole"
        )
    frames, size = model.temporal.frames, model.clip.preprocess.size
    count = max(2, -(-len(pixels) // frames))
    places = np.arange(count * frames).reshape(count, frames) % len(pixels)
    subject = np.zeros((count, frames, size, size), np.uint8)
    for frame in range(frames):
        left = frame * size // (2 * frames)
        subject[::2, frame, size // 4 :, left : left + size // 2] = 1
    described = {
        "name": read_json(folder / CARD)["name"],
        "preprocess": model.clip.preprocess.to_json(),
        "frames": frames,
        "subject": model.params[0].kind,
    }
    inputs = {"frames": pixels[places], "subject": subject}
    return _Graph(_OfClips(model).eval(), inputs, ("features", "frame_features"), described)


def _require() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"export to ONNX needs {error.name}; {install(_EXTRA)}") from None
    del onnx, onnxruntime


def _write(graph: _Graph, out: Path) -> None:
    import onnx

    examples = tuple(
        torch.from_numpy(np.zeros_like(one, shape=(2, *one.shape[1:]))) for one in graph.inputs.values()
    )
    batch = torch.export.Dim("batch")
    try:
        with _quiet():
            program = torch.onnx.export(
                graph.network,
                examples,
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                dynamic_shapes={name: {0: batch} for name in graph.inputs},
                dynamo=True,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{graph.described['name']} cannot be exported to ONNX: {reason}") from None
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, {"pacl": json.dumps(graph.described)})
    onnx.save(model, out)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter, which prints its progress, and keeps attention in parts that it knows."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            # that two inputs have one free axis
            warnings.filterwarnings("ignore", message=".*The axis name: batch will not be used")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _run(graph: _Graph, device: str) -> tuple[Tensor, ...]:
    full_float32()
    with torch.inference_mode():
        network = graph.network.to(device)
        inputs = [torch.from_numpy(one).to(device) for one in graph.inputs.values()]
        outputs: tuple[Tensor, ...] = network(*inputs)
    return outputs


def _onnxruntime(path: Path, inputs: dict[str, Inputs]) -> list[NDArray[np.float32]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs: list[NDArray[np.float32]] = session.run(None, inputs)
    return outputs


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def _difference(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    largest = max(float(np.abs(expected).max()), 1e-12)
    return float(np.abs(expected - found).max()) / largest
