"""The examples of docs/extending.md, written into a copy of the project and run."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from tests.docs.pages import ROOT, Block, blocks
from tests.faults.processes import starter

EXAMPLES = [block for block in blocks() if block.page == "docs/extending.md" and block.title]


def section(name: str) -> list[Block]:
    """The titled blocks under a heading, in order."""
    lines = (ROOT / "docs/extending.md").read_text().splitlines()
    headings = [number for number, line in enumerate(lines, 1) if line.startswith("## ")]
    start = next(number for number in headings if lines[number - 1] == f"## {name}")
    end = min((number for number in headings if number > start), default=len(lines) + 1)
    return [block for block in EXAMPLES if start < block.line < end]


class Copy:
    """A copy of the project's code that a test may change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("pacl_core", "stages", "data/datasets"):
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "params.yaml", root)

    def apply(self, name: str) -> None:
        """Do what the blocks of a section say: files, edits, params."""
        for block in section(name):
            target = self.root / str(block.title)
            if block.language == "diff":
                target.write_text(patched(target.read_text(), block.text))
            elif target.name == "params.yaml":
                tree = yaml.safe_load(target.read_text())
                for key, values in yaml.safe_load(block.text).items():
                    tree[key] = values
                target.write_text(yaml.safe_dump(tree))
            else:
                assert not target.exists()
                target.write_text(block.text)

    def run(self, stage: str, *arguments: str) -> None:
        done = starter().run(self.root, stage, *arguments)
        assert done.wait() == 0, done.output


def patched(text: str, diff: str) -> str:
    """`text` with one hunk applied; its old lines must stand in it once."""
    lines = diff.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    assert text.count(old) == 1, f"docs/extending.md: not in the file as it is now:\n{old}"
    return text.replace(old, new)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    yield Copy(tmp_path)


def image(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(path, "PNG")


def test_a_data_set(copy: Copy) -> None:
    copy.apply("A data set to evaluate on")
    for number in range(40):
        path = copy.root / f"data/corpora/moods/{number}.png"
        image(path, number)
        path.with_suffix(".label").write_text("calm\n" if number % 2 else "tense\n")
    image(copy.root / "data/corpora/moods/alone.png", 99)
    copy.run("downstream", "moods")
    stored = pl.read_parquet(copy.root / "data/downstream/moods.parquet")
    assert stored["mood"].value_counts()["count"].to_list() == [20, 20]
    rejected = pl.read_parquet(copy.root / "data/downstream/moods_rejected.parquet")
    assert "no_label" in rejected["reason"].to_list()


def test_a_backbone(copy: Copy) -> None:
    """What is saved is what the library knows: its own network takes it whole."""
    import torch
    import torchvision
    from safetensors.torch import load_file, save_file

    copy.apply("A backbone")
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None)
    (copy.root / "data/weights").mkdir()
    save_file(network.state_dict(), copy.root / "data/weights/resnet18.safetensors")
    copy.run("initial")
    torchvision.models.resnet18(weights=None).load_state_dict(
        load_file(copy.root / "models/initial/backbone.safetensors")
    )


def test_a_text_encoder(copy: Copy) -> None:
    copy.apply("A text encoder")
    for number in range(3):
        image(copy.root / f"posts/{number}.png", number)
        (copy.root / f"posts/{number}.txt").write_text(f"caption {number}")
    params = copy.root / "params.yaml"
    tree = yaml.safe_load(params.read_text())
    tree["pairs"] |= {"reader": "folder", "path": "posts"}
    params.write_text(yaml.safe_dump(tree))
    copy.run("pairs")
    copy.run("text_embeddings")
    vectors = np.load(copy.root / "data/embeddings/text/vectors.npy")
    assert vectors.shape == (3, 256)
    assert (vectors.sum(axis=1) != 0).all()


def test_the_examples_pass_the_house_checks(tmp_path: Path) -> None:
    for block in EXAMPLES:
        if block.language == "python":
            target = tmp_path / str(block.title)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ruff = Path(sys.executable).parent / "ruff"
    for command in (("check",), ("format", "--check")):
        done = subprocess.run(
            [ruff, *command, "--no-cache", "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_files_and_tests_that_are_named_exist() -> None:
    text = (ROOT / "docs/extending.md").read_text()
    for name in re.findall(r"`((?:tests|pacl_core|data)/[\w/.]+)`", text):
        assert (ROOT / name).exists(), name
