"""Artefacts as the stages write them, small and synthetic: enough to draw every section."""

import io
import json
import shutil

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.report.build import render
from stages.report import artefacts as artefacts_of

HOSTILE = (
    '<script>alert("x")</script> &quot; \'><img src=x onerror=alert(1)> javascript:alert(1) '
    "\u202eright to left </style></script>" + "very" * 60
)
PARAMS = """\
pairs: {reader: openmoji, path: data/corpora/openmoji.yaml}
factual_scores: {scorer: {kind: lit, name: efficientnet_lite0-minilm}}
anps: {kind: zero_shot, path: data/ontology/affective_anps.txt}
emotional_scores: {text_encoder: {kind: nade, name: socialmedia_en}}
partition: {mode: both}
backbone: {kind: timm, name: tf_efficientnet_lite0, image_size: 112}
text_encoder: {kind: minilm, name: all-MiniLM-L6-v2}
pseudo_labels: {k: 2}
train: {epochs: 3, batch_size: 64, temperature: 0.07, backbone_lr: 1.0e-4, projector_lr: 1.0e-3}
downstream: {emoji_sentiment: {record: r.yaml, path: p}}
evaluate: {variants: [initial, pacl]}
"""
THRESHOLDS = {"factual": 0.7, "emotional": 0.55}
NAMES = ("strong", "partial_emotional", "partial_factual", "weak")


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A project folder with every artefact that the report reads, of 400 pairs; not to be changed."""
    root = tmp_path_factory.mktemp("project")
    write_artefacts(root)
    return root


@pytest.fixture
def root(project, tmp_path):
    """A copy of `project` to change."""
    return shutil.copytree(project, tmp_path / "copy")


@pytest.fixture
def artefacts(root):
    """Where the artefacts of `root` lie."""
    return artefacts_of(root)


@pytest.fixture(scope="session")
def html(project):
    """The page of `project`."""
    return render(artefacts_of(project), PARAMS, count=8, seed=0)


@pytest.fixture
def hostile():
    """The text of the first strong pair."""
    return HOSTILE


@pytest.fixture
def params_text():
    return PARAMS


@pytest.fixture
def thresholds():
    return THRESHOLDS


@pytest.fixture
def write_project():
    """The writer itself, for projects of another size."""
    return write_artefacts


def write_artefacts(root, pairs=400):
    generator = np.random.default_rng(0)
    factual = generator.normal(0.62, 0.15, pairs)
    emotional = np.clip(0.4 * factual + generator.normal(0.3, 0.15, pairs), -1, 1)
    is_factual, is_emotional = factual > 0.7, emotional > 0.55
    partition = np.select([is_factual & is_emotional, is_emotional, is_factual], NAMES[:3], NAMES[3])
    shares = {name: float((partition == name).mean()) for name in NAMES}
    ids = [f"post{i:05}" for i in range(pairs)]
    words = (
        "a red heart on a table",
        "loudly crying face after the game",
        "sunny beach with a happy dog and friends",
    )
    texts = [f"{words[i % 3]} #{i}" for i in range(pairs)]
    texts[int(np.flatnonzero(partition == "strong")[0])] = HOSTILE
    anps = [["happy dog", "sunny beach", "cute baby"]] * pairs
    anps[int(np.flatnonzero(partition == "weak")[0])] = ["<b>dark</b> night", "sad face", "lonely street"]

    write_pairs(root / "data/pairs", ids, texts, generator)
    pl.DataFrame(
        {
            "sample_id": ids,
            "text": texts,
            "anps": anps,
            "factual_score": factual / 2.5,
            "emotional_score": emotional,
            "factual_value": factual,
            "emotional_value": emotional,
            "factual_matched": is_factual,
            "emotional_matched": is_emotional,
            "partition": partition,
        }
    ).write_parquet(root / "data/partition.parquet")
    rejected = {
        "read": pairs + 7,
        "pairs": pairs,
        "rejected": 7,
        "rejected_by_reason": {"broken_image": 5, "no_text": 2},
    }
    write_json(root / "metrics/pairs.json", rejected)
    per_partition = {
        name: {"pairs": int((partition == name).sum()), "precision": 0.5, "recall": 0.4} for name in NAMES
    }
    per_partition["weak"]["precision"] = None
    write_json(
        root / "metrics/partition.json",
        {
            "pairs": pairs,
            "shares": shares | {"partial": shares["partial_emotional"] + shares["partial_factual"]},
            "published_shares": None,
            "matched": {"factual": float(is_factual.mean()), "emotional": float(is_emotional.mean())},
            "thresholds": THRESHOLDS,
            "agreement": {"factual_auc": 0.853, "emotional_auc": 0.642, "per_partition": per_partition},
        },
    )
    for name, values in (("factual", factual), ("emotional", emotional)):
        edges = np.histogram_bin_edges(values, 50)
        matched = values > THRESHOLDS[name]
        rows = zip(
            edges[:-1],
            edges[1:],
            np.histogram(values[~matched], edges)[0],
            np.histogram(values[matched], edges)[0],
            strict=True,
        )
        lines = [f"{(a + b) / 2},{low},{high},{THRESHOLDS[name]}" for a, b, low, high in rows]
        write(root / f"plots/{name}_histogram.csv", "\n".join(["value,unmatched,matched,threshold", *lines]))
    counts, x, y = np.histogram2d(factual, emotional, 40)
    lines = [
        f"{(x[i] + x[i + 1]) / 2},{(y[j] + y[j + 1]) / 2},{int(counts[i, j])}" for i, j in np.argwhere(counts)
    ]
    write(root / "plots/plane.csv", "\n".join(["factual_value,emotional_value,pairs", *lines]))
    sizes = {"sizes": {"0": 260, "1": 140}, "inertia": 0.613}
    write_json(root / "metrics/pseudo_labels.json", {"factual": sizes, "emotional": sizes})
    write(root / "plots/threshold_grid.csv", grid_text(factual, emotional))
    write_clusters(root, ids, int(np.flatnonzero(partition == "strong")[0]))
    write_rebuilt(root, ids, partition)
    write_examples(root)
    write_models(root)
    write_curves(root / "training/plots/metrics")
    write_comparison(root)


def write_pairs(folder, ids, texts, generator):
    """Two files of small row groups, so that finding a row crosses both borders."""
    folder.mkdir(parents=True)
    images = []
    for _ in ids:
        image = Image.new("RGB", (80, 60), tuple(int(c) for c in generator.integers(60, 255, 3)))
        image.paste((255, 255, 255), (20, 10, 20 + int(generator.integers(5, 50)), 40))
        stream = io.BytesIO()
        image.save(stream, "JPEG")
        images.append(stream.getvalue())
    half = len(ids) // 2
    for index, part in enumerate((slice(0, half), slice(half, None))):
        table = pa.table({"sample_id": ids[part], "text": texts[part], "image": images[part]})
        pq.write_table(table, folder / f"part-{index:05}.parquet", row_group_size=30)


def grid_text(factual, emotional):
    """Two thresholds each, the run's own among them."""
    lines = ["factual_threshold,emotional_threshold,strong,partial_emotional,partial_factual,weak"]
    for f in (0.5, 0.7):
        for e in (0.3, 0.55):
            above, up = factual > f, emotional > e
            counts = [(above & up).sum(), (~above & up).sum(), (above & ~up).sum(), (~above & ~up).sum()]
            lines.append(",".join(map(str, [f, e, *counts])))
    return "\n".join(lines)


