"""Limits of the run: stand-ins for published models, sizes, leaks, intervals that include zero."""

from pathlib import Path
from typing import Any

from pacl_core.files.json_csv import read_json
from pacl_core.report.reading import optional_json
from pacl_core.report.sections.controls import TOO_FEW
from pacl_core.report.sections.next_steps import missing_controls
from pacl_core.report.sections.reasons import dead_sentence, starved
from pacl_core.report.sections.results import overview
from pacl_core.report.sections.run import lookup

_STAND_INS = {
    ("factual_scores.scorer.kind", "lit"): (
        "Factual scores come from a small projector between EfficientNet-Lite0 and MiniLM, trained on "
        "captioned drawings, not from CLIP. A threshold that suits CLIP means something else here."
    ),
    ("factual_scores.scorer.kind", "conse"): (
        "Factual scores come from class probabilities and word embeddings (ConSE), not from CLIP."
    ),
    ("emotional_scores.text_encoder.kind", "nade"): (
        "Emotional scores compare emoji probabilities of nade, not sentence vectors of BERTweet."
    ),
    ("emotional_scores.text_encoder.kind", "minilm"): (
        "Emotional scores compare general sentence vectors of MiniLM, not those of BERTweet."
    ),
    ("emotional_scores.text_encoder.kind", "affect"): (
        "Emotional scores compare valences that were fitted to human ratings of words, not sentence vectors "
        "of BERTweet."
    ),
    ("anps.kind", "zero_shot"): (
        "Adjective-noun pairs are ranked by the factual scorer, not predicted by DeepSentiBank."
    ),
    ("text_encoder.kind", "minilm"): (
        "The text side of training is MiniLM, a general sentence encoder, not the sentiment encoder SKEP."
    ),
    ("text_encoder.kind", "affect"): (
        "The text side of training is MiniLM, projected on human ratings of single words, not the sentiment "
        "encoder SKEP."
    ),
    ("backbone.name", "tf_efficientnet_lite0"): (
        "The backbone is EfficientNet-Lite0 at a small image size, not one of the paper's four."
    ),
    ("pairs.reader", "scenes"): (
        "The posts are drawn scenes with texts made by a seeded rule: nobody posted them, and drawings are "
        "not photographs."
    ),
    ("pairs.reader", "openmoji"): (
        "The posts are emoji drawings with names, mixed up by a seeded rule: nobody posted them, and "
        "drawings are not photographs."
    ),
}
_PAPER_PAIRS = 200_000
_MANY = 20  # differences: where nothing changed, one of them is expected to look clear


def limits(metrics: Path, params: dict[str, Any], evaluations: list[dict[str, Any]] | None) -> list[str]:
    """Sentences, most consequential first."""
    found = [text for (key, value), text in _STAND_INS.items() if lookup(params, key) == value]
    corpus = optional_json(metrics / "pairs.json")
    if corpus and corpus["pairs"] < _PAPER_PAIRS:
        found.append(f"{corpus['pairs']:,} pairs were used; the paper's corpus has about {_PAPER_PAIRS:,}.")
    partition = optional_json(metrics / "partition.json")
    if partition is not None:
        empty = [name for name, share in partition["shares"].items() if share == 0 and name != "partial"]
        if empty:
            those = "this partition" if len(empty) == 1 else "these partitions"
            found.append(f"No pair is {' or '.join(empty)}; training learnt nothing from {those}.")
        if partition.get("agreement") is None:
            found.append(
                "The corpus does not record how its pairs were made, so the partition cannot be checked "
                "against provenance."
            )
    found += [dead_sentence(name, share) for name, share in starved(metrics.parent).items()]
    found += [*leaked(metrics, params, evaluations), *tested(evaluations)]
    if missing_controls(overview(evaluations), params):
        found.append(
            "PACL was not compared with plain contrastive training on the same pairs, so what its partition "
            "adds is not known."
        )
    return found + uncertain(evaluations)


def leaked(metrics: Path, params: dict[str, Any], evaluations: list[dict[str, Any]] | None) -> list[str]:
    """Which test items training has seen, and whether they count."""
    excluding = str(lookup(params, "evaluate.exclude_leaks") or "none")
    found = [sentence for one in leaks(metrics, params) if (sentence := _leak(one, excluding))]
    excluded = {one["dataset"]: one["excluded"] for one in evaluations or [] if one["excluded"]}
    if excluded:
        listed = ", ".join(f"{name} {count:,}" for name, count in excluded.items())
        found.append(
            f"Test items left out of every result, because training saw them or near duplicates: {listed}."
        )
    return found


