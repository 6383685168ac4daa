"""The page is a function of the inputs in dvc.yaml: the same bytes on every machine (build, vega)."""

import json
import os
import shutil
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from PIL import ImageFont

from pacl_core.report.build import render
from stages.report import artefacts as artefacts_of
from tests.paths import ROOT

RENDER = """\
import sys
from pathlib import Path
from pacl_core.report.build import render
from stages.report import artefacts
html = render(artefacts(Path()), Path("params.txt").read_text(), count=8, seed=0)
Path("page.html").write_text(html, encoding="utf-8")
"""
DRAW = """\
import sys, vl_convert
legend = {"data": {"values": [{"a": "a few words"}]}, "mark": "point", "encoding": {"color": {"field": "a"}}}
sys.stdout.write(vl_convert.vegalite_to_svg(legend | {"config": {"font": "Roboto, sans-serif"}}))
"""


def inputs() -> list[str]:
    """What dvc.yaml lists for the report, without code."""
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["report"]["deps"]
    return [path for path in listed if not path.startswith(("pacl_core", "stages"))]


def font_called_roboto() -> bytes:
    """Pillow's own font under the name of one that the page asks for: records of a font's name table are
    (platform, encoding, language, which name, bytes, offset)."""
    stream = ImageFont.load_default(20).path
    assert isinstance(stream, BytesIO)
    name, other = (text.encode("utf-16-be") for text in ("Aileron", "Roboto"))
    font = stream.getvalue().replace(name, other + b"\0" * (len(name) - len(other)), 1)
    record, shorter = (struct.pack(">5H", 3, 1, 1033, 1, len(text)) for text in (name, other))
    assert record in font
    return font.replace(record, shorter)


@pytest.fixture
def elsewhere(tmp_path) -> dict[str, str]:
    """The environment of another machine: other fonts, language, time zone and order of sets."""
    (tmp_path / "home/.fonts").mkdir(parents=True)
    (tmp_path / "home/.fonts/roboto.ttf").write_bytes(font_called_roboto())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"HOME": str(tmp_path / "home"), "PYTHONHASHSEED": "5", "PYTHONPATH": str(ROOT)}
    return environment | {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "PACL_WORKERS": "7"}


def python(code: str, folder: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_machine_with_the_listed_inputs_only(project, html, params_text, tmp_path, elsewhere):
    copy = tmp_path / "another place"
    for name in inputs():
        source = project / name
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy / name)
        elif source.is_file():
            shutil.copyfile(source, copy / name)
    for number, path in enumerate(sorted(copy.rglob("*"))):
        os.utime(path, (number, number))
    (copy / "params.txt").write_text(params_text)
    python(RENDER, copy, elsewhere)
    assert (copy / "page.html").read_text(encoding="utf-8") == html


def test_that_machine_draws_in_fonts_of_its_own(tmp_path, elsewhere):
    """Otherwise the test above would show nothing about fonts."""
    (tmp_path / "empty").mkdir()
    here = elsewhere | {"HOME": str(tmp_path / "empty")}
    assert python(DRAW, tmp_path, elsewhere) != python(DRAW, tmp_path, here)


def test_what_the_machine_keeps_next_to_the_inputs_is_not_on_the_page(root, html, params_text):
    took = {"instance": [], "seconds": 61.0, "cpu_seconds": 99.0, "peak_memory_mb": 1234}
    (root / ".pacl/timings").mkdir(parents=True)
    for name in ("pairs", "train"):
        (root / f".pacl/timings/{name}.json").write_text(json.dumps({"stage": name} | took))
    shutil.copytree(root / "models/pacl", root / "models/another")
    (root / "data/shards").mkdir()
    (root / "data/shards/index.json").write_text("{}")
    (root / "dvc.yaml").write_text("stages: {pairs: {cmd: a, outs: [data/pairs]}}")
    assert render(artefacts_of(root), params_text, count=8, seed=0) == html
