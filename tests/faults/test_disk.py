"""A full disk and a read-only one: one line that names the file, nothing half-done, and on it goes."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.processes import Starter, drafts, remove, tree
from tests.faults.small_reference import Reference
from tests.faults.test_kill import MODULES, of_module, whole_or_not_at_all

pytestmark = pytest.mark.dag

PAGE = 4096
ROOM = 256 << 20  # more than any stage needs


@pytest.fixture(scope="module")
def small(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """The project on a disk of its own, in memory, that can be filled."""
    disk = tmp_path_factory.mktemp("disk")
    files = [path for path in reference.root.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size + PAGE for path in files) + ROOM
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk))
    try:
        shutil.copytree(reference.root, disk / "project", ignore=shutil.ignore_patterns(".git", ".dvc"))
        yield replace(reference, root=disk / "project")
    finally:
        subprocess.run(("umount", "-l", str(disk)), check=True)


def mount(*arguments: str) -> None:
    """Skips where this user may not mount."""
    done = subprocess.run(("mount", *arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


@contextmanager
def full_but_for(folder: Path, room: int) -> Iterator[None]:
    filler = folder / "filler"
    free = shutil.disk_usage(folder).free // PAGE * PAGE
    with filler.open("wb") as file:
        for start in range(0, free - room, 1 << 24):
            file.write(bytes(min(1 << 24, free - room - start)))
    assert shutil.disk_usage(folder).free == room
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Root too may not write there: permissions would not stop it."""
    mount("--bind", str(folder), str(folder))
    try:
        mount("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True)


# of the system, and of SQLite, which keeps the state of the pairs
FULL = (": No space left on device", ": database or disk is full")


def the_line(output: str, stage: str) -> str:
    """The only error line; no traceback, not of another thread either."""
    for unwanted in ("Traceback", "Exception ignored", "panicked"):
        assert unwanted not in output, output
    (line,) = [line for line in output.splitlines() if line.startswith(f"{stage}: error:")]
    return line


@pytest.mark.parametrize("module", MODULES)
def test_a_full_disk(small: Reference, start: Starter, module: str) -> None:
    """Full from the beginning, and with room for half of what the stage leaves."""
    for stage in of_module(small, module):
        expected = small.outs[stage.name]
        pages = sum(-(-len(content) // PAGE) for content in expected.values())
        for room in sorted({0, pages // 2 * PAGE}):
            remove(small.root, stage)
            with full_but_for(small.root, room):
                done = start.run(small.root, *stage.arguments)
                assert done.wait() == 1, done.output
                line = the_line(done.output, module)
                said = next((one for one in FULL if one in line), None)
                assert said is not None, line
                named = line.removeprefix(f"{module}: error: ").partition(said)[0]
                places = [Path(".pacl"), *(Path(out).parent for out in stage.outs)]
                assert any(Path(named).is_relative_to(place) for place in places), line
                whole_or_not_at_all(stage, tree(small.root, stage), expected)
                assert not drafts(small.root)
        finishes(small, start, module)


@pytest.mark.parametrize("module", MODULES)
def test_a_read_only_folder(small: Reference, start: Starter, module: str) -> None:
    for stage in of_module(small, module):
        remove(small.root, stage)
        top = small.root / Path(stage.outs[0]).parts[0]
        if top == small.root / stage.outs[0]:
            top = small.root
        with read_only(top):
            done = start.run(small.root, *stage.arguments)
            assert done.wait() == 1, done.output
            line = the_line(done.output, module)
            assert line.endswith(": Read-only file system"), line
            whole_or_not_at_all(stage, tree(small.root, stage), small.outs[stage.name])
    finishes(small, start, module)


def finishes(small: Reference, start: Starter, module: str) -> None:
    for stage in of_module(small, module):
        remove(small.root, stage)
        again = start.run(small.root, *stage.arguments)
        assert again.wait() == 0, again.output
        assert tree(small.root, stage) == small.outs[stage.name]
        assert not drafts(small.root)


def test_the_line_names_the_file_where_a_file_may_not_grow(reference: Reference, start: Starter) -> None:
    """A limit that holds on every system and for every user."""
    stage = reference.stages["shards"]
    remove(reference.root, stage)
    done = start.run(reference.root, *stage.arguments, FILE_LIMIT="4096")
    assert done.wait() == 1, done.output
    assert the_line(done.output, "shards").endswith(": File too large")
    assert tree(reference.root, stage) == {}
    again = start.run(reference.root, *stage.arguments)
    assert again.wait() == 0, again.output
    assert tree(reference.root, stage) == reference.outs["shards"]


def test_shards_move_to_another_mount(small: Reference, start: Starter) -> None:
    """As with a volume of a container: a rename from the scratch does not reach it."""
    stage = small.stages["shards"]
    remove(small.root, stage)
    data = small.root / "data"
    mount("--bind", str(data), str(data))
    try:
        done = start.run(small.root, *stage.arguments)
        assert done.wait() == 0, done.output
        assert tree(small.root, stage) == small.outs["shards"]
    finally:
        subprocess.run(("umount", "-l", str(data)), check=True)
