"""A kind brings its own libraries and no other: loading stays quick, and what is not needed need not work."""

import subprocess
import sys

import pytest

from tests.paths import ROOT

HEAVY = ("timm", "open_clip", "transformers", "torch", "wandb", "scipy.signal")


@pytest.mark.parametrize(
    ("module", "brings"),
    [
        ("pacl_core.models.backbones", {"torch"}),
        ("pacl_core.models.backbones.timm", {"torch", "timm"}),
        ("pacl_core.models.preprocess", set()),
        ("pacl_core.inference.model", {"torch"}),
        ("pacl_core.models.text_encoders", set()),
        ("pacl_core.models.scorers", set()),
        ("pacl_core.models.anps.ontologies", set()),
        ("pacl_core.models.anps.precomputed", set()),
        ("stages.features", {"torch"}),
        ("stages.initial", {"torch"}),
        ("stages.evaluate", {"torch"}),
        ("stages.specialist_hp", {"torch"}),
        ("stages.amalgamate", {"torch"}),
        ("stages.pretext_set", set()),
        ("stages.compare", set()),
    ],
)
def test_imports_of(module, brings):
    code = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(run.stdout.split()) == brings
