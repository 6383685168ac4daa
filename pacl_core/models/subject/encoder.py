"""A frame and where its subject is -> a vector of the joint space, by any ViT of open_clip's own."""

from typing import Any

import torch
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import linear

from pacl_core.errors import UserError
from pacl_core.models.subject.emphasis import emphasis_weights, emphasised, subject_mask
from pacl_core.params.video_text import SubjectKind, SubjectParams

# sigmoid(-4) = 0.018: SAAM starts near the model that it takes over (the paper is silent)
_START = -4.0


class Subject(nn.Module):
    """How a ViT is told of the subject; it owns what that adds to the weights, and not the ViT.

    `sap` (paper 3.3.2): a last token that is the sum of the patches' position embeddings, each times the
    share of the patch that the subject covers; no weights. `saam` (3.3.1): a learnt last token, `token` [D],
    and a learnt `mixing` [L, L] in each of the first `layers` blocks (None: all), how far masked attention
    counts there. `none`: the plain ViT, as a control. With `sap` and `saam` the token stays where there is no
    subject. `soft` coverage counts the share of a patch, `binary` any part of it as the whole.
    """

    def __init__(self, visual: nn.Module, params: SubjectParams) -> None:
        super().__init__()
        blocks, layers = blocks_of(visual, params.kind), params.layers
        assert isinstance(visual, VisionTransformer)
        self.kind, self.coverage = params.kind, params.coverage
        self.patches = visual.grid_size[0] * visual.grid_size[1]
        if params.kind == "saam":
            if layers is not None and not 1 <= layers <= len(blocks):
                raise UserError(f"subject.layers: {layers} of a model of {len(blocks)} layers")
            if not isinstance(visual.patch_dropout, nn.Identity):
                raise UserError("subject.kind: saam cannot be used with a model that drops patches; use sap")
            width = visual.class_embedding.shape[0]
            self.token = nn.Parameter(width**-0.5 * torch.randn(width))
            tokens = self.patches + 2
            self.mixing = nn.ParameterList(
                nn.Parameter(torch.full((tokens, tokens), _START)) for _ in range(layers or len(blocks))
            )

    def forward(self, visual: Any, images: Tensor, coverage: Tensor) -> Tensor:
        """`images` [B, 3, H, W] normalised, `coverage` [B, P] in [0, 1], patches row by row -> [B, E]."""
        if self.kind == "none":
            return _projected(visual, visual._pool(visual.transformer(visual._embeds(images)))[0])
        tokens = self._tokens(visual, images, coverage)
        if self.kind == "sap":
            tokens = visual.transformer(tokens)
        else:
            mask = subject_mask(coverage > 0)
            for number, block in enumerate(blocks_of(visual, self.kind)):
                tokens = self._emphasised_block(number, block, tokens, mask=mask)
        # the last token is not one to pool; where the first one alone is read it may stay: taking it off
        # would copy the others, forward and backward
        if visual.attn_pool is not None or visual.pool_type != "tok":
            tokens = tokens[:, :-1]
        return _projected(visual, visual._pool(tokens)[0])

    @torch.no_grad()
    def attention(self, visual: Any, images: Tensor, coverage: Tensor) -> Tensor:
        """Attention of the subject token to all tokens, mean over heads: `[layers, B, L]`.

        Its patches, row by row, are places 1 to L - 2. Raises `UserError` where there is no subject token.
        """
        if self.kind == "none":
            raise UserError("subject.kind: none has no subject token, so no attention of it")
        found = []
        tokens, mask = self._tokens(visual, images, coverage), subject_mask(coverage > 0)
        for number, block in enumerate(blocks_of(visual, self.kind, look_inside=True)):
            query, key, _ = heads_of(block.attn, block.ln_1(tokens))
            if self.kind == "saam" and number < len(self.mixing):
                mixing = self.mixing[number].sigmoid()
                weights = emphasis_weights(query, key, mask=mask, mixing=mixing)[:, :, -1]
                tokens = self._emphasised_block(number, block, tokens, mask=mask)
            else:
                row = query[:, :, -1:] @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
                weights = row.softmax(dim=-1)[:, :, 0]
                tokens = block(tokens)
            found.append(weights.mean(dim=1))
        return torch.stack(found)

    def _tokens(self, visual: Any, images: Tensor, coverage: Tensor) -> Tensor:
        """[B, P + 2, D]: class, patches, subject; the last one has no position of its own."""
        embedded = visual._embeds(images)
        if self.kind == "saam":
            last = self.token.expand(len(images), -1)
        else:
            shares = (coverage > 0) if self.coverage == "binary" else coverage
            positions = visual.positional_embedding[1:]
            last = shares.to(positions.dtype) @ positions
        last = visual.ln_pre(last).to(embedded.dtype)
        return torch.cat([embedded, last[:, None]], dim=1)

    def _emphasised_block(self, number: int, block: Any, tokens: Tensor, *, mask: Tensor) -> Tensor:
        if number >= len(self.mixing):
            after: Tensor = block(tokens)
            return after
        query, key, value = heads_of(block.attn, block.ln_1(tokens))
        mixing = self.mixing[number].sigmoid()
        seen = emphasised(query, key, value, mask=mask, mixing=mixing)
        joined = block.attn.out_proj(seen.transpose(1, 2).flatten(2))
        tokens = tokens + block.ls_1(joined)
        return tokens + block.ls_2(block.mlp(block.ln_2(tokens)))  # type: ignore[no-any-return]


def mass_on_subject(attention: Tensor, coverage: Tensor) -> Tensor:
    """`[layers, B]`: the part of `attention` [layers, B, L] that goes to patches with any of the subject.

    What a token without an eye for it would have is the share of these patches.
    """
    return (attention[..., 1:-1] * (coverage > 0)).sum(dim=-1)


def blocks_of(visual: nn.Module, kind: SubjectKind, *, look_inside: bool = False) -> Any:
    """The transformer blocks of a ViT that can be told of a subject. Raises `UserError` for another model.

    `look_inside`: its attention is taken apart, as SAAM does too.
    """
    if not isinstance(visual, VisionTransformer):
        raise UserError(
            f"subject.kind: {kind} needs a ViT of open_clip's own as the visual tower, not "
            f"{type(visual).__name__}; use a ViT such as ViT-B-32"
        )
    blocks = visual.transformer.resblocks
    if (kind == "saam" or look_inside) and not isinstance(blocks[0], ResidualAttentionBlock):
        raise UserError(
            f"subject.kind: {kind} takes CLIP's own attention apart, and this model has another "
            f"({type(blocks[0]).__name__}); use sap without attention maps"
        )
    return blocks


def heads_of(attention: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value `[B, h, L, d]` of a layer's attention."""
    size, length, _ = tokens.shape
    joint = linear(tokens, attention.in_proj_weight, attention.in_proj_bias)
    query, key, value = joint.view(size, length, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
    return query, key, value


def _projected(visual: Any, pooled: Tensor) -> Tensor:
    return pooled if visual.proj is None else pooled @ visual.proj
