"""BLEU-4 against its formula, with several references and with captions of any kind."""

import math
import subprocess
import sys
from collections import Counter

import pytest

from pacl_core.methods.feng.pretext.bleu import bleu4, references_of
from pacl_core.methods.feng.pretext.words import words
from tests.paths import ROOT

SAID = ["The dog runs over the green field.", "a sad man sits alone in the rain", "two birds"]
REFERENCES = [
    ["A dog runs over a green field.", "the dog is running over the green field"],
    ["the man sits alone in the rain and cries"],
    ["two small birds sit in a tree", "birds", "two birds"],
]


def naive(said: list[str], references: list[list[str]]) -> float:
    """The formula of the paper: clipped counts over the set, the nearest reference's length."""
    matched, given = [0] * 4, [0] * 4
    length = nearest = 0
    for one, others in zip(said, references, strict=True):
        own, theirs = words(one), [words(other) for other in others]
        length += len(own)
        nearest += min((abs(len(other) - len(own)), len(other)) for other in theirs)[1]
        for n in range(1, 5):
            counts = Counter(tuple(own[at : at + n]) for at in range(len(own) - n + 1))
            most: Counter[tuple[str, ...]] = Counter()
            for other in theirs:
                most |= Counter(tuple(other[at : at + n]) for at in range(len(other) - n + 1))
            matched[n - 1] += sum((counts & most).values())
            given[n - 1] += sum(counts.values())
    precision = math.exp(sum(math.log(m / g) for m, g in zip(matched, given, strict=True)) / 4)
    return precision * min(1.0, math.exp(1 - nearest / length))


def test_it_is_the_formula() -> None:
    assert bleu4(SAID, REFERENCES) == pytest.approx(naive(SAID, REFERENCES), abs=1e-12)
    for taken in ([0, 1], [0, 2]):
        said, references = [SAID[at] for at in taken], [REFERENCES[at] for at in taken]
        assert bleu4(said, references) == pytest.approx(naive(said, references), abs=1e-12)


def test_the_bounds() -> None:
    assert bleu4(SAID, [[one] for one in SAID]) == 1
    assert bleu4(SAID, [["nothing of this kind at all"]] * 3) == 0


def test_captions_of_any_kind() -> None:
    assert bleu4([], []) is None
    assert bleu4(["a dog"], [[]]) is None
    assert bleu4(["a dog"], [["彼女は泣いている", ""]]) is None  # no word that the model could say
    assert bleu4([""], [["a dog runs over the field"]]) == 0
    assert bleu4(["a dog runs over the field", "x"], [["a dog runs over the field"], ["彼女"]]) == 1
    assert bleu4(["word " * 10_000], [["word " * 10_000]]) == 1


def test_a_picture_is_compared_with_all_that_was_said_of_it() -> None:
    first, references = references_of(["b", "a", "b", "c"], ["one", "two", "three", "four"])
    assert first == [0, 1, 3] and references == [["one", "three"], ["two"], ["four"]]


def test_nothing_is_downloaded_and_no_folder_made(tmp_path) -> None:
    code = "from pacl_core.methods.feng.pretext.bleu import bleu4; print(bleu4(['a b c d'], [['a b c d']]))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "1.0", done.stderr
    assert list(tmp_path.iterdir()) == []