def write_clusters(root, ids, hostile):
    """Every fourth pair is on the map, and the hostile one."""
    generator = np.random.default_rng(5)
    lines, nearest = ["side,sample_id,row,x,y,label"], []
    for side in ("factual", "emotional"):
        for row in sorted({hostile, *range(0, len(ids), 4)}):
            x, y = generator.normal(size=2).round(3)
            lines.append(f"{side},{ids[row]},{row},{x},{y},{row % 2}")
        nearest += [
            {"side": side, "label": k, "rank": r, "row": k + r, "sample_id": ids[k + r], "distance": 0.1 * r}
            for k in (0, 1)
            for r in (1, 2, 3)
        ]
    write(root / "plots/embedding_map.csv", "\n".join(lines))
    pl.DataFrame(nearest).write_parquet(root / "data/cluster_examples.parquet")
    write_json(root / "metrics/embedding_map.json", {"factual": [0.4, 0.2], "emotional": [0.3, 0.1]})


def write_rebuilt(root, ids, partition):
    weak = [ids[row] for row in np.flatnonzero(partition == "weak")[:6]]

    def example(own, other):
        alike = {"own_similarity": 0.1, "positive_similarity": 0.1 if own == other else 0.5}
        return {"sample_id": own, "positive": other, **alike}

    early = [example(own, own) for own in weak]
    late = [example(own, own if place < 2 else weak[0]) for place, own in enumerate(weak)]
    write_json(root / "training/rebuilt_positives.json", {"candidates": 64, "early": early, "late": late})


