"""What a step asks of its device: on a GPU each such call waits until all that was started is done."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

ATEN = torch.ops.aten
# a value, a tensor whose shape depends on values, or one of Python's numbers, copied from pageable memory
WAITING = {
    ATEN._local_scalar_dense.default,
    ATEN.lift_fresh.default,
    ATEN._unique2.default,
    ATEN.bincount.default,
    ATEN.equal.default,
    ATEN.masked_select.default,
    ATEN.nonzero.default,
    ATEN.unique_consecutive.default,
    ATEN.unique_dim.default,
}


class Looks(TorchDispatchMode):
    """Notes each call within it that a GPU would have to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        by_mask = func is ATEN.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1])
        if func in WAITING or by_mask:
            self.seen.append(str(func))
        return func(*args, **(kwargs or {}))
