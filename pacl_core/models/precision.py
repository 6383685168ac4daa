"""Precision of weights and activations, and what float32 means on a GPU.

bfloat16 takes half the memory, and is several times as fast on hardware that supports it. Weights and inputs
are cast; autocast would cast the weights again in every layer on a CPU.
"""

import torch

from pacl_core.params.models import Precision

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def dtype_of(precision: Precision) -> torch.dtype:
    """The torch type of weights and inputs."""
    return _DTYPES[precision]


def full_float32() -> None:
    """Make a GPU compute float32 in full precision, in this process: by default cuDNN's convolutions use
    TF32. TF32 keeps 10 bits of 23, so features would differ from a CPU's in the third digit. For its speed
    there is bfloat16, which is a parameter.
    """
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
