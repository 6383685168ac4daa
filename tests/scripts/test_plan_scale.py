"""The plan's arithmetic, worked by hand."""

import re
import shlex
import subprocess
import sys

import pytest

from tests.paths import ROOT

SCRIPTS = ROOT / "scripts"
RATES = [
    *("--decodes-per-second", "100", "--images-per-second", "200"),
    *("--texts-per-second", "400", "--train-images-per-second", "50"),
]


def plan(*arguments: str) -> dict[str, list[str]]:
    """The rows of both tables by their first cell."""
    command = [sys.executable, str(SCRIPTS / "plan_scale.py"), *arguments, *RATES]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if "|" in line
    ]
    return {row[0]: row[1:] for row in rows if row[0] != "all"}


def test_hours_are_items_over_rate_and_cost_is_hours_times_price() -> None:
    found = plan("--pairs", "3.6e6", "--devices", "4", "--price", "2")
    assert found["pairs"] == ["3,600,000", "100", "10.0", "10.0", "20"]  # one machine decodes
    assert found["image_embeddings"] == ["3,600,000", "200", "5.0", "1.2", "10"]
    assert found["emotional_scores, texts and phrases"][2] == "5.0"


def test_repeats_pass_no_model_but_are_decoded() -> None:
    found = plan("--pairs", "3.6e6", "--set", "distinct_images=0.5")
    assert found["image_embeddings"][2] == "2.5"
    assert found["pairs"][2] == "10.0"


def test_training_sees_each_active_partition_at_the_length_of_the_largest() -> None:
    # 3 epochs of 1,000 pairs: 220; then 3 x 255; then 4 x 270
    found = plan("--pairs", "1000", "--set", "epochs=3")
    assert found["train"][0] == f"{220 + 3 * 255 + 4 * 270:,}"


# a sample: 20,000 + 120 + 1,024 x 4 + 200 = 24,416 bytes; 4,095 of them are 100 MB
@pytest.mark.parametrize(("megabytes", "files"), [(10_000, "100"), (100, "245")])
def test_a_shard_is_closed_at_whichever_bound_it_meets_first(megabytes: int, files: str) -> None:
    bounds = ["shard_samples=10000", f"shard_bytes={megabytes * 1_000_000}"]
    assert plan("--pairs", "1e6", "--set", *bounds)["data/shards"][0] == files


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        plan("--pairs", "10", "--set", "picture_byte=3")


def test_the_page_shows_what_its_command_prints() -> None:
    page = (SCRIPTS.parent / "docs/scale.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```(?:sh)?\npython (scripts/plan_scale\.py .*?)```", page, re.DOTALL)
    words = shlex.split(command.replace("\\\n", " "))
    said = subprocess.run(
        [sys.executable, *words], cwd=SCRIPTS.parent, capture_output=True, text=True, check=True
    ).stdout
    tables = said[said.index("| artefact") :].strip()
    assert tables in page
