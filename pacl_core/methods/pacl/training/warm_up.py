"""The projectors alone are trained first: random ones would send random gradients into the backbone."""

import logging
from itertools import count

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import nn

from pacl_core.errors import UserError
from pacl_core.files.tables import scan_table
from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.objective import Labels, partition_loss
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.methods.pacl.training.batches import EpochBatches
from pacl_core.methods.pacl.training.projectors import embed
from pacl_core.models.frozen import on_device
from pacl_core.training.method import RowIds

log = logging.getLogger("pacl")

_REPRO = "run 'dvc repro' to rebuild what is stale"


def warm_up(
    projectors: nn.ModuleDict,
    samples: Samples,
    strong: RowIds,
    *,
    images: Vectors,
    params: TrainParams,
    device: str,
) -> None:
    """Train both projectors by L1 for `projector_warmup_steps` on stored features of `strong`, rows of pairs.

    Constant learning rate. Raises `UserError` where the stored features are of other pairs or width.
    """
    if len(strong) == 0:
        log.info("no strong pairs: the projectors are not warmed up")
        return
    place_of = np.zeros(len(samples.sample_ids), np.int64)
    width = projectors.get_parameter("image.weight").shape[1]
    place_of[strong] = _places(samples, strong, images, width=width)
    optimiser = torch.optim.AdamW(
        projectors.parameters(), lr=params.projector_lr, weight_decay=params.weight_decay, fused=True
    )
    unread = torch.zeros(params.batch_size, dtype=torch.int64, device=device)  # L1 looks at no label
    step, loss = 0, torch.zeros(())
    for epoch in count():
        for batch in EpochBatches({"strong": strong}, ("strong",), params.batch_size, (params.seed, epoch)):
            rows = batch.parts["strong"]
            stored = np.asarray(images.vectors[place_of[rows]], np.float32)
            image_VD = on_device(stored, device)
            text_TD = on_device(np.array(samples.texts[rows]), device)
            z_v, z_t = embed(projectors, image_VD, text_TD)
            labels = Labels(unread[: len(rows)], unread[: len(rows)])
            loss = partition_loss(z_v @ z_t.T, "strong", labels, temperature=params.temperature)
            if not torch.isfinite(loss):
                ids = ", ".join(samples.sample_ids[row] for row in rows)
                raise UserError(f"projector warm-up: loss is {loss.item()} at step {step}; samples: {ids}")
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            step += 1
            if step == params.projector_warmup_steps:
                log.info("projectors warmed up: %d steps, last loss %.3f", step, loss.item())
                return


def _places(samples: Samples, strong: RowIds, images: Vectors, *, width: int) -> NDArray[np.int64]:
    """Rows of the stored features that belong to the strong pairs, in their order."""
    if images.vectors.shape[1] != width:
        raise UserError(
            f"{images.ids.parent}: features of {images.vectors.shape[1]}, the backbone has {width}; {_REPRO}"
        )
    wanted = pl.LazyFrame({"sample_id": [samples.sample_ids[row] for row in strong]})
    stored = scan_table(images.ids).select("sample_id").with_row_index("place")
    joined = wanted.join(stored, on="sample_id", how="left", maintain_order="left").collect()
    missing = joined.filter(pl.col("place").is_null())["sample_id"]
    if len(missing):
        raise UserError(
            f"{images.ids.parent}: no features of {len(missing)} strong pairs ({missing[0]}, ..); {_REPRO}"
        )
    return joined["place"].to_numpy().astype(np.int64)
