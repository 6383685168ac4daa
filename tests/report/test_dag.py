"""The image of the DAG: what dvc.yaml says, what is on disk, and boxes that do not cover each other."""

import json
from itertools import combinations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.report.charts.layers import layout
from pacl_core.report.sections.dag import size_text, stage_graph, time_text
from pacl_core.report.stages import read_stages
from tests.paths import ROOT


def stages(root):
    return {stage.name: stage for stage in read_stages(root)}


def test_stages_read_from_those_whose_files_they_name(artefacts):
    found = stages(artefacts)
    assert {name: set(stage.after) for name, stage in found.items()} == {
        "pairs": set(),
        "partition": {"pairs"},
        "evaluate": {"partition"},
        "compare": {"evaluate", "pairs"},
        "later": {"compare"},
        "report": {"compare", "pairs"},
    }


def test_state_sizes_and_instances_are_those_on_disk(artefacts):
    found = stages(artefacts)
    pairs = sum(path.stat().st_size for path in (artefacts / "data/pairs").iterdir())
    assert found["pairs"].size == pairs + (artefacts / "metrics/pairs.json").stat().st_size
    assert found["evaluate"].instances == 2
    assert (found["compare"].built, len(found["compare"].outs)) == (1, 2)
    assert found["later"].built == 0
    states = {row["name"]: row["state"] for row in stage_graph(artefacts)["rows"]}
    assert states == {
        "pairs": "built",
        "partition": "built",
        "evaluate": "built",
        "compare": "partly",
        "later": "missing",
        "report": "built",
    }


def test_a_wildcard_does_not_take_what_another_stage_names(tmp_path):
    tree = {"train": {"outs": ["models/pacl"]}, "variant": {"foreach": {}, "do": {"outs": ["models/${key}"]}}}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": tree}))
    (tmp_path / "models/pacl").mkdir(parents=True)
    (tmp_path / "models/.gitignore").write_text("/*")
    assert (stages(tmp_path)["variant"].built, stages(tmp_path)["variant"].instances) == (0, 0)
    assert stages(tmp_path)["train"].built == 1


def test_times_are_shown_where_this_machine_has_a_record(artefacts):
    assert stage_graph(artefacts)["seconds"] is None
    folder = artefacts / ".pacl/timings"
    folder.mkdir(parents=True)
    for name, instance, seconds, peak in (
        ("pairs", [], 61.0, 100),
        ("evaluate", ["pacl"], 2.0, 300),
        ("evaluate", ["initial"], 3.0, 200),
    ):
        record = {"stage": name, "instance": instance, "seconds": seconds, "cpu_seconds": 1.0}
        file = folder / f"{'@'.join([name, *instance])}.json"
        file.write_text(json.dumps(record | {"peak_memory_mb": peak}))
    graph = stage_graph(artefacts)
    rows = {row["name"]: row for row in graph["rows"]}
    assert graph["seconds"] == "1 min 6 s"
    assert rows["pairs"]["seconds"] == "1 min 1 s"
    assert (rows["evaluate"]["seconds"], rows["evaluate"]["peak_memory"]) == ("5.0 s", "300 MB")
    assert graph["not_timed"] == ["partition", "compare"]


def test_no_dvc_yaml_no_image(tmp_path):
    assert stage_graph(tmp_path) is None


def test_the_projects_own_dag_is_one_piece_and_ends_in_the_report():
    found = stages(ROOT)
    assert {name for name, stage in found.items() if not stage.after} == {
        "pairs",
        "initial",
        "variant",
        "downstream",
    }
    read = {one for stage in found.values() for one in stage.after}
    assert set(found) - read == {"report"}


graphs = st.integers(2, 12).flatmap(
    lambda size: st.lists(
        st.sampled_from(list(combinations([f"n{i}" for i in range(size)], 2))), unique=True
    ).map(lambda edges: {f"n{i}": {a for a, b in edges if b == f"n{i}"} for i in range(size)})
)


@settings(max_examples=60, deadline=None)
@given(after=graphs)
def test_boxes_do_not_overlap_and_arrows_go_down(after):
    found = layout(after, (10, 4), (2, 3), lane=1)
    for (_, (ax, ay)), (_, (bx, by)) in combinations(found.centres.items(), 2):
        assert abs(ay - by) > 4 or abs(ax - bx) >= 12 - 1e-6
    for (start, end), way in found.ways.items():
        assert start in after[end]
        heights = [found.centres[start][1], *[y for _, y in way], found.centres[end][1]]
        assert heights == sorted(set(heights))
    for x, y in found.centres.values():
        assert 5 - 1e-6 <= x <= found.width - 5 + 1e-6
        assert 2 - 1e-6 <= y <= found.height - 2 + 1e-6
    reached = reachable({end: {a for a, b in found.ways if b == end} for end in after})
    assert reached == reachable(after)


def reachable(after):
    def up(name):
        return after[name].union(*(up(one) for one in after[name]))

    return {name: up(name) for name in after}


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (65_733_716, "65.7 MB"), (2.5e12, "2.5 TB"), (999_600, "1 MB")],
)
def test_sizes_read_well(size, said):
    assert size_text(size) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.04, "0.0 s"), (65, "1 min 5 s"), (7500, "2 h 5 min")])
def test_times_read_well(seconds, said):
    assert time_text(seconds) == said