def tested(evaluations: list[dict[str, Any]] | None, *, seeds: str | None = "train.seeds") -> list[str]:
    """What the test items are, and what intervals are about.

    `seeds`: the key that makes the method train several times; None where it has none.
    """
    found = []
    sizes = {one["dataset"]: one["test_items"] for one in evaluations or [] if one["test_items"]}
    if sizes:
        folds = {one["dataset"]: one["folds"] for one in evaluations or [] if one["folds"]}
        said = {name: f" in {count} folds" for name, count in folds.items()}
        listed = ", ".join(f"{name} {count:,}{said.get(name, '')}" for name, count in sizes.items())
        found.append(f"Test items: {listed}. {_scope(evaluations or [], seeds)}")
    return found


def uncertain(evaluations: list[dict[str, Any]] | None) -> list[str]:
    """Differences that say nothing, and how many look clear by chance."""
    rows = [row for one in evaluations or [] for task in one["tasks"] for row in task["rows"]]
    found = _main_results(evaluations)
    changes = [
        change for row in rows for change in row["changes"] if change["verdict"] not in ("undefined", TOO_FEW)
    ]
    unclear = sum(change["verdict"] == "unclear" for change in changes)
    if unclear:
        found.append(
            f"{unclear} of {len(changes)} differences have a 95 % interval that includes zero: they show "
            "neither gain nor loss. Metrics of one data set are related, so several of them are not "
            "independent evidence."
        )
    if len(changes) >= _MANY:
        found.append(
            "The intervals are not corrected for multiple comparisons: of "
            f"{len(changes)} differences about {len(changes) / 20:.0f} would look clear by chance alone."
        )
    return found


def _scope(evaluations: list[dict[str, Any]], seeds: str | None) -> str:
    """What intervals are about: the items alone, or training seeds too."""
    trainings: dict[str, int] = {}
    for one in evaluations:
        for variant, count in one["trainings"].items():
            trainings[variant] = max(count, trainings.get(variant, 1))
    several = ", ".join(f"{name} ({count})" for name, count in trainings.items() if count > 1)
    if not several:
        said = (
            "Intervals come from resampling these items; they say nothing about another corpus, training "
            "seed or test set."
        )
        more = f" With {seeds} 3 or more, they include what the training seed changes."
        return said + more if seeds else said
    once = ", ".join(name for name, count in trainings.items() if count == 1 and name != "initial")
    said = (
        f"Intervals come from resampling these items and from the training seeds of {several}; they say "
        "nothing about another corpus or test set"
    )
    return f"{said}, nor, of {once}, about another training seed." if once else f"{said}."


def _main_results(evaluations: list[dict[str, Any]] | None) -> list[str]:
    """Main results that say nothing: no better than a baseline, or on too few items."""
    rows = overview(evaluations)
    found = []
    below = [row for row in rows if any(row["below"][1:])]
    if below:
        those = "is" if len(below) == 1 else "are"
        found.append(
            f"{len(below)} of the main results {those} no better than a baseline that never looks at the "
            f"image: {_named(below)}."
        )
    few = [row for row in rows if any(change["verdict"] == TOO_FEW for change in row["changes"])]
    if few:
        found.append(f"Too few test items for a verdict: {_named(few)}.")
    return found


def _named(rows: list[dict[str, Any]]) -> str:
    return ", ".join(f"{row['task']} ({row['dataset']})" for row in rows)


def _leak(one: dict[str, Any], excluded: str) -> str | None:
    """A sentence for a data set whose test images are among the pairs; None where none are."""
    if not one["exact_items"] and not one["near_items"]:
        return None
    kept = {
        "none": "they count in the results",
        "exact": "the near ones count in the results",
        "near": "none of them counts in the results",
    }[excluded]
    return (
        f"{one['name']}: of {one['test_items']:,} test items {one['exact_items']:,} are exact and "
        f"{one['near_items']:,} near duplicates of pre-training images (at most {one['distance']} of 64 "
        f"bits apart); {kept}."
    )


def leaks(metrics: Path, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Of each data set of `params` that was searched: name, test_items, exact_items, near_items, distance.

    `among`: where, pairs or clips. There may still be files of data sets that are no longer listed.
    """
    listed = params.get("downstream") or {}
    paths = sorted((metrics / "leaks").glob("*.json"))
    among = str(lookup(params, "leaks.among") or "pairs").partition("/")[0]
    return [{"name": path.stem, "among": among, **read_json(path)} for path in paths if path.stem in listed]
