import numpy as np

from pacl_core.methods.feng.pretext.words import (
    EOS,
    PAD,
    SOS,
    UNK,
    Vocabulary,
    make_vocabulary,
    padded,
    token_bias,
    words,
)
from tests.methods.feng.published_values import published


def test_words_are_lower_case_with_numbers_and_marks() -> None:
    assert words("It ISN'T 2 o'clock, at all!") == ["it", "isn't", "2", "o'clock", ",", "at", "all", "!"]
    assert words("") == [] and words("...") == [".", ".", "."]


def test_letters_that_are_not_english_are_no_words() -> None:
    assert words("日本語 naïve") == ["na", "ve"]


def test_the_vocabulary_has_words_of_captions_that_are_kept() -> None:
    captions = ["a red bird sings here"] * 3 + ["a red dog"] * 5 + ["a blue bird sings here now"]
    found = make_vocabulary(captions, min_words=5, min_count=3)
    assert found.words == ("<pad>", "<sos>", "<eos>", "<unk>", "a", "bird", "here", "red", "sings")
    assert (
        found.kept(captions[0])
        and not found.kept(captions[-1])
        and not found.kept("a red dog")
        and not found.kept("a " * 10_000)
    )


def test_a_caption_is_its_tokens_and_back() -> None:
    vocabulary = Vocabulary(("<pad>", "<sos>", "<eos>", "<unk>", "a", "bird"), 1, 9)
    assert vocabulary.tokens("A bird flies") == [SOS, 4, 5, UNK, EOS]
    assert vocabulary.text([4, 5, UNK, EOS, 4]) == "a bird"
    assert vocabulary.tokens("ein Vogel") == [SOS, UNK, UNK, EOS]
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary


def test_the_longest_is_the_95th_percentile() -> None:
    captions = [" ".join(["word"] * count) for count in range(1, 101)]
    assert make_vocabulary(captions, min_words=5, min_count=5).longest == 95
    assert make_vocabulary([], min_words=5, min_count=5).words[4:] == ()


def test_shorter_captions_are_padded() -> None:
    assert padded([[SOS, 4, EOS], [SOS, EOS]]).tolist() == [[SOS, 4, EOS], [SOS, EOS, PAD]]
    assert padded([]).shape == (0, 0)


def test_the_bias_of_words_is_that_of_the_fixture() -> None:
    said = published("caption")["token_bias"]
    found = token_bias(said["captions"], len(said["value"]))
    np.testing.assert_allclose(found, said["value"], rtol=1e-6, atol=1e-9)