def write_examples(root):
    stream = io.BytesIO()
    Image.new("RGB", (60, 60), (200, 120, 80)).save(stream, "JPEG")
    shown = {"dataset": "emoji_sentiment", "image": stream.getvalue()}
    retrieval = [
        shown
        | {"query": query, "variant": variant, "rank": rank, "item_id": f"item{rank}"}
        | {"label": "<b>joy</b>" if rank % 2 else "fear", "similarity": 0.9 if rank else None}
        for query in (0, 1)
        for variant, ranks in ((None, [0]), ("initial", [1, 2]), ("pacl", [1, 3]))
        for rank in ranks
    ]
    told = {"task": "polarity, ensemble", "variant": "pacl", "item_id": "item0", "label": "joy"}
    zero_shot = [
        shown | told | {"right": right, "predicted": predicted, "confidence": 0.7}
        for right, predicted in ((True, "joy"), (False, "fear"))
    ]
    for name, rows in (("retrieval", retrieval), ("zero_shot", zero_shot)):
        path = root / f"data/examples/{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows).write_parquet(path)
    retrieved = {"same_label_at_2": {"initial": 0.5, "pacl": 0.625}, "test_items": 124}
    right = {"initial": {}, "pacl": {"polarity, ensemble": 0.48}}
    figures = {"emoji_sentiment": {"retrieval": retrieved, "zero_shot_right": right}}
    write_json(root / "metrics/examples.json", figures)


def write_models(root):
    card = {"kind": "timm", "name": "tf_efficientnet_lite0", "library": "timm"}
    card |= {"dim": 1280, "image_size": 112, "initial_weights": {"source": None, "sha256": "ab" * 32}}
    for variant, training in (("initial", None), ("pacl", {"steps": 141, "samples": {"strong": 78}})):
        write_json(root / f"models/{variant}/model.json", card | {"training": training})


def write_curves(folder):
    for name, start in (
        ("loss/strong", 4.1),
        ("loss/partial_emotional", 3.9),
        ("loss/weak", 3.2),
        ("learning_rate/backbone", 1e-4),
    ):
        rows = [f"{step}\t{start * 0.93**step}" for step in range(12)]
        write(folder / f"{name}.tsv", "\n".join([f"step\t{name.split('/')[-1]}", *rows]))


def write_comparison(root):
    """Of one data set: linear with both variants; zero-shot, which the initial backbone cannot do."""
    tasks = {
        "valence": task(
            {"kind": "regression"},
            mse_x100=figure(1.92, 1.81, -0.22, -0.01, "better", mean=(1.9, "unclear", "better")),
            r2=figure(-0.021, 0.054, 0.004, 0.148, "better", mean=(-0.004, "unclear", "better")),
            pearson=figure(0.21, 0.29, -0.02, 0.18, "unclear"),
        ),
        "polarity": task(
            {"kind": "single_label"},
            accuracy=figure(
                0.612, 0.598, -0.06, 0.03, "unclear", most_frequent=(0.605, "unclear", "worse"), chance=CHANCE
            ),
            f1_weighted=figure(0.58, 0.52, -0.09, -0.02, "worse"),
            f1_macro=undefined("no item of class positive"),
        ),
        "levels": task(
            {"kind": "hierarchical", "levels": [{"name": "coarse"}, {"name": "fine"}]},
            accuracy_coarse=figure(0.61, 0.64, 0.01, 0.05, "better"),
            accuracy_fine=figure(0.33, 0.36, 0.01, 0.05, "better", most_frequent=(0.2, "better", "better")),
        ),
        "themes": task({"kind": "multi_label"}, map=figure(0.31, 0.32, -0.01, 0.03, "too_few")),
    }
    linear = evaluation("linear", tasks)
    prompt = {"prompt": 'A "photo" with [C] <emotion>.'}
    zero = task(
        {"kind": "single_label"},
        accuracy=figure(None, 0.25, chance=CHANCE),
        chosen={"pacl": prompt},
        only="pacl",
    )
    zero_shot = evaluation("zero_shot", {"polarity, prompt 1": zero}, {"initial": "it has no projectors"})
    write_json(root / "metrics/comparison.json", [linear, zero_shot])
    published = [
        {"method": "initial", "variant": "initial", "published": 0.5772, "ours": 0.612, "difference": 0.0348},
        {"method": "PACL", "variant": "pacl", "published": 0.5950, "ours": None, "difference": None},
    ]
    place = {"table": 1, "backbone": "ResNet-50", "protocol": "linear", "task": "polarity"}
    place |= {"dataset": "emoji_sentiment", "metric": "accuracy"}
    write_json(root / "metrics/published.json", [place | row for row in published])
    leaked = {"test_items": 124, "exact_items": 3, "near_items": 5, "distance": 4}
    write_json(root / "metrics/leaks/emoji_sentiment.json", leaked)
    for variant in ("initial", "pacl"):
        write_json(root / f"evaluation/emoji_sentiment-linear-{variant}.json", {"tasks": details()})


