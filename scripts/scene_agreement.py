"""How well scorers and text encoders that come with pip find what is known of scenes, without running stages.

From the project's root:

    python scripts/scene_agreement.py                          # 600 posts, every combination: minutes
    python scripts/scene_agreement.py --posts 1200 --bound 160 # only: what the features could tell

Prints the ROC AUC of the factual score (image and text by a scorer) for "the text names the thing", and of
the emotional score (text and the image's adjective-noun pairs by a text encoder) for "the text tells the
mood". The things and faces are the corpus'; no data set and no held-out thing is looked at.
"""

import argparse
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.provenance import MATCHED_SCENES
from pacl_core.corpus.scenes.cast import cast, family
from pacl_core.corpus.scenes.drawing import draw
from pacl_core.corpus.scenes.moods import MoodWords, places
from pacl_core.corpus.scenes.posts import ScenePost, scene_posts
from pacl_core.corpus.scenes.recipe import load_scene_recipe
from pacl_core.models.frozen import pixel_features
from pacl_core.models.scorers import ImageTextScorer, load_scorer
from pacl_core.models.scorers.towers import load_towers
from pacl_core.models.text_encoders import TextEncoder, load_text_encoder
from pacl_core.models.text_encoders.affect import AffectEncoder, unit_rows
from pacl_core.params.models import ScorerParams, TextEncoderParams

ENCODERS = {
    "nade": ("nade", "socialmedia_en"),
    "minilm": ("minilm", "all-MiniLM-L6-v2"),
    "affect rbf16": ("affect", "minilm-rbf16"),
    "affect pls8": ("affect", "minilm-pls8"),
}
TOP = 3  # adjective-noun pairs of an image, as in params.yaml
FOLDS = 5
One = TypeVar("One")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=Path("data/corpora/scenes.yaml"))
    parser.add_argument("--phrases", type=Path, default=Path("data/ontology/affective_anps.txt"))
    parser.add_argument("--posts", type=int, default=600)
    parser.add_argument("--bound", type=int, nargs="*", metavar="PX", help="only read moods off features")
    arguments = parser.parse_args()
    recipe = load_scene_recipe(arguments.recipe)
    players = cast(read_glyphs(), recipe)
    posts = scene_posts(players, recipe)[: arguments.posts]
    words = MoodWords(players.faces["corpus"], recipe.moods)
    moods = np.array([words.place(post.scene.face) for post in posts])
    if arguments.bound:
        for pixels in arguments.bound:
            bound(posts, moods, pixels)
        return
    phrases = arguments.phrases.read_text(encoding="utf-8").split("\n")
    images = [opened(post, recipe.drawing.pixels) for post in posts]
    for kind in ("lit", "conse"):
        scorer = load_scorer(
            ScorerParams.model_validate({"kind": kind, "name": "efficientnet_lite0-minilm"}), "cpu"
        )
        agreement(kind, scorer, images, posts, [phrase for phrase in phrases if phrase])


def opened(post: ScenePost, pixels: int) -> Image.Image:
    return Image.open(io.BytesIO(draw(post.scene, pixels))).convert("RGB")


def agreement(
    kind: str,
    scorer: ImageTextScorer,
    images: Sequence[Image.Image],
    posts: Sequence[ScenePost],
    phrases: Sequence[str],
) -> None:
    """Print the AUC of both scores."""
    factual, emotional = truths(posts)
    texts = [post.text for post in posts]
    images_ND = np.concatenate(
        [
            scorer.encode_pixels(np.stack([scorer.preprocess.pixels(one) for one in some]))
            for some in parts(images)
        ]
    )
    texts_ND = np.concatenate([scorer.encode_texts(some) for some in parts(texts)])
    phrases_PD = np.concatenate([scorer.encode_texts(some) for some in parts(phrases)])
    print(f"{kind}: factual {roc_auc_score(factual, (images_ND * texts_ND).sum(axis=1)):.3f}")
    best = np.argsort(-(images_ND @ phrases_PD.T), axis=1)[:, :TOP]
    found = [", ".join(phrases[place] for place in row) for row in best]
    for name, encoder in encoders().items():
        cosines = (encoded(encoder, texts) * encoded(encoder, found)).sum(axis=1)
        print(f"    emotional, {name}: {roc_auc_score(emotional, cosines):.3f}", flush=True)


def bound(posts: Sequence[ScenePost], moods: NDArray[np.float64], pixels: int) -> None:
    """Print what a ridge on the frozen backbone's features reads of the mood, with things or faces unseen.

    It is trained on the faces' true moods, which no scorer has: a scorer that is linear in these features
    does not do better. The text's mood is that of the encoder `affect`; last comes the true mood with it.
    """
    _, emotional = truths(posts)
    backbone, _ = load_towers(pixels, "cpu")
    features, preprocess = pixel_features(backbone, "cpu"), backbone.preprocess
    images = [opened(post, pixels) for post in posts]
    inputs = np.concatenate(
        [features(np.stack([preprocess.pixels(image) for image in some])) for some in parts(images)]
    )
    told = places(text_valences([post.text for post in posts]).tolist())
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(1, 5, 9)))
    groups = {
        "things": [family(post.scene.thing) for post in posts],
        "faces": [post.scene.face.stem for post in posts],
    }
    for what, group in groups.items():
        read = cross_val_predict(model, inputs, moods, cv=GroupKFold(FOLDS), groups=group)
        score = -np.abs(places(read.tolist()) - told)
        r = np.corrcoef(read, moods)[0, 1]
        print(f"{pixels} px, unseen {what}: r {r:.3f}, emotional {roc_auc_score(emotional, score):.3f}")
    print(f"the true mood: emotional {roc_auc_score(emotional, -np.abs(moods - told)):.3f}", flush=True)


def truths(posts: Sequence[ScenePost]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Per post: whether its text names the thing, and whether it tells the mood."""
    matched = np.array([MATCHED_SCENES[post.truth] for post in posts])
    return matched[:, 0], matched[:, 1]


def encoders() -> dict[str, TextEncoder]:
    return {
        shown: load_text_encoder(TextEncoderParams.model_validate({"kind": kind, "name": name}), "cpu")
        for shown, (kind, name) in ENCODERS.items()
    }


def encoded(encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """`[N, D]` at unit length."""
    return unit_rows(np.concatenate([encoder.encode_texts(some) for some in parts(texts)]))


def text_valences(texts: Sequence[str]) -> NDArray[np.float32]:
    """`[N]`: valences by the shipped projection."""
    affect = load_text_encoder(TextEncoderParams(kind="affect", name="minilm-rbf16"), "cpu")
    assert isinstance(affect, AffectEncoder)
    return affect.projection.valences(encoded(affect.encoder, texts))


def parts(those: Sequence[One], size: int = 16) -> Iterator[Sequence[One]]:
    for start in range(0, len(those), size):
        yield those[start : start + size]


if __name__ == "__main__":
    main()
