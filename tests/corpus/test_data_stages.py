"""The stages as a user meets them: real processes in a project folder of their own."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from tests.paths import ROOT


def project(folder: Path, **pairs: Any) -> Path:
    """A folder with params.yaml as committed, but for the section `pairs`."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["pairs"].update(pairs)
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return folder


def stage(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_pairs_writes_its_outs(tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    posts.mkdir()
    stream = io.BytesIO()
    Image.new("RGB", (300, 200), "navy").save(stream, "JPEG")
    for name, image in [
        ("a", stream.getvalue()),
        ("b", stream.getvalue()[:400]),
        ("c", b"<html>gone</html>"),
    ]:
        (posts / f"{name}.jpg").write_bytes(image)
        (posts / f"{name}.txt").write_text(f"post {name}")
    done = stage(project(tmp_path, reader="folder", path="posts", image_size=64), "stages.pairs")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "metrics/pairs.json").read_text()) == {
        "read": 3,
        "pairs": 1,
        "rejected": 2,
        "rejected_by_reason": {"truncated": 1, "web_page": 1},
        "near_duplicates": 0,
        "cleaned_texts": 0,
    }
    assert pq.read_table(tmp_path / "data/pairs")["text"].to_pylist() == ["post a"]
    assert pq.read_table(tmp_path / "data/pairs_rejected.parquet")["source"].to_pylist() == ["b", "c"]


@pytest.mark.parametrize(
    ("pairs", "line"),
    [
        ({"reader": "foldr"}, "unknown reader 'foldr'; did you mean 'folder'?"),
        ({"reader": "folder", "path": "nowhere"}, "nowhere: no such folder"),
        ({"reader": "folder", "path": "."}, "no usable pair among 1 inputs, rejected as: other_file 1"),
    ],
)
def test_a_mistake_ends_pairs_with_one_line(tmp_path: Path, pairs: dict[str, Any], line: str) -> None:
    done = stage(project(tmp_path, **pairs), "stages.pairs")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"pairs: error: {line}")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data/pairs").exists()


def test_downstream_names_the_data_sets_it_knows(tmp_path: Path) -> None:
    done = stage(project(tmp_path), "stages.downstream", "emoji_sentimen")
    assert done.returncode == 1
    assert (
        done.stderr
        == "downstream: error: unknown data set 'emoji_sentimen'; did you mean 'emoji_sentiment'?\n"
    )


def test_stages_without_a_model_do_not_load_torch() -> None:
    program = (
        "import sys, stages.pairs, stages.downstream, stages.leaks;"
        "from pacl_core.runtime.settings import runtime;"
        "runtime(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
