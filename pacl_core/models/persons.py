"""Detectors of persons: torchvision's, from a local file; boxes in the pixels of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pacl_core.errors import UserError, unknown
from pacl_core.models.precision import full_float32
from pacl_core.models.weights import load_state, weights_file
from pacl_core.params.clips import PersonsParams

MOST = 100  # boxes of a frame: as many as torchvision's detectors keep
_PERSON = 1  # of COCO, with 0 the background
_NAMES = (
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
    "fcos_resnet50_fpn",
    "retinanet_resnet50_fpn",
    "retinanet_resnet50_fpn_v2",
    "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large",
)


@dataclass(frozen=True)
class PersonDetector:
    """`score`: boxes below it are left out."""

    model: Any
    score: float
    device: str

    @torch.inference_mode()
    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """`[B, MOST, 5]` for B frames `[H, W, 3]` RGB: left, top, right, bottom, score, best first, then NaN.

        One frame at a time: torchvision pads a batch to its largest, so boxes would depend on the others.
        """
        found = np.full((len(frames), MOST, len("ltrbs")), np.nan, np.float32)
        for place, frame in enumerate(frames):
            pixels = torch.from_numpy(np.array(frame)).to(self.device).permute(2, 0, 1).float() / 255
            (result,) = self.model([pixels])
            rows = torch.cat([result["boxes"], result["scores"][:, None]], dim=1).float().cpu().numpy()
            persons = result["labels"].cpu().numpy() == _PERSON
            kept = rows[persons & (rows[:, -1] >= self.score)][:MOST]
            found[place, : len(kept)] = kept
        return found


def load_detector(params: PersonsParams, device: str) -> PersonDetector:
    """The detector that `params.name` names, with the weights of a local file or a pinned revision.

    Raises `UserError`: unknown name, no weights, weights of another detector.
    """
    from torchvision.models import detection

    if params.name not in _NAMES:
        raise unknown("detector", params.name, _NAMES)
    path = weights_file(
        params.weights,
        params.sha256,
        [f"{params.name}.safetensors", f"{params.name}.pth"],
        hint="give the state dict that torchvision publishes for it, as a local file",
    )
    model = getattr(detection, params.name)(weights=None, weights_backbone=None)
    try:
        model.load_state_dict(load_state(path))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: not the weights of {params.name} ({reason})") from None
    full_float32()
    return PersonDetector(model.eval().requires_grad_(False).to(device), params.score, device)
