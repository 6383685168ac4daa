"""The evaluate and compare stages on a tiny data set and two saved variants of a real backbone."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from PIL import Image

pytest.importorskip("efficientnet_lite_pytorch")

from pacl_core.errors import UserError
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.params import load
from pacl_core.params.models import BackboneParams
from stages import compare, evaluate

PARAMS = load(Path(__file__).parents[2] / "params.yaml")
PARAMS = PARAMS.model_copy(
    update={
        "evaluate": PARAMS.evaluate.model_copy(
            update={"datasets": ("shades",), "epochs": 3, "seeds": 2, "bootstrap": 100}
        )
    }
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """32 pictures whose valence is their shade; `initial` and `pacl` are the same backbone."""
    root = tmp_path_factory.mktemp("project")
    shades = np.linspace(0, 1, 32)
    images = []
    for shade in shades:
        stream = io.BytesIO()
        Image.new("RGB", (64, 64), (int(255 * shade), 60, 60)).save(stream, "JPEG")
        images.append(stream.getvalue())
    columns = {
        "item_id": [f"shade{i:02}" for i in range(32)],
        "image": images,
        "pixel_hash": [f"picture{i:02}" for i in range(32)],
        "split": [("train", "train", "val", "test")[i % 4] for i in range(32)],
        "valence": pa.array(shades, pa.float32()),
        "light": pa.array((shades > 0.5).astype(int), pa.int32()),
        "dark_share": pa.array(1 - shades, pa.float32()),
        "light_share": pa.array(shades, pa.float32()),
    }
    (root / "data/downstream").mkdir(parents=True)
    pq.write_table(pa.table(columns), root / "data/downstream/shades.parquet")
    tasks = [
        {"name": "valence", "kind": "regression", "columns": ["valence"], "classes": None, "scale": [0, 1]},
        {
            "name": "light",
            "kind": "single_label",
            "columns": ["light"],
            "classes": ["dark", "light"],
            "scale": None,
        },
        {
            "name": "shares",
            "kind": "distribution",
            "columns": ["dark_share", "light_share"],
            "classes": ["dark", "light"],
            "scale": None,
        },
    ]
    (root / "data/downstream/shades.json").write_text(json.dumps({"name": "shades", "tasks": tasks}))
    backbone = load_backbone(
        BackboneParams(kind="efficientnet_lite", name="efficientnet_lite0", image_size=64)
    )
    for variant in ("initial", "pacl"):
        folder = root / "models" / variant
        folder.mkdir(parents=True)
        save_model(folder, backbone, training=None, projectors=None)
    return root


def run_evaluate(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["evaluate", *arguments])
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    evaluate.main(PARAMS)


def test_equal_variants_differ_by_nothing_and_rerunning_changes_no_byte(project, monkeypatch):
    monkeypatch.chdir(project)
    for variant in ("initial", "pacl"):
        run_evaluate(monkeypatch, "shades", "linear", variant)
    compare.main(PARAMS)
    tree = json.loads(Path("metrics/comparison.json").read_text())["shades-linear"]
    assert set(tree) == {"valence", "light", "shares"}
    for metrics in tree.values():
        for leaf in metrics.values():
            assert (leaf["difference"], leaf["low"], leaf["high"]) == (0, 0, 0)
            assert leaf["initial"] == leaf["pacl"]
    table = pcsv.read_csv("plots/comparison.csv")
    assert table.num_rows == 2 * sum(len(metrics) for metrics in tree.values())
    summary = json.loads(Path("evaluation/shades-linear-pacl.json").read_text())
    assert summary["test_items"] == 8
    assert len(summary["tasks"]["valence"]["r2"]["per_seed"]) == 2

    files = [path for path in sorted(Path("evaluation").iterdir()) if "pacl" in path.name]
    before = [path.read_bytes() for path in files]
    run_evaluate(monkeypatch, "shades", "linear", "pacl")
    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shades", "linear"), "usage"),
        (("shades", "liner", "pacl"), "unknown protocol 'liner'; did you mean 'linear'"),
        (("shade", "linear", "pacl"), "shade.json: missing"),
        (("shades", "linear", "emotionclip"), "models/emotionclip: no such variant"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(project, monkeypatch, arguments, message):
    monkeypatch.chdir(project)
    with pytest.raises(UserError, match=message):
        run_evaluate(monkeypatch, *arguments)
