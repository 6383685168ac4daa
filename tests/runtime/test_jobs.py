"""Jobs in threads and on a real Ray cluster: results, errors, workers that are lost (jobs, ray_cluster)."""

import os
import signal
import time
from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.runtime import ray_cluster
from pacl_core.runtime.jobs import Jobs, jobs, threads
from pacl_core.runtime.ray_cluster import go_home, home, room
from pacl_core.runtime.settings import Runtime
from tests.ray_here import ray_here  # noqa: F401

RAY = Runtime("cpu", None, None, engine="ray")


def where(number: int) -> tuple[int, int, str]:
    return number, os.getpid(), str(Path.cwd())


def fails() -> None:
    raise UserError("this file is broken")


def dies_once(marker: Path) -> str:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done again"


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def check(those: Jobs) -> set[int]:
    """Results are those of their jobs; the processes that did them."""
    started = [those.start("where", where, number) for number in range(6)]
    found = [one.result() for one in started]
    assert [number for number, _, _ in found] == list(range(6))
    assert {folder for _, _, folder in found} == {str(Path.cwd())}
    broken = those.start("fails", fails)
    with pytest.raises(UserError, match=r"^this file is broken$"):
        broken.result()
    return {process for _, process, _ in found}


def test_threads() -> None:
    with threads(2) as those:
        assert those.at_once == 2
        assert check(those) == {os.getpid()}


def test_what_has_not_begun_is_dropped_at_the_end(tmp_path: Path) -> None:
    with threads(1) as those:
        for number in range(5):
            those.start("wait", time.sleep, 0.2)
            those.start("touch", (tmp_path / str(number)).touch)
    assert len(list(tmp_path.iterdir())) < 5


@pytest.mark.usefixtures("ray_here")
def test_on_ray_they_run_in_the_projects_folder_of_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with jobs(RAY, "media") as those:
        assert those.at_once >= 1
        assert os.getpid() not in check(those)
        assert those.start("once", dies_once, tmp_path / "marker").result() == "done again"
        with pytest.raises(UserError, match=r"^a\.mkv: lost 3 Ray workers"):
            those.start("a.mkv", dies).result()


def test_a_node_needs_the_folder_and_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = home("media")
    monkeypatch.chdir("/")
    go_home(here)
    assert Path.cwd() == tmp_path
    with pytest.raises(UserError, match="another version of pacl is there"):
        go_home(here._replace(code="0"))
    with pytest.raises(UserError, match=r"no folder .*gone; all nodes need it"):
        go_home(here._replace(folder=str(tmp_path / "gone")))


def test_room_is_counted_node_by_node() -> None:
    assert room([{"CPU": 3}, {"CPU": 1.0}, {"GPU": 4}], "CPU", 2) == 1


def test_an_address_without_a_cluster_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster.ray_module(), "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    with pytest.raises(UserError, match="RAY_ADDRESS=nonsense: no cluster there"), ray_cluster.cluster():
        pass
