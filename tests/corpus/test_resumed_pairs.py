"""A run of `pairs` that was interrupted resumes (`pair_store_state`), and ends with the same bytes."""

import io
import logging
import random
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from pacl_core.corpus import pair_parts, pair_store
from pacl_core.corpus.readers import Post
from pacl_core.errors import UserError
from pacl_core.media import images as normalising
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams
from pacl_core.runtime.scratch import scratch
from tests.faults.processes import Process, starter, until
from tests.paths import ROOT

PARAMS = PairsParams.model_validate(
    {
        "reader": "none",
        "path": "none",
        "image_size": 32,
        "text": {"urls": "remove", "whitespace": "collapse"},
        "near_duplicates": {"distance": 4},
    }
)


def image(seed: int, side: int = 40, form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC).save(stream, form)
    return stream.getvalue()


def items(count: int) -> list[Post | Rejected]:
    """Pairs, broken images, empty texts, duplicates of both kinds, and inputs that a reader rejects."""
    found: list[Post | Rejected] = []
    for number in range(count):
        kind = number % 11
        if kind == 3:
            found.append(Rejected(f"x{number}", "missing_text", "none"))
        elif kind == 5:
            found.append(Post(f"p{number}", b"<html>", "a page"))
        elif kind == 7:
            found.append(Post(f"p{number}", image(number), "http://t.co/x"))
        else:
            text = "the same" if kind == 9 else f"text  {number}"
            found.append(Post(f"p{number}", image(seed_of(number)), text, {"provenance": "kept"}))
    return found


def seed_of(number: int) -> int:
    """Every third image comes three times, and one with the same text again and again."""
    return 0 if number % 11 == 9 else number - number % 3


class KilledError(BaseException):
    """What stands in for a kill: nothing in the project catches it."""


def interrupted(found: list[Post | Rejected], stop: int | None) -> Iterator[Post | Rejected]:
    for place, item in enumerate(found):
        if place == stop:
            raise KilledError
        yield item


def store(folder: Path, found: list[Post | Rejected], stop: int | None = None) -> dict[str, bytes]:
    """The bytes that a run publishes in `folder`."""
    with scratch("pairs", "key", folder / "scratch") as unfinished:
        pair_store.write_pairs(
            lambda: interrupted(found, stop),
            PARAMS,
            pair_store.StorePaths(folder / "pairs", folder / "rejected.parquet", unfinished),
            workers=2,
            part_bytes=20_000,
        )
    assert not (folder / "scratch/pairs").exists()
    files = [folder / "rejected.parquet", *sorted((folder / "pairs").iterdir())]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of a few rows, so that a few hundred inputs make several parts."""
    for module in (pair_store, pair_parts):
        monkeypatch.setattr(module, "ROW_GROUP", 8)
    monkeypatch.setattr(pair_store, "_INPUTS", 20)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each image that is decoded."""
    calls: list[int] = []
    plain = normalising.normalise_image

    def counted(*arguments: object) -> object:
        calls.append(1)
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(normalising, "normalise_image", counted)
    return calls


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("stops", [[0], [7], [8], [60, 61, 140], [133], [199], list(range(5, 200, 13))])
def test_interrupted_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, stops: list[int], caplog: pytest.LogCaptureFixture, decoded: list[int]
) -> None:
    caplog.set_level(logging.INFO, "pacl")
    found = items(200)
    undisturbed = store(tmp_path / "whole", found)
    assert len(undisturbed) > 4  # several parts
    whole = len(decoded)
    for stop in stops:
        with pytest.raises(KilledError):
            store(tmp_path / "cut", found, stop)
        assert not (tmp_path / "cut/pairs").exists() and not (tmp_path / "cut/rejected.parquet").exists()
    caplog.clear()
    decoded.clear()
    assert store(tmp_path / "cut", found) == undisturbed
    done = [int(count) for count in re.findall(r"continuing after (\d+) inputs", caplog.text)]
    # with eight rows a piece at most twenty inputs are done again, and those that were read ahead
    assert (done or [0])[0] >= max(stops) - 40
    assert len(decoded) <= whole - sum(isinstance(item, Post) for item in found[: (done or [0])[0]])


