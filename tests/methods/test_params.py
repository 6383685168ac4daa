"""The whole of params.yaml: it and the presets are valid; what is wrong is named as written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pacl_core.errors import UserError
from pacl_core.methods.params import load
from pacl_core.params.evaluation import TransferParams
from tests.paths import ROOT

COMMITTED = ROOT / "params.yaml"
PRESETS = sorted((COMMITTED.parent / "presets").glob("*.yaml"))


def edited(tmp_path: Path, key: str, value: object, rename: str | None = None) -> Path:
    """The committed params with one key set to `value`, or renamed."""
    tree = yaml.safe_load(COMMITTED.read_text())
    *parents, last = key.split(".")
    section = tree
    for parent in parents:
        section = section[parent]
    if rename is None:
        section[last] = value
    else:
        section[rename] = section.pop(last)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def test_the_committed_params_are_valid() -> None:
    load(COMMITTED)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_every_preset_is_valid(preset: Path) -> None:
    load(preset)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("factual_scores.scorer.kind", "open-clip",
         "scorer.kind: unknown value 'open-clip'; did you mean 'open_clip'"),
        ("partition.factual.transform", "clip_score", "did you mean 'clipscore'"),
        ("train.epochs", 0, "train.epochs: input should be greater than or equal to 1"),
        ("train.seeds", 0, "train.seeds: input should be greater than or equal to 1"),
        ("pseudo_labels.k", "two", "pseudo_labels.k: input should be a valid integer"),
        ("partition.factual.share", 0.5, "partition.factual: give either 'threshold' or 'share'"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(tmp_path: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(edited(tmp_path, key, value))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "wrong", "hint"),
    [
        ("train.epochs", "epocs", "train.epocs: unknown key; did you mean 'epochs'?"),
        ("partition.factual.threshold", "treshold", "did you mean 'threshold'?"),
        ("downstream.emoji_sentiment.record", "recrod",
         "recrod: unknown key; did you mean 'record'?"),
        ("pseudo_labels", "pseudo_label", "pseudo_label: unknown key; did you mean 'pseudo_labels'?"),
    ],
)  # fmt: skip
def test_an_unknown_key_names_the_nearest(tmp_path: Path, key: str, wrong: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        load(edited(tmp_path, key, None, rename=wrong))
    assert hint in str(caught.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load(tmp_path / "params.yaml")


def test_text_that_is_not_yaml_says_so(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("train: [1,")
    with pytest.raises(UserError, match="not valid YAML"):
        load(tmp_path / "params.yaml")


NAMES = ["my set", "fi.v2", "a@b", "x;touch F", "FI", "fi (test)", "a/b", "", "$(x)", "a'b", "\u00e9", "a\nb"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_part_of_a_path_is_refused(tmp_path: Path, name: str) -> None:
    tree = yaml.safe_load(COMMITTED.read_text())
    entry = next(iter(tree["downstream"].values()))
    for key, value in (
        ("downstream", {name: entry}),
        ("recipes", {name: {"partition": "none"}}),
        ("emotionclip", {name: {"clips": "c", "filter": {}}}),
        ("variants", {name: {"weights": "w.pt"}}),
        ("evaluate", {"variants": ["initial", name]}),
    ):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree | {key: value}))
        with pytest.raises(
            UserError, match=rf"{key}.*is not a valid name: .* use a-z, 0-9, _ and - only"
        ) as caught:
            load(tmp_path / "params.yaml")
        assert "\n" not in str(caught.value)


def test_a_name_of_the_allowed_letters(tmp_path: Path) -> None:
    tree = yaml.safe_load(COMMITTED.read_text())
    tree["downstream"] = {"fi_2-a": next(iter(tree["downstream"].values()))}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    assert list(load(tmp_path / "params.yaml").downstream) == ["fi_2-a"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.clip_norm", float("inf"), "train.clip_norm: input should be a finite number"),
        ("partition.factual.threshold", float("nan"), "threshold: input should be a finite number"),
        ("leaks.among", "clips/mine", "leaks.among: unknown corpus of clips 'mine'"),
        ("leaks.among", "pretext/mine.parquet", "leaks.among: unknown pretext set 'mine'"),
        ("leaks.among", "../pairs", "leaks.among: string should match pattern"),
        ("pseudo_labels.sample", 1, "pseudo_labels: 'sample' (1) must be at least 'k' (2)"),
        ("train.seed", 2**31, "train.seed: input should be less than 2147483648"),
        ("evaluate.zero_shot.prompts", [], "prompts: tuple should have at least 1 item"),
        ("evaluate.zero_shot.prompts", ["A [C] photo", "A photo"], "prompts.1: 'A photo' has no [C]; put it"),
        ("evaluate.zero_shot.prompts", [""], "prompts.0: '' has no [C]"),
        ("evaluate.folds", 1, "evaluate.folds: one fold leaves nothing to fit on; take 2 or more, or 0"),
        ("evaluate.folds", -1, "evaluate.folds: input should be greater than or equal to 0"),
        ("evaluate.few_shot", [], "evaluate.few_shot: tuple should have at least 1 item"),
        ("evaluate.few_shot", [16, 1], "evaluate.few_shot.1: input should be greater than or equal to 2"),
        ("evaluate.variants", [], "evaluate.variants: tuple should have at least 1 item"),
        ("evaluate.protocols", [], "evaluate.protocols: tuple should have at least 1 item"),
    ],
)
def test_what_would_fail_after_hours_is_refused_at_once(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        load(edited(tmp_path, key, value))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"from": "posts", "to": ["fotos"]},
            "evaluate.transfer.0.to: unknown data set 'fotos'; did you mean",
        ),
        (
            {"from": "pots", "to": ["photos"]},
            "transfer.0.from: unknown data set 'pots'; did you mean 'posts'?",
        ),
        ({"from": "posts", "to": ["posts"]}, "transfer.0: 'posts' to itself is the protocol linear"),
        ({"from": "posts", "to": ["photos"] * 2}, "transfer.0: 'posts' to 'photos' is listed twice"),
        ({"from": "posts", "to": []}, "evaluate.transfer.0.to: tuple should have at least 1 item"),
        ({"to": ["photos"]}, "evaluate.transfer.0.from: missing"),
        (
            {"from": "posts", "to": ["photos"], "classes": "emotion"},
            "evaluate.transfer.0.classes: 'polarity', null, or a mapping",
        ),
        ({"from": "posts", "to": ["photos"], "classes": {}}, "transfer.0.classes: 'polarity', null, or"),
    ],
)
def test_a_wrong_transfer_is_named(tmp_path: Path, entry: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(with_transfer(tmp_path, entry))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_transfer_is_by_polarity_where_nothing_else_is_said(tmp_path: Path) -> None:
    def read(**classes: object) -> tuple[TransferParams, ...]:
        return load(with_transfer(tmp_path, {"from": "posts", "to": ["photos"], **classes})).evaluate.transfer

    assert [(one.source, one.to, one.classes) for one in read()] == [("posts", ("photos",), "polarity")]
    for classes in (None, {"joy": "happy"}):
        assert [one.classes for one in read(classes=classes)] == [classes]


def with_transfer(folder: Path, entry: dict[str, object]) -> Path:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["downstream"] = dict.fromkeys(("posts", "photos"), next(iter(tree["downstream"].values())))
    tree["evaluate"]["transfer"] = [entry]
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    return folder / "params.yaml"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"partition": "nonee"}, "recipes.plain.partition: unknown value 'nonee'; did you mean 'none'?"),
        ({"train": {"epocs": 3}}, "recipes.plain.train.epocs: unknown key; did you mean 'epochs'?"),
        ({"train": {"epochs": 0}}, "recipes.plain.train.epochs: input should be greater than or equal to 1"),
        ({"train": {"holdout": 5}}, "recipes.plain.train: 'holdout' cannot differ"),
        ({"train": {"holdout_distance": 0}}, "recipes.plain.train: 'holdout_distance' cannot differ"),
    ],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, recipe: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(edited(tmp_path, "recipes", {"plain": recipe}))
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["initial", "pacl", "theirs"])
def test_a_recipe_cannot_have_the_name_of_another_model(tmp_path: Path, name: str) -> None:
    path = edited(tmp_path, "variants", {"theirs": {"weights": "w.pt"}})
    tree = yaml.safe_load(path.read_text()) | {"recipes": {name: {}}}
    path.write_text(yaml.safe_dump(tree))
    with pytest.raises(UserError, match=f"recipes.{name}: models/{name} is another model") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_the_listed_recipes_are_valid_and_evaluated_in_their_order(tmp_path: Path) -> None:
    """presets/sweeps/recipes.yaml is for any params.yaml."""
    listed = yaml.safe_load((ROOT / "presets/sweeps/recipes.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(merged(COMMITTED, listed), sort_keys=False))
    params = load(tmp_path / "params.yaml")
    assert params.evaluate.variants == ("initial", "pacl", *params.recipes)
    assert [recipe.partition for recipe in params.recipes.values()][:3] == ["none", "random", "record"]


def merged(path: Path, other: dict[str, object]) -> dict[str, object]:
    tree = yaml.safe_load(path.read_text())
    return tree | {
        key: tree[key] | value if isinstance(value, dict) else value for key, value in other.items()
    }


def test_encodings(tmp_path: Path) -> None:
    text = COMMITTED.read_text(encoding="utf-8") + "# caf\u00e9\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "params.yaml").write_bytes(text.encode(encoding))
        assert load(tmp_path / "params.yaml") == load(COMMITTED)
    for encoding in ("cp1252", "utf-16-le", "utf-32"):
        (tmp_path / "params.yaml").write_bytes(text.encode(encoding))
        with pytest.raises(UserError, match=r"not UTF-8 .*save it as UTF-8") as caught:
            load(tmp_path / "params.yaml")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_has_every_key_that_a_stage_depends_on(preset: Path) -> None:
    """DVC stops at a key that params.yaml lacks, whatever its default."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()
    entries = [entry for stage in stages for entry in stage.get("do", stage).get("params", [])]
    needed = {entry for entry in entries if isinstance(entry, str) and "$" not in entry}
    assert needed - set(_keys(yaml.safe_load(preset.read_text()))) == set()


def _keys(section: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in section.items():
        yield prefix + name
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{name}.")


def test_pieces_of_a_batch_need_frozen_statistics(tmp_path: Path) -> None:
    load(edited(tmp_path, "train.accumulate", 4))
    recipe = {"plain": {"partition": "none", "train": {"accumulate": 4, "batch_norm": "update"}}}
    with pytest.raises(UserError, match=r"recipes\.plain\.train\.accumulate: 4 pieces cannot"):
        load(edited(tmp_path, "recipes", recipe))
    tree = yaml.safe_load(COMMITTED.read_text())
    tree["train"] |= {"accumulate": 2, "batch_norm": "update"}
    (tmp_path / "both.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(UserError, match=r"train\.accumulate: 2 pieces cannot update statistics"):
        load(tmp_path / "both.yaml")
