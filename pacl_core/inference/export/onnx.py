"""A saved model as one ONNX file, checked against the network it came from."""

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.publish import published_file
from pacl_core.models.backbones import Backbone
from pacl_core.models.saved import CARD, PROJECTORS, load_model, load_projectors

TOLERANCE = 1e-4
_INSTALL = "pip install 'pacl[export]'"


@dataclass(frozen=True)
class OnnxExport:
    """`difference`: the largest between the outputs of both, relative to the largest value of the output."""

    outputs: tuple[str, ...]
    images: int
    difference: float


class _WithNormalising(nn.Module):
    """Takes uint8 pixels, so that users need not normalise them; gives features and joint vectors."""

    mean: Tensor
    std: Tensor
    projector: Tensor | None

    def __init__(self, backbone: Backbone, projector: Tensor | None) -> None:
        super().__init__()
        self.network = backbone.module
        self.register_buffer("mean", torch.tensor(backbone.preprocess.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(backbone.preprocess.std).view(3, 1, 1))
        self.register_buffer("projector", projector)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        features = self.network((pixels.float() / 255 - self.mean) / self.std)
        if self.projector is None:
            return (features,)
        return features, normalize(features @ self.projector.T, dim=1)


def export_onnx(folder: Path, out: Path, pixels: NDArray[np.uint8]) -> OnnxExport:
    """Write `folder`'s model to `out`: `pixels` uint8 [B, 3, H, W] -> `features` [B, dim], and `joint` [B, E]
    where it has projectors. B is free. The metadata entry `pacl` holds the preprocessing as JSON.

    `pixels` [N, 3, H, W] are the images of the check. Raises `UserError` where a package is missing, the
    network cannot be exported, or onnxruntime's outputs differ by more than 1e-4; nothing is then written.
    """
    _require()
    backbone = load_model(folder)
    projector = None
    if (folder / PROJECTORS).is_file():
        projector = load_projectors(folder, read_json(folder / CARD))["image.weight"]
    network = _WithNormalising(backbone, projector).eval()
    names = ("features",) if projector is None else ("features", "joint")
    with published_file(out) as draft:
        _write(network, draft, names, backbone=backbone)
        expected = [_numpy(one) for one in _run(network, pixels)]
        found = _onnxruntime(draft, pixels)
        difference = max(_difference(one, other) for one, other in zip(expected, found, strict=True))
        if not difference <= TOLERANCE:
            raise UserError(f"{out}: not written, onnxruntime's outputs differ by {difference:.1e}")
    return OnnxExport(names, len(pixels), difference)


def _require() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"export to ONNX needs {error.name}; {_INSTALL}") from None
    del onnx, onnxruntime


def _write(network: nn.Module, out: Path, names: tuple[str, ...], *, backbone: Backbone) -> None:
    import onnx

    size = backbone.preprocess.size
    example = torch.zeros(2, 3, size, size, dtype=torch.uint8)
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (example,),
                input_names=["pixels"],
                output_names=list(names),
                dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
                dynamo=True,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{backbone.params.name} cannot be exported to ONNX: {reason}") from None
    assert program is not None
    model = program.model_proto
    described = {"name": backbone.params.name, "preprocess": backbone.preprocess.to_json()}
    onnx.helper.set_model_props(model, {"pacl": json.dumps(described)})
    onnx.save(model, out)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter, which prints its progress."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _run(network: nn.Module, pixels: NDArray[np.uint8]) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        outputs: tuple[Tensor, ...] = network(torch.from_numpy(pixels))
    return outputs


def _onnxruntime(path: Path, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs: list[NDArray[np.float32]] = session.run(None, {"pixels": pixels})
    return outputs


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().numpy()
    return array


def _difference(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    largest = max(float(np.abs(expected).max()), 1e-12)
    return float(np.abs(expected - found).max()) / largest
