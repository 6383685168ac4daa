"""From the features of a clip's frames to one vector (EmotionCLIP, paper 3.2)."""

from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.params.video_text import TemporalParams


class TemporalHead(nn.Module):
    """`[B, T, D]` features of frames in order, not normalised -> `[B, D]`.

    `transformer`: mean over frames of Encoder(x + position) + x, the encoder being post-norm layers and a
    norm; weights have the names of the published code. `mean`: that of the frames, without weights.
    """

    def __init__(self, dim: int, params: TemporalParams, *, frames: int = 8) -> None:
        super().__init__()
        self.kind, self.frames = params.kind, frames
        if params.kind == "mean":
            return
        if dim % params.heads:
            raise UserError(
                f"temporal.heads: {params.heads} does not divide the {dim} numbers of a frame; give a divisor"
            )
        layer = nn.TransformerEncoderLayer(
            dim,
            params.heads,
            dim_feedforward=params.width,
            dropout=params.dropout,
            activation="gelu",
            batch_first=True,
        )
        # nested tensors are for padding, which there is none of, and fail under autocast
        self.fusion_layer = nn.TransformerEncoder(
            layer, params.layers, norm=nn.LayerNorm(dim), enable_nested_tensor=False
        )
        for weights in self.fusion_layer.parameters():  # else all layers start as copies of one
            if weights.dim() > 1:
                nn.init.xavier_uniform_(weights)
        self.frame_position_embedding = nn.Embedding(frames, dim)

    def forward(self, frames: Tensor) -> Tensor:
        """Raises ValueError for more frames than positions; fewer take the first positions."""
        if self.kind == "mean":
            return frames.mean(dim=1)
        count = frames.shape[1]
        if count > self.frames:
            raise ValueError(f"{count} frames for a temporal head of {self.frames} positions")
        positions = self.frame_position_embedding.weight[:count]
        fused: Tensor = self.fusion_layer(frames + positions)
        return (fused + frames).mean(dim=1)