def evaluation(protocol, tasks, not_applicable=None):
    return {
        "dataset": "emoji_sentiment",
        "protocol": protocol,
        "variants": ["initial", "pacl"],
        "backbones": {"initial": "tf_efficientnet_lite0", "pacl": "tf_efficientnet_lite0"},
        "not_applicable": not_applicable or {},
        "excluded_test_items": 2,
        "tasks": tasks,
    }


def task(described, chosen=None, only=None, **figures):
    if only:
        figures = {
            name: one | {"variants": {only: one["variants"][only]}, "differences": {}}
            for name, one in figures.items()
        }
    return {"task": described, "test_items": 124, "chosen": chosen or {}, "figures": figures}


CHANCE = (0.2, "better", "unclear")


def figure(initial, pacl, low=None, high=None, verdict="undefined", **baselines):
    """`baselines`: name -> its value, and the verdicts of initial and pacl over it."""

    def entry(mean, std):
        return {"mean": mean, "std": std, "low": low, "high": high}

    change = (
        None if initial is None else {"value": pacl - initial, "low": low, "high": high, "verdict": verdict}
    )
    if verdict == "too_few":
        change["reason"] = "too few test items (12) to tell"
    return {
        "variants": {"initial": entry(initial, 0.012), "pacl": entry(pacl, 0.009)},
        "differences": {"pacl": change} if change else {},
        "baselines": {
            name: {"value": value, "differences": {"initial": {"verdict": one}, "pacl": {"verdict": other}}}
            for name, (value, one, other) in baselines.items()
        },
    }


def undefined(reason):
    entry = dict.fromkeys(("mean", "std", "low", "high")) | {"reason": reason}
    return {"variants": {"initial": entry, "pacl": entry}, "differences": {}, "baselines": {}}


def details():
    """Of a summary: what lies behind each kind's figures."""
    classes = ("negative", "<i>positive</i>")
    single = {
        "per_class": [
            {"class": name, "support": 62, "precision": 0.61, "recall": 0.5, "f1": 0.55} for name in classes
        ],
        "confusion": [[40.2, 21.8], [0.0, 62.0]],
        "reliability": [
            {"low": i / 15, "high": (i + 1) / 15, "share": 0.0, "confidence": None, "accuracy": None}
            for i in range(7)
        ]
        + [
            {
                "low": i / 15,
                "high": (i + 1) / 15,
                "share": 0.125,
                "confidence": (i + 0.5) / 15,
                "accuracy": i / 17,
            }
            for i in range(7, 15)
        ],
        "absent_classes": ["neutral"],
    }
    multi = {
        "per_class": [
            {"class": "Peace", "positives": 1200, "ap": 0.41, "auc": 0.72, "f1": 0.33},
            {"class": "Yearning", "positives": 0, "ap": None, "auc": None, "f1": None},
        ],
        "undefined_classes": ["Yearning"],
    }
    return {
        "valence": {"details": {}},
        "polarity": {"details": single},
        "levels": {"details": {"coarse": single, "fine": single}},
        "themes": {"details": multi},
    }


def write_json(path, value):
    write(path, json.dumps(value))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
