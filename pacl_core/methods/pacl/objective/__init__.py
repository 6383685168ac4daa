"""The objective of paper 3.3 as pure functions of tensors: labels -> masks -> one masked loss."""

from pacl_core.methods.pacl.objective.anchors import sample_losses
from pacl_core.methods.pacl.objective.chunked_loss import (
    chunked_best_matches,
    chunked_partition_loss,
    chunked_sample_losses,
)
from pacl_core.methods.pacl.objective.diagnostics import batch_diagnostics
from pacl_core.methods.pacl.objective.filters import (
    BestMatches,
    Labels,
    best_image,
    best_matches,
    best_text,
    emotional_filter,
    factual_filter,
)
from pacl_core.methods.pacl.objective.partition_loss import (
    Masks,
    local_partition_loss,
    mixed_loss,
    mixed_terms,
    partition_loss,
    partition_masks,
    partition_means,
)
from pacl_core.methods.pacl.objective.schedule import active_partitions, scheduled_partitions
from pacl_core.training.contrastive import LocalRows, masked_loss

__all__ = [
    "BestMatches",
    "Labels",
    "LocalRows",
    "Masks",
    "active_partitions",
    "batch_diagnostics",
    "best_image",
    "best_matches",
    "best_text",
    "chunked_best_matches",
    "chunked_partition_loss",
    "chunked_sample_losses",
    "emotional_filter",
    "factual_filter",
    "local_partition_loss",
    "masked_loss",
    "mixed_loss",
    "mixed_terms",
    "partition_loss",
    "partition_masks",
    "partition_means",
    "sample_losses",
    "scheduled_partitions",
]
