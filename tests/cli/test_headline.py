"""What `make repro` prints at its end."""

import json

import pytest

from pacl_core.cli.headline import headline

SHARES = {"strong": 0.5, "partial_emotional": 0.1, "partial_factual": 0.1, "partial": 0.2, "weak": 0.3}
PARTITION = {
    "pairs": 40,
    "shares": SHARES,
    "published_shares": {"strong": 0.22, "partial": 0.51, "weak": 0.27},
    "agreement": {"factual_auc": 0.853, "emotional_auc": 0.642, "accuracy": 0.5},
}


def write(root, path, value):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(json.dumps(value))


@pytest.fixture
def lines(tmp_path):
    """`lines(**changes)`: the lines for a run whose partition has these changes."""

    def of(**changes):
        write(tmp_path, "metrics/partition.json", PARTITION | changes)
        return headline(tmp_path)

    return of


def test_where_everything_is_and_the_shares(lines, tmp_path):
    said = lines()
    assert said[0].split() == ["report", str(tmp_path / "report/index.html")]
    assert "strong 50.0% (published 22%)" in said[2]
    assert said[3].strip() == (
        "against the provenance of the pairs: AUC factual 0.853, emotional 0.642; right partition 50.0%"
    )


def test_one_provenance_has_no_auc(lines):
    """All pairs match, or none does: it used to end `make repro` with a traceback."""
    said = lines(agreement=PARTITION["agreement"] | {"factual_auc": None, "emotional_auc": None})
    assert "AUC factual undefined, emotional undefined; right partition 50.0%" in said[3]


def test_no_provenance_no_line(lines):
    assert not any("AUC" in line for line in lines(agreement=None))


def test_differences_have_their_intervals(lines, tmp_path):
    row = {"initial": 0.5, "pacl": 0.625, "difference": 0.125, "low": -0.01, "high": 0.26}
    write(tmp_path, "metrics/results/faces-linear-mood-accuracy.json", row)
    write(tmp_path, "metrics/results/faces-linear-mood-r2.json", row | {"difference": None})
    (line,) = [line for line in lines() if "faces" in line]
    assert line.split()[1:] == ["0.500", "->", "0.625", "+0.125", "[-0.010,", "+0.260]"]


def test_the_time_of_all_stages(lines, tmp_path):
    assert not any(line.startswith("time") for line in lines())
    for name, seconds in (("pairs", 80.0), ("evaluate@faces-pacl", 100.0)):
        took = {"seconds": seconds, "cpu_seconds": 1.0, "peak_memory_mb": 5}
        write(tmp_path, f".pacl/timings/{name}.json", took)
    assert lines()[-1].startswith("time        3 min for all stages")
