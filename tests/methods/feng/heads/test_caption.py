from itertools import product

import pytest
import torch

from pacl_core.methods.feng.heads.caption import (
    CaptionLoss,
    Captions,
    Said,
    Sizes,
    beam,
    caption_loss,
    greedy,
)
from pacl_core.methods.feng.pretext.words import EOS, PAD, SOS
from tests.methods.feng.published_values import closed_form_weights, published

SAID = published("caption")
TOKENS = torch.tensor(SAID["captions"])


def head() -> Captions:
    sizes = SAID["sizes"]
    given = {name: sizes[name] for name in ("vocabulary", "channels", "embedding", "hidden", "attention")}
    made = Captions(Sizes(**given)).double().eval()
    assert sorted(made.state_dict()) == SAID["state_names"]
    closed_form_weights(made, names=SAID["state_names"])
    return made


def grid() -> torch.Tensor:
    b, y, x, c = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in (3, 2, 2, 8)), indexing="ij")
    return (0.5 * b + 0.9 * y + 1.7 * x + 0.3 * c).sin().permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def said() -> Said:
    with torch.no_grad():
        return head()(grid(), TOKENS)


def test_logits_and_attention_as_published(said: Said) -> None:
    """The fixture has eight digits, and its images are the ones with the longest captions first."""
    logits = torch.tensor(SAID["logits_sorted"], dtype=torch.float64)
    sums = torch.tensor(SAID["attention_sums"], dtype=torch.float64)
    for place, (image, steps) in enumerate(
        zip(SAID["order_longest_first"], SAID["decode_lengths"], strict=True)
    ):
        torch.testing.assert_close(said.logits[image, :steps], logits[place, :steps], rtol=1e-7, atol=1e-9)
        given = said.attention[image, :steps].sum(dim=0)
        torch.testing.assert_close(given, sums[place], rtol=1e-7, atol=1e-9)


def parts(loss: CaptionLoss, tokens: torch.Tensor) -> tuple[float, float]:
    return loss.words.item() / int((tokens[:, 1:] != PAD).sum()), loss.attention.item() / len(tokens)


def test_the_loss_as_published(said: Said) -> None:
    entropy, attention = parts(caption_loss(said, TOKENS), TOKENS)
    assert entropy == pytest.approx(SAID["cross_entropy"], rel=1e-9)
    assert attention == pytest.approx(SAID["attention_regulariser"], rel=1e-9)
    assert entropy + attention == pytest.approx(SAID["loss_alpha_c_1"], rel=1e-9)


@torch.no_grad()
def test_padding_changes_nothing(said: Said) -> None:
    longer = torch.cat([TOKENS, torch.zeros(3, 4, dtype=torch.int64)], dim=1)
    assert parts(caption_loss(head()(grid(), longer), longer), longer) == pytest.approx(
        parts(caption_loss(said, TOKENS), TOKENS), rel=1e-12
    )


@torch.no_grad()
def log_probability(made: Captions, image: int, words: tuple[int, ...]) -> float:
    """Of a caption that ends, by the forward pass, among words that may be said."""
    tokens = torch.tensor([[SOS, *words, EOS]])
    logits = made(grid()[image : image + 1], tokens).logits[0]
    logits[:, [0, 1, 3]] = -torch.inf
    return float(logits.log_softmax(1).gather(1, tokens[0, 1:, None]).sum())


def test_greedy_says_the_likeliest_word_after_each() -> None:
    made = head()
    for image, caption in enumerate(greedy(made, grid(), 4)):
        with torch.no_grad():
            tokens = torch.tensor([[SOS, *caption, EOS]])
            logits = made(grid()[image : image + 1], tokens).logits[0]
        logits[:, [0, 1, 3]] = -torch.inf
        assert logits[: len(caption)].argmax(1).tolist() == caption
        assert len(caption) == 4 or logits[len(caption)].argmax() == EOS


def test_a_beam_as_wide_as_all_captions_finds_the_likeliest() -> None:
    made = head()
    with torch.no_grad():
        made.next_word.bias[EOS] += 1.5  # else the likeliest of two words is one that goes on
    sayable = [EOS, *range(4, 12)]
    for image, caption in enumerate(beam(made, grid(), 3, width=9**3)):
        every = {(), *((word,) for word in sayable[1:]), *product(sayable[1:], repeat=2)}
        best = max(every, key=lambda words: log_probability(made, image, words))
        assert caption == list(best)


def test_a_beam_of_one_is_greedy() -> None:
    made = head()
    assert beam(made, grid(), 5, width=1) == greedy(made, grid(), 5)


def test_logits_start_from_the_shares_of_words() -> None:
    bias = torch.arange(12.0)
    made = Captions(Sizes(12, 8), bias)
    assert torch.equal(made.next_word.bias, bias)
    assert made.word_embedding.weight.abs().max() <= 0.1 and made.next_word.weight.abs().max() <= 0.1