@pytest.mark.usefixtures("small")
def test_a_run_that_failed_while_it_published_only_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[int]
) -> None:
    undisturbed = store(tmp_path / "whole", items(100))
    with monkeypatch.context() as patched:
        patched.setattr(pair_parts.PairParts, "link_into", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            store(tmp_path / "cut", items(100))
    decoded.clear()
    assert store(tmp_path / "cut", items(100)) == undisturbed
    assert not decoded


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("place", [0, 40, 99])
@pytest.mark.parametrize("change", ["image", "text", "key", "rejected", "fewer", "extras"])
def test_a_corpus_that_changed_is_begun_again(
    tmp_path: Path, place: int, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pacl")
    found = items(200)
    with pytest.raises(KilledError):
        store(tmp_path / "cut", found, 170)
    old = found[place]
    assert isinstance(old, Post)
    changed: dict[str, Post | Rejected] = {
        "image": Post(old.sample_id, image(999), old.text, old.extras),
        "text": Post(old.sample_id, old.image, "other", old.extras),
        "key": Post("other", old.image, old.text, old.extras),
        "rejected": Rejected(old.sample_id, "missing_text", "gone"),
        "extras": Post(old.sample_id, old.image, old.text, {"provenance": "random"}),
    }
    found[place : place + 1] = [changed[change]] if change in changed else []
    assert store(tmp_path / "cut", found) == store(tmp_path / "whole", found)
    assert "starting afresh" in caplog.text


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("pattern", ["piece-*", "part-00001*"])
def test_scratch_that_lost_a_file_is_begun_again(tmp_path: Path, pattern: str) -> None:
    found = items(200)
    with pytest.raises(KilledError):
        store(tmp_path / "cut", found, 150)
    next((tmp_path / "cut/scratch").rglob(pattern)).unlink()
    assert store(tmp_path / "cut", found) == store(tmp_path / "whole", found)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("pattern", ["piece-*", "part-00001*", "state.sqlite"])
def test_scratch_with_a_wrong_byte_is_begun_again(tmp_path: Path, pattern: str) -> None:
    found = items(200)
    with pytest.raises(KilledError):
        store(tmp_path / "cut", found, 150)
    file = next((tmp_path / "cut/scratch").rglob(pattern))
    data = bytearray(file.read_bytes())
    data[0 if pattern == "state.sqlite" else len(data) // 2] ^= 1
    file.write_bytes(data)
    assert store(tmp_path / "cut", found) == store(tmp_path / "whole", found)


def test_a_full_disk_under_the_state_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(pair_store.PairStoreState, "commit", full)
    with pytest.raises(UserError, match=r"state\.sqlite: database or disk is full"):
        store(tmp_path, items(20))
    assert not (tmp_path / "pairs").exists()


OUTS = ("data/pairs", "data/pairs_rejected.parquet", "metrics/pairs.json")
POSTS = 1100


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project on a folder of posts, some of them broken, and the outs of an undisturbed run in `whole`."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "posts").mkdir()
    for number, item in enumerate(items(POSTS)):
        if isinstance(item, Post):
            data = item.image if item.image == b"<html>" else image(seed_of(number), 180, "JPEG")
            (folder / f"posts/{number:05d}.jpg").write_bytes(data)
            (folder / f"posts/{number:05d}.txt").write_text(item.text)
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["pairs"] |= {"reader": "folder", "path": "posts", "image_size": 128}
    params["pairs"]["text"]["urls"] = "remove"
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    begun = time.monotonic()
    assert pairs(folder).wait() == 0
    (folder / "seconds").write_text(str(time.monotonic() - begun))
    (folder / "whole").mkdir()
    take(folder, folder / "whole")
    return folder


def start(folder: Path) -> Process:
    return starter().start(folder, "pairs", PYTHONPATH=str(ROOT), PACL_WORKERS="1")


def pairs(folder: Path) -> Process:
    process = start(folder)
    process.wait()
    return process


def pieces(folder: Path) -> int:
    return len(list((folder / ".pacl/scratch/pairs").rglob("piece-*")))


def take(folder: Path, target: Path) -> None:
    """Move the outs away, as DVC does before it runs a stage."""
    for out in OUTS:
        if (folder / out).exists():
            (target / out).parent.mkdir(parents=True, exist_ok=True)
            (folder / out).rename(target / out)


def outs(folder: Path) -> dict[str, bytes]:
    found = {}
    for out in OUTS:
        for file in sorted((folder / out).iterdir()) if (folder / out).is_dir() else [folder / out]:
            found[str(file.relative_to(folder))] = file.read_bytes()
    return found


def kill_at_random(project: Path, tmp_path: Path, rng: random.Random) -> None:
    """Kill the stage at a random moment of its run, let it finish, compare."""
    seconds = float((project / "seconds").read_text())
    process = start(project)
    until(lambda: not process.running, rng.uniform(0, seconds))
    process.kill(signal.SIGKILL)
    assert process.wait() in (0, -signal.SIGKILL)
    again = pairs(project)
    assert again.wait() == 0, again.output
    assert outs(project) == outs(project / "whole")
    assert not (project / ".pacl/scratch/pairs").exists()
    take(project, tmp_path)


@pytest.mark.parametrize("moment", range(3))
def test_killed_at_a_random_moment(project: Path, tmp_path: Path, moment: int) -> None:
    kill_at_random(project, tmp_path, random.Random(moment))


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(20))
def test_killed_at_twenty_random_moments(project: Path, tmp_path: Path, moment: int) -> None:
    kill_at_random(project, tmp_path, random.Random(100 + moment))


def test_killed_past_half_it_goes_on_from_there(project: Path, tmp_path: Path) -> None:
    for _ in range(5):  # on a busy machine the stage may end before it is killed
        process = start(project)
        until(lambda: pieces(project) >= 3 or not process.running, 120)  # noqa: B023
        process.kill(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            break
        take(project, tmp_path / "missed")
    else:
        pytest.fail("the stage ended five times before it could be killed")
    again = pairs(project)
    (done,) = (int(count) for count in re.findall(r"continuing after (\d+) inputs", again.output))
    (rest,) = (int(count) for count in re.findall(r"pairs: (\d+), \d+/s$", again.output, re.MULTILINE))
    total = sum(isinstance(item, Post) for item in items(POSTS))
    assert done >= total / 2 and done + rest == total
    assert outs(project) == outs(project / "whole")
    take(project, tmp_path)


def test_ctrl_c_ends_with_one_line_and_loses_nothing(project: Path, tmp_path: Path) -> None:
    process = start(project)
    until(lambda: pieces(project) >= 2, 120)
    process.kill(signal.SIGINT)
    assert process.wait() == 130
    assert process.output.splitlines()[-1] == "pairs: error: interrupted; 'dvc repro' resumes from here"
    assert "continuing after" in pairs(project).output
    assert outs(project) == outs(project / "whole")
    take(project, tmp_path)


def test_scratch_of_other_params_is_not_continued(project: Path, tmp_path: Path) -> None:
    process = start(project)
    until(lambda: pieces(project) > 0, 120)
    process.kill(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    other = tmp_path / "other"
    other.mkdir()
    shutil.copytree(project / ".pacl", other / ".pacl")
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["pairs"]["text"]["urls"] = "keep"
    params["pairs"]["path"] = str(project / "posts")
    (other / "params.yaml").write_text(yaml.safe_dump(params))
    done = pairs(other)
    assert done.wait() == 0 and "continuing after" not in done.output
    assert not list((other / ".pacl/scratch").glob("pairs/*"))
    assert pairs(project).wait() == 0
    take(project, tmp_path)
