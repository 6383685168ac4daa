"""Captions: the last stage map of the whole image to its words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import log_softmax

from pacl_core.methods.feng.heads.caption import Captions, beam, caption_loss
from pacl_core.methods.feng.pretext.words import PAD, Vocabulary, padded
from pacl_core.methods.feng.stored import PretextSet
from pacl_core.methods.feng.tasks import Arrays, Network, Seen, Sums
from pacl_core.methods.feng.views import Pixels, Place, squashed
from pacl_core.models.preprocess import Preprocess
from pacl_core.training.method import RowIds


@dataclass(frozen=True)
class Captioning:
    """Cross-entropy over words, and `alpha_c` times the attention term. `tokens`: of every row of `images`.

    `bias`: logarithms of words' shares in training, up to a constant: what a constant predictor says.
    """

    images: PretextSet
    rows: RowIds
    held: RowIds
    head: Captions
    preprocess: Preprocess
    side: int
    alpha_c: float
    vocabulary: Vocabulary
    bias: Tensor
    name: str = "caption"

    def view(self, image: Image.Image, place: Place) -> Pixels:
        """The whole image, never mirrored: words say left and right."""
        return squashed(image, self.side)

    def targets(self, rows: RowIds, seed: tuple[int, ...] | None) -> Arrays:
        return (padded(self._tokens(rows)),)

    def terms(self, rows: RowIds) -> int:
        """Words of the captions, `<eos>` among them."""
        return sum(len(one) - 1 for one in self._tokens(rows))

    def loss(self, network: Network, seen: Seen) -> Tensor:
        (tokens,) = seen.targets
        found = caption_loss(self.head(self._map(network, seen), tokens), tokens)
        return found.words / seen.terms + self.alpha_c * found.attention / seen.images

    def sums(self, network: Network, seen: Seen) -> Sums:
        (tokens,) = seen.targets
        found = caption_loss(self.head(self._map(network, seen), tokens), tokens)
        following = tokens[:, 1:][tokens[:, 1:] != PAD]
        unigram = log_softmax(self.bias.to(tokens.device), dim=0)[following]
        return {
            "words": torch.tensor(float(len(following)), device=tokens.device),
            "loss": found.words,
            "unigram": -unigram.sum(),
        }

    def held_out(self, sums: Sums) -> dict[str, float]:
        return {
            f"{self.name}/held_out": (sums["loss"] / sums["words"]).item(),
            f"{self.name}/constant": (sums["unigram"] / sums["words"]).item(),
        }

    def card(self) -> dict[str, object]:
        embedding, hidden = self.head.word_embedding.embedding_dim, self.head.decode_step.hidden_size
        sizes = {
            "embedding": embedding,
            "hidden": hidden,
            "attention": self.head.attention.full_att.in_features,
        }
        return {**sizes, "side": self.side, "vocabulary": self.vocabulary.to_json()}

    @torch.no_grad()
    def predicted(self, network: Network, seen: Seen, *, width: int = 5) -> Sequence[str]:
        """The caption that a beam finds for each image."""
        said = beam(self.head, self._map(network, seen), self.vocabulary.longest, width=width)
        return [self.vocabulary.text(one) for one in said]

    def _map(self, network: Network, seen: Seen) -> Tensor:
        inputs = self.preprocess.normalise(seen.pixels).contiguous(memory_format=torch.channels_last)
        return network.stages(inputs)[-1].float()

    def _tokens(self, rows: RowIds | NDArray[np.int64]) -> list[list[int]]:
        captions = self.images.captions_of()
        return [self.vocabulary.tokens(captions[row]) for row in rows.tolist()]
