"""Captions: an LSTM that attends to the cells of a stage map (Show, Attend and Tell; ArtEmis' decoder)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from pacl_core.methods.feng.pretext.words import EOS, PAD, SOS, UNK

_NEVER_SAID = [PAD, SOS, UNK]


class Sizes(NamedTuple):
    """`channels`: of the map's cells. `vocabulary`: number of words, special ones among them."""

    vocabulary: int
    channels: int
    embedding: int = 128
    hidden: int = 512
    attention: int = 512
    dropout: float = 0.1


class Said(NamedTuple):
    """`logits` `[B, T, V]` of the words after each, `attention` `[B, T, cells]`; T = length - 1."""

    logits: Tensor
    attention: Tensor


class Attention(nn.Module):
    """Weights of a map's cells for the state of the LSTM."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.encoder_att = nn.Linear(sizes.channels, sizes.attention)
        self.decoder_att = nn.Linear(sizes.hidden, sizes.attention)
        self.full_att = nn.Linear(sizes.attention, 1)

    def forward(self, keys: Tensor, hidden: Tensor) -> Tensor:
        scores = self.full_att((keys + self.decoder_att(hidden)[:, None]).relu())
        weights: Tensor = scores.squeeze(2).softmax(dim=1)
        return weights


class Captions(nn.Module):
    """The names of its weights are those of ArtEmis' decoder, which Feng et al. train."""

    def __init__(self, sizes: Sizes, bias: Tensor | None = None) -> None:
        """`bias`: what the logits of words start from (`pretext.words.token_bias`)."""
        super().__init__()
        self.attention = Attention(sizes)
        self.word_embedding = nn.Embedding(sizes.vocabulary, sizes.embedding)
        self.decode_step = nn.LSTMCell(sizes.embedding + sizes.channels, sizes.hidden)
        self.init_h = nn.Linear(sizes.channels, sizes.hidden)
        self.init_c = nn.Linear(sizes.channels, sizes.hidden)
        self.f_beta = nn.Linear(sizes.hidden, sizes.channels)
        self.next_word = nn.Linear(sizes.hidden, sizes.vocabulary)
        self.dropout = nn.Dropout(sizes.dropout)
        nn.init.uniform_(self.word_embedding.weight, -0.1, 0.1)
        nn.init.uniform_(self.next_word.weight, -0.1, 0.1)
        with torch.no_grad():
            self.next_word.bias.copy_(torch.zeros(sizes.vocabulary) if bias is None else bias)

    def forward(self, map_: Tensor, tokens: Tensor) -> Said:
        """Map `[B, C, H, W]` and captions `[B, T + 1]` with the true word before each (teacher forcing)."""
        cells = map_.flatten(2).transpose(1, 2)
        keys = self.attention.encoder_att(cells)
        state = self.begin(cells)
        hidden, attention = [], []
        embedded = self.word_embedding(tokens[:, :-1])
        for word in embedded.unbind(1):
            state, weights = self.step(cells, keys, word=word, state=state)
            hidden.append(state[0])
            attention.append(weights)
        logits = self.next_word(self.dropout(torch.stack(hidden, dim=1)))
        return Said(logits, torch.stack(attention, dim=1))

    def begin(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden and cell state `[B, hidden]` before the first word, from the mean cell."""
        mean = cells.mean(dim=1)
        return self.init_h(mean), self.init_c(mean)

    def step(
        self, cells: Tensor, keys: Tensor, *, word: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """The state after an embedded word, and the weights of the cells that it was read with."""
        weights = self.attention(keys, state[0])
        context = (weights[:, :, None] * cells).sum(dim=1)
        gated = self.f_beta(state[0]).sigmoid() * context
        return self.decode_step(torch.cat([word, gated], dim=1), state), weights


class CaptionLoss(NamedTuple):
    """Sums of a part of a batch, with graph: of cross-entropy over words, of the squares of attention."""

    words: Tensor
    attention: Tensor


def caption_loss(said: Said, tokens: Tensor) -> CaptionLoss:
    """`words`: over what follows each token, not over padding. `attention`: over images, of the mean over
    cells of (steps / cells - what the cell was given in all)^2, so that none is forgotten."""
    following = tokens[:, 1:]
    real = following != PAD
    total = cross_entropy(said.logits.flatten(0, 1), following.flatten(), ignore_index=PAD, reduction="sum")
    given = (said.attention * real[:, :, None]).sum(dim=1)
    steps = real.sum(dim=1, keepdim=True)
    return CaptionLoss(total, (steps / given.shape[1] - given).square().mean(dim=1).sum())


@torch.no_grad()
def greedy(head: Captions, map_: Tensor, longest: int) -> list[list[int]]:
    """The likeliest word after each, up to `<eos>` or `longest` words, per image."""
    return [one[0] for one in _beams(head, map_, longest, width=1)]


@torch.no_grad()
def beam(head: Captions, map_: Tensor, longest: int, *, width: int = 5) -> list[list[int]]:
    """The caption of the highest probability among `width` that are followed, per image."""
    return [one[0] for one in _beams(head, map_, longest, width=width)]


def _beams(head: Captions, map_: Tensor, longest: int, *, width: int) -> list[list[list[int]]]:
    """Per image the captions that are left at the end, the likeliest first, without `<sos>`, `<eos>`."""
    cells = map_.flatten(2).transpose(1, 2)
    count, device = len(cells), cells.device
    hidden, memory = head.begin(cells)
    cells = cells.repeat_interleave(width, dim=0)
    keys = head.attention.encoder_att(cells)
    state = (hidden.repeat_interleave(width, dim=0), memory.repeat_interleave(width, dim=0))
    said = torch.full((count, width, 1), SOS, device=device)
    # all beams are the same at first: only one of them may be followed
    scores = torch.full((count, width), -torch.inf, dtype=cells.dtype, device=device)
    scores[:, 0] = 0
    for _ in range(longest):
        last = said[:, :, -1]
        ended = (last == EOS) | (last == PAD)
        if ended.all():
            break
        state, _ = head.step(cells, keys, word=head.word_embedding(last.flatten()), state=state)
        logits = head.next_word(state[0])
        logits[:, _NEVER_SAID] = -torch.inf
        following = log_softmax(logits, dim=1).view(count, width, -1)
        # a caption that has ended stays as it is
        stays = torch.full_like(following[0, 0], -torch.inf)
        stays[PAD] = 0
        following = torch.where(ended[:, :, None], stays, following)
        scores, chosen = (scores[:, :, None] + following).flatten(1).topk(width, dim=1)
        parents, word = chosen // following.shape[2], chosen % following.shape[2]
        said = torch.cat(
            [said.gather(1, parents[:, :, None].expand(-1, -1, said.shape[2])), word[:, :, None]], dim=2
        )
        rows = (parents + torch.arange(count, device=device)[:, None] * width).flatten()
        state = (state[0][rows], state[1][rows])
    return [[_words(one) for one in beams] for beams in said.tolist()]


def _words(tokens: list[int]) -> list[int]:
    return [token for token in tokens if token not in (PAD, SOS, EOS)]
