"""AdamW with a learning rate per part of the model (paper 4.2)."""

import torch
from torch import Tensor, nn

from pacl_core.params.training import TrainParams
from pacl_core.training.layers import layer_scales


def make_optimiser(model: nn.ModuleDict, params: TrainParams) -> torch.optim.AdamW:
    """Groups by part of the model, decay and layer; a group has `part` and `full_lr`.

    Norms and biases are not decayed. Whatever is not the backbone learns at the projectors' rate.
    """
    groups: dict[tuple[str, float, float], list[Tensor]] = {}
    for part, module in model.items():
        full_lr = params.backbone_lr if part == "backbone" else params.projector_lr
        scales: dict[str, float] = {}
        if part == "backbone" and params.layer_decay is not None:
            scales = layer_scales(module, params.layer_decay)
        trained = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        # norms' scales and biases are the parameters of one dimension
        for decay, chosen in (
            (params.weight_decay, [(name, p) for name, p in trained if p.ndim > 1]),
            (0.0, [(name, p) for name, p in trained if p.ndim <= 1]),
        ):
            for name, parameter in chosen:
                groups.setdefault((part, decay, full_lr * scales.get(name, 1.0)), []).append(parameter)
    # one kernel for the whole update; step by step it took half of a projector step on a CPU
    return torch.optim.AdamW(
        [
            {"params": chosen, "lr": lr, "weight_decay": decay, "part": part, "full_lr": lr}
            for (part, decay, lr), chosen in groups.items()
        ],
        fused=True,
    )
