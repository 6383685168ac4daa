"""The rendered corpus as it is stored."""

from pathlib import Path

import yaml

from tests.corpus.clips.stores import params, stored
from tests.paths import ROOT


def test_clips_of_a_recipe(tmp_path: Path) -> None:
    recipe = yaml.safe_load((ROOT / "data/corpora/clips.yaml").read_text()) | {"clips": 5}
    (tmp_path / "clips.yaml").write_text(yaml.safe_dump(recipe))
    those = params("rendered", tmp_path / "clips.yaml", image_size=112)
    found = stored(tmp_path / "out", those)
    assert [row["sample_id"] for row in found.rows] == [f"rendered-{number:06d}" for number in range(5)]
    for row in found.rows:
        assert 2.25 <= row["end"] <= 3
        assert len(row["frames"]) == len(row["times"]) == len(row["given_boxes"]) == 16
        assert all(len(boxes) == 1 for boxes in row["given_boxes"])
        assert (row["width"], row["height"]) == (149, 112)
    assert found.counts["boxes"] == 80
    assert stored(tmp_path / "again", those, workers=1).files == found.files
