"""Weights and activations in bfloat16: half the memory, several times as fast where hardware supports it.

Cast weights and inputs rather than autocast, which on a CPU casts the weights again in every layer.
"""

import torch

from pacl_core.params.models import Precision

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def dtype_of(precision: Precision) -> torch.dtype:
    """The torch type of weights and inputs."""
    return _DTYPES[precision]
