"""Bytes, files, hours and cost of a corpus of any size, from rates that you measure. Prints Markdown.

python scripts/plan_scale.py --pairs 1e8 --decodes-per-second 1000 --images-per-second 1000
    --texts-per-second 2000 --train-images-per-second 300 [--devices 8 --price 2.50 --set image_bytes=15000]

A rate is that of one device (a GPU, or a machine without one): what a stage logs on a sample of the corpus
("images: 4000, 812/s"), or what `make bench` prints. The decoding rate is that of the one machine that runs
`pairs`. --price is of one device for an hour. docs/scale.md explains each line.
"""

import argparse
import math
from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True)
class Corpus:
    """Properties of a corpus and its models. Bytes and dimensions are those of one pair."""

    pairs: int
    image_bytes: int = 20_000  # a stored JPEG of 256 pixels
    text_bytes: int = 120
    scorer_dim: int = 512  # CLIP ViT-B/32
    image_dim: int = 2048  # ResNet-50
    text_dim: int = 1024  # SKEP
    distinct_images: float = 1.0  # share of images that are not repeats
    distinct_texts: float = 1.0
    epochs: int = 30
    strong: float = 0.22  # shares of the partitions (paper 4.2); each partial one has half of `partial`
    partial: float = 0.51
    part_bytes: int = 256 << 20  # of a file of pairs
    shard_samples: int = 10_000  # shards.max_samples
    shard_bytes: int = 512_000_000  # shards.max_megabytes


@dataclass(frozen=True)
class Rates:
    """Items a second of one device."""

    decodes: float  # images of the corpus read, checked and stored
    images: float  # images through a frozen image model
    texts: float  # texts through a text encoder
    train: float  # images trained on, forward and backward


@dataclass(frozen=True)
class Artefact:
    path: str
    files: int
    bytes: float


@dataclass(frozen=True)
class Work:
    """`items` at `rate` a second on one device; whether several devices share them."""

    stage: str
    items: float
    rate: float
    shared: bool = True

    @property
    def hours(self) -> float:
        return self.items / self.rate / 3600


def artefacts(corpus: Corpus) -> list[Artefact]:
    """The outs that grow with the pairs, and how many files they are."""
    n, pair = corpus.pairs, corpus.image_bytes + corpus.text_bytes
    sample = pair + corpus.text_dim * 4 + 200  # the text embedding and the JSON next to them
    in_shard = min(corpus.shard_samples, corpus.shard_bytes // sample)
    return [
        Artefact("data/pairs", math.ceil(n * pair / corpus.part_bytes), n * pair),
        Artefact("data/scores", 3, n * 120),
        Artefact("data/embeddings/scorer", 2, n * (corpus.scorer_dim * 4 + 10)),
        Artefact("data/embeddings/image", 2, n * (corpus.image_dim * 4 + 10)),
        Artefact("data/embeddings/text", 2, n * (corpus.text_dim * 4 + 10)),
        Artefact("data/partition.parquet", 1, n * (corpus.text_bytes * 0.5 + 40)),
        Artefact("data/pseudo_labels.parquet", 1, n * 10),
        # a tar pads each of four members to 512 bytes behind a header of 512
        Artefact("data/shards", math.ceil(n / in_shard), n * (sample + 4 * 768)),
    ]


def trained_on(corpus: Corpus) -> float:
    """Number of images that training sees: each third adds a kind of partition, each cycled to the
    largest."""
    partial = corpus.partial / 2
    weak = 1 - corpus.strong - corpus.partial
    # batching `separate`: a step takes a batch of each active partition, an epoch the largest one's length
    per_epoch = (corpus.strong, 3 * max(corpus.strong, partial), 4 * max(corpus.strong, partial, weak))
    return corpus.pairs * corpus.epochs / 3 * sum(per_epoch)


def work(corpus: Corpus, rates: Rates) -> list[Work]:
    """The stages whose time is spent in a model or a decoder."""
    images, texts = corpus.pairs * corpus.distinct_images, corpus.pairs * corpus.distinct_texts
    return [
        Work("pairs", corpus.pairs, rates.decodes, shared=False),
        Work("factual_scores, images", images, rates.images),
        Work("factual_scores, texts", texts, rates.texts),
        Work("emotional_scores, texts and phrases", 2 * texts, rates.texts),
        Work("image_embeddings", images, rates.images),
        Work("text_embeddings", texts, rates.texts),
        Work("train", trained_on(corpus), rates.train),
    ]


def print_plan(corpus: Corpus, rates: Rates, devices: int, price: float | None) -> None:
    kept = artefacts(corpus)
    print(f"{corpus.pairs:,} pairs\n\n| artefact | files | GB |\n|---|---|---|")
    for one in kept:
        print(f"| {one.path} | {one.files:,} | {one.bytes / 1e9:,.1f} |")
    print(f"| all | {sum(one.files for one in kept):,} | {sum(one.bytes for one in kept) / 1e9:,.1f} |")
    cost = "" if price is None else " | cost"
    print(f"\n| stage | items | a second, one device | device hours | hours, {devices} devices{cost} |")
    print("|---" * (5 + (price is not None)) + "|")
    done = work(corpus, rates)
    waited = [one.hours / (devices if one.shared else 1) for one in done]
    for one, hours in zip(done, waited, strict=True):
        print(f"| {one.stage} | {one.items:,.0f} | {one.rate:,.0f} |{_hours(one.hours, hours, price)}")
    print(f"| all | | |{_hours(sum(one.hours for one in done), sum(waited), price)}")


def _hours(of_devices: float, waited: float, price: float | None) -> str:
    cost = "" if price is None else f" {of_devices * price:,.0f} |"
    return f" {of_devices:,.1f} | {waited:,.1f} |{cost}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=float, required=True)
    for name in ("decodes", "images", "texts", "train-images"):
        parser.add_argument(f"--{name}-per-second", type=float, required=True)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--price", type=float)
    defaults = ", ".join(f"{name}={value}" for name, value in asdict(Corpus(0)).items() if name != "pairs")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help=f"defaults: {defaults}")
    asked = parser.parse_args()
    types = {field.name: field.type for field in fields(Corpus)}
    given = dict(pair.split("=", 1) for pair in asked.set)
    if unknown := given.keys() - types.keys():
        parser.error(f"--set {', '.join(sorted(unknown))}: none of {', '.join(types)}")
    changes = {name: int(float(v)) if types[name] is int else float(v) for name, v in given.items()}
    rates = Rates(
        asked.decodes_per_second,
        asked.images_per_second,
        asked.texts_per_second,
        asked.train_images_per_second,
    )
    print_plan(replace(Corpus(int(asked.pairs)), **changes), rates, asked.devices, asked.price)


if __name__ == "__main__":
    main()
