"""The stages transfer and compare on small stored sets, and what the report says of them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import read_predictions
from pacl_core.evaluation.summary_file import read_summary
from pacl_core.files.json_csv import read_json
from pacl_core.files.vectors import write_vectors
from pacl_core.methods.params import Params, load
from pacl_core.params.evaluation import LinearParams, TransferParams
from pacl_core.report.sections.results import compared
from stages import compare, transfer
from tests.evaluation.transfer.stored_sets import POLARITY, SENTIMENT, directions, write_set
from tests.paths import ROOT
from tests.small_run import rows_between

SETS = ("photos", "paintings", "emoji")
ENTRIES = ({"from": "photos", "to": ["paintings", "emoji"]}, {"from": "emoji", "to": ["photos"]})
ITEMS = 160


def params(**changes: object) -> Params:
    whole = load(ROOT / "params.yaml")
    small = {
        "linear": LinearParams(probe="convex"),
        "bootstrap": 100,
        "protocols": (),
        "transfer": tuple(TransferParams.model_validate(one) for one in ENTRIES),
        **changes,
    }
    return whole.model_copy(update={"evaluate": whole.evaluate.model_copy(update=small), "downstream": {}})


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a stage where polarity is a direction of the features of `pacl`, and not of those of `initial`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    (tmp_path / "data/published").mkdir(parents=True)
    for file in (ROOT / "data/published").iterdir():
        (tmp_path / "data/published" / file.name).write_bytes(file.read_bytes())
    for seed, name in enumerate(SETS):
        x = directions(ITEMS, seed=seed)
        polarity = (x[:, 0] > 0).astype(int)
        sentiment = np.where(np.arange(ITEMS) % 8 == 7, 1, 2 * polarity)  # one in eight is neutral
        task, values = (SENTIMENT, sentiment) if name == "emoji" else (POLARITY, polarity)
        images = [f"{row} of {'photos' if row < 2 else name}" for row in range(ITEMS)]
        if name == "paintings":
            images[:2] = ["none", "nobody"]
        write_set(Path("data/downstream"), name, [task], {task.name: values}, splits="ours", images=images)
        for variant, features in (("pacl", x), ("initial", directions(ITEMS, seed=90 + seed))):
            folder, table = Path(f"data/features/{name}-{variant}"), Path(f"data/downstream/{name}.parquet")
            rows = partial(rows_between, features)
            write_vectors(folder, table, rows, dim=6, id_column="item_id")

    def run(module: object, *arguments: str, **changes: object) -> None:
        monkeypatch.setattr("sys.argv", [module.__name__, *arguments])  # type: ignore[attr-defined]
        module.main(params(**changes))  # type: ignore[attr-defined]

    return run


def test_a_transfer_is_an_evaluation_of_every_set_and_variant(stage: Callable[..., None]) -> None:
    stage(transfer, "entry0")
    folder = Path("evaluation_transfer/entry0")
    expected = {f"{to}-transfer-{of}" for to in SETS[1:] for of in ("initial", "pacl")}
    assert {path.stem for path in folder.iterdir()} == expected
    summary = read_summary(folder / "paintings-transfer-pacl.json")
    assert (summary["dataset"], summary["protocol"], summary["variant"]) == ("paintings", "transfer", "pacl")
    task = summary["tasks"]["polarity, from photos"]
    assert task["test_items"] == ITEMS and task["figures"]["accuracy"]["mean"] > 0.9
    assert set(task["baselines"]) == {"most_frequent", "chance"}
    test = read_predictions(folder / "emoji-transfer-pacl.parquet", "sentiment, from photos", "test")
    assert test.prediction.shape == (1, 140, 2)  # neutral ones are left out
    before = [path.read_bytes() for path in sorted(folder.iterdir())]
    stage(transfer, "entry0")
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == before


def test_its_table_is_in_the_comparison_the_metrics_and_the_report(stage: Callable[..., None]) -> None:
    for entry in ("entry0", "entry1"):
        stage(transfer, entry)
    stage(compare)
    found = {one["dataset"]: one for one in read_json(Path("metrics/comparison.json"))}
    assert set(found) == set(SETS)
    accuracy = found["paintings"]["tasks"]["polarity, from photos"]["figures"]["accuracy"]
    change = accuracy["differences"]["pacl"]
    assert change["verdict"] == "better" and 0 < change["low"] < change["value"] < change["high"]
    assert accuracy["baselines"]["most_frequent"]["differences"]["initial"]["verdict"] in ("unclear", "worse")
    row = read_json(Path("metrics/results/photos-transfer-polarity_from_emoji-accuracy.json"))
    assert row["pacl"] > 0.9 and {"initial", "difference", "low", "high", "baseline"} <= row.keys()
    shown = {one["dataset"]: one for one in compared(Path("metrics/comparison.json")) or []}
    assert shown["emoji"]["tasks"][0]["note"] == "fitted on 80 items; 2 of these images are among them"
    assert shown["paintings"]["tasks"][0]["note"] == "fitted on 80 items; none of these images is among them"


def test_without_entries_the_comparison_has_none(stage: Callable[..., None]) -> None:
    stage(compare, transfer=())
    assert read_json(Path("metrics/comparison.json")) == []


def test_leaked_images_are_left_out_on_demand(stage: Callable[..., None]) -> None:
    Path("data/leaks").mkdir(parents=True)
    rows = {
        "item_id": ["emoji005"],
        "sample_id": ["p"],
        "kind": ["exact"],
        "distance": pa.array([0], pa.int32()),
    }
    pq.write_table(pa.table(rows), "data/leaks/emoji.parquet")
    pq.write_table(pa.table(rows).slice(0, 0), "data/leaks/paintings.parquet")
    stage(transfer, "entry0", exclude_leaks="exact")
    summary = read_summary(Path("evaluation_transfer/entry0/emoji-transfer-pacl.json"))
    assert summary["excluded_test_items"] == 3
    assert summary["tasks"]["sentiment, from photos"]["test_items"] == 137


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "usage"), (("entry2",), r"unknown entry of evaluate\.transfer 'entry2'; did you mean 'entry")],
)
def test_a_wrong_argument_is_one_clear_line(
    stage: Callable[..., None], arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        stage(transfer, *arguments)
