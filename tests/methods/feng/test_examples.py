import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pacl_core.methods.feng.examples import write_examples
from pacl_core.methods.feng.run import make_specialist
from tests.methods.feng import made


@pytest.mark.parametrize("part", ["st", "ho", "hp"])
def test_examples_are_of_what_is_held_out(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "examples"
    folder.mkdir()
    with ThreadPoolExecutor(1) as pool:
        method = make_specialist(made.backbone(tmp_path), made.sets(), made.params(), part=part, pool=pool)
    write_examples(folder, method, 3)
    found = json.loads((folder / "examples.json").read_text())
    assert set(found) == set(method.tasks)
    named = set()
    for shown in found.values():
        assert [one["sample_id"] for one in shown] == ["made 10", "made 11", "made 12"]
        named |= {file for one in shown for file in one["files"].values()}
    assert named | {"examples.json"} == {file.name for file in folder.iterdir()}
    if part == "st":
        assert Image.open(folder / "sr-0-predicted.png").size == (64, 64)
        assert set(found["sr"][0]["files"]) == {"predicted", "bicubic", "true"}
        large, bicubic = (
            np.asarray(Image.open(folder / f"sr-0-{what}.png"), float) for what in ("true", "bicubic")
        )
        assert np.abs(large - bicubic).mean() < large.std()
        true = np.asarray(Image.open(folder / "color-0-true.png"), np.int16)
        assert np.abs(true - np.asarray(Image.open(folder / "color-0-grey.png"), np.int16)).max() > 30
    elif part == "ho":
        assert isinstance(found["jigsaw"][0]["solved"], bool)
        assert found["scene"][1]["true"] == list(made.COLOURS)[11 % 3]
        assert len(found["scene"][1]["said"]) == 3
    else:
        assert found["caption"][0]["true"] == "a green bar stands here"
        assert isinstance(found["caption"][0]["said"], str)
