"""Fit the projection of `pacl_core/models/text_encoders/affect.py` on the human ratings of VADER's lexicon.

From the project's root, with `pip install --no-deps vaderSentiment==3.3.2` (MIT):

    python scripts/fit_affect_projection.py                # fits, writes, measures: a minute on one core
    python scripts/fit_affect_projection.py --out other.safetensors

Read are the lexicon's words and their mean ratings by ten people, nothing else. Texts that are measured at
the end (names of emoji against the sentiment of tweets that have them) are not fitted on.
"""

import argparse
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy.stats import pearsonr, spearmanr
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.files.hashing import file_sha256
from pacl_core.models.text_encoders import minilm
from pacl_core.models.text_encoders.affect import SHIPPED, read_projection, unit_rows
from pacl_core.params.models import TextEncoderParams

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
COMPONENTS = 16
FOLDS = 10
STEM = 5  # words that begin alike (abandon, abandoned) are never in two folds
SEED = 0
RATING = 4  # VADER's ratings are -4 to 4
MIN_USES = 20  # tweets with an emoji, for the measurement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    out = parser.parse_args().out
    words, ratings = read_lexicon()
    units = sentence_units(words)
    penalty = choose_penalty(words, units, ratings)
    ridge = Ridge(alpha=penalty).fit(units, ratings)
    pls = PLSRegression(COMPONENTS, scale=False).fit(units, ratings)
    tensors = {
        "mean": units.mean(axis=0),
        "valence": ridge.coef_,
        "bias": np.array([ridge.intercept_]),
        "spread": np.array([ridge.predict(units).std()]),
        "components": np.ascontiguousarray(pls.x_rotations_.T),
    }
    card = {
        "what": f"affect of a text from {minilm.NAME}'s vector",
        "words": len(words),
        "ridge_penalty": penalty,
        "licence": "Apache-2.0; ratings: VADER's lexicon, MIT",
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    floats = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
    out.write_bytes(save(floats, metadata={"card": json.dumps(card, sort_keys=True)}))
    print(f"{out}: {out.stat().st_size} bytes, sha256 {file_sha256(out)}")
    measure_emoji_names(out)


def read_lexicon() -> tuple[list[str], NDArray[np.float64]]:
    """Its words, without emoticons and abbreviations with digits, and mean ratings in [-1, 1]."""
    spec = find_spec("vaderSentiment")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps vaderSentiment==3.3.2")
    lines = Path(spec.origin).with_name("vader_lexicon.txt").read_text(encoding="utf-8").splitlines()
    rated: dict[str, float] = {}
    for line in filter(None, lines):
        word, mean = line.split("\t")[:2]
        letters = word.replace("-", "").replace("'", "")
        if len(word) > 1 and letters.isascii() and letters.isalpha():
            rated[word] = float(mean) / RATING
    words = sorted(rated)
    return words, np.array([rated[word] for word in words])


def sentence_units(texts: Sequence[str]) -> NDArray[np.float32]:
    """`[N, D]`: MiniLM's vectors at unit length."""
    encoder = minilm.load(TextEncoderParams(kind="minilm", name=minilm.NAME), "cpu")
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))  # little padding
    vectors = np.empty((len(texts), encoder.dim), np.float32)
    for start in range(0, len(order), 64):
        places = order[start : start + 64]
        vectors[places] = encoder.encode_texts([texts[place] for place in places])
    return unit_rows(vectors)


def choose_penalty(words: Sequence[str], units: NDArray[np.float32], ratings: NDArray[np.float64]) -> float:
    """The ridge penalty that predicts held-out words best; prints what was seen on the way."""
    groups = [word[:STEM] for word in words]
    by_stem = list(GroupKFold(FOLDS).split(units, ratings, groups))
    by_word = list(KFold(FOLDS, shuffle=True, random_state=SEED).split(units))
    print(f"{len(words)} words, {len(set(groups))} beginnings; Pearson r on held-out words, {FOLDS} folds")
    found: dict[float, float] = {}
    for penalty in PENALTIES:
        model = Ridge(alpha=penalty)
        stem, word = (
            pearsonr(cross_val_predict(model, units, ratings, cv=folds), ratings).statistic
            for folds in (by_stem, by_word)
        )
        print(f"    ridge {penalty:g}: by beginning {stem:.3f}, by word {word:.3f}")
        found[penalty] = stem
    for count in (1, 2, 4, 8, COMPONENTS):
        model = PLSRegression(count, scale=False)
        stem = pearsonr(cross_val_predict(model, units, ratings, cv=by_stem).ravel(), ratings).statistic
        print(f"    {count} PLS components: by beginning {stem:.3f}")
    return max(found, key=lambda penalty: round(found[penalty], 3))


def measure_emoji_names(path: Path) -> None:
    """Predicted valence of the names of emoji against the human sentiment of tweets that have them."""
    projection = read_projection(path)
    rated = [glyph for glyph in read_glyphs() if glyph.sentiment and glyph.sentiment.uses >= MIN_USES]
    predicted = projection.valences(sentence_units([glyph.names[0] for glyph in rated]))
    human = np.array([glyph.sentiment.valence for glyph in rated if glyph.sentiment])
    faces = np.array(["face" in glyph.names[0] for glyph in rated])
    for what, chosen in (("emoji", np.ones_like(faces)), ("faces", faces)):
        r = pearsonr(predicted[chosen], human[chosen]).statistic
        rho = spearmanr(predicted[chosen], human[chosen]).statistic
        print(f"names of {chosen.sum()} {what}: Pearson {r:.3f}, Spearman {rho:.3f}")


if __name__ == "__main__":
    main()
