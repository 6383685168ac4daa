"""The last commit, in real repositories of git, with DVC's files as it writes them."""

import hashlib
import subprocess

import pytest

from pacl_core.project.committed import committed_file, last_commit

LOCK = """schema: '2.0'
stages:
  evaluate:
    cmd: true
    outs:
    - path: metrics/comparison.json
      hash: md5
      md5: {md5}
      size: 2
"""


def git(folder, *asked):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *who, *asked), cwd=folder, check=True, capture_output=True)


def commit_run(folder, content: bytes, cache: str = ".dvc/cache"):
    """A commit whose run wrote `content` as its comparison."""
    md5 = hashlib.md5(content).hexdigest()
    kept = folder / cache / "files/md5" / md5[:2] / md5[2:]
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    (folder / "dvc.lock").write_text(LOCK.format(md5=md5))
    git(folder, "init", "-q")
    git(folder, "add", "dvc.lock")
    git(folder, "commit", "-qm", "a run")
    return kept


def test_the_commit_and_whether_files_changed_since(tmp_path):
    commit_run(tmp_path, b"[]")
    commit = last_commit(tmp_path)
    assert len(commit.name) == 7 and str(commit) == commit.name and not commit.changed
    with (tmp_path / "dvc.lock").open("a") as lock:
        lock.write("# another run\n")
    last = last_commit(tmp_path)
    assert last.name == commit.name and str(last) == f"{commit.name} + changes"
    git(tmp_path, "tag", "v1")
    assert last_commit(tmp_path) == last  # the nearest tag may be hundreds of commits away


@pytest.mark.parametrize(
    ("cache", "settings"),
    [(".dvc/cache", ""), ("kept", "[core]\n    autostage = false\n[cache]\n    dir = ../kept\n")],
)
def test_what_an_output_was_is_taken_from_the_cache(tmp_path, cache, settings):
    kept = commit_run(tmp_path, b"[]", cache)
    (tmp_path / ".dvc").mkdir(exist_ok=True)
    (tmp_path / ".dvc/config").write_text(settings)
    (tmp_path / "dvc.lock").write_text(LOCK.format(md5="0" * 32))  # the run after the commit
    commit = last_commit(tmp_path)
    assert committed_file(commit, "metrics/comparison.json").samefile(kept)
    assert committed_file(commit, "metrics/other.json") is None
    kept.unlink()
    assert committed_file(commit, "metrics/comparison.json") is None


def test_a_project_below_the_top_of_its_repository(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    kept = commit_run(project, b"[]")
    (project / ".git").rename(tmp_path / ".git")
    git(tmp_path, "add", "project/dvc.lock")
    git(tmp_path, "commit", "-qam", "moved")
    assert committed_file(last_commit(project), "metrics/comparison.json") == kept


def test_without_git_or_a_commit_or_a_run(tmp_path, monkeypatch):
    assert last_commit(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert last_commit(tmp_path) is None
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "no run")
    commit = last_commit(tmp_path)
    assert committed_file(commit, "metrics/comparison.json") is None
    monkeypatch.setenv("PATH", "")
    assert last_commit(tmp_path) is None
