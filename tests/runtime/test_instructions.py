"""AVX2 for all libraries, unless the user says otherwise."""

import os
import platform
import subprocess
import sys

import pytest

from pacl_core.runtime.instructions import AVX2
from tests.paths import ROOT

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="of x86-64 CPUs")

SHOW = """
import sys
sys.argv[0] = "-m"  # as Python has it while it looks up `python -m stages.<stage>`
import stages
import os, torch
from numpy._core._multiarray_umath import __cpu_features__ as numpy
print(torch.backends.cpu.get_cpu_capability(), numpy["X86_V4"], os.environ["OPENBLAS_CORETYPE"])
"""


def shown(show: str = SHOW, **environment: str) -> list[str]:
    bare = {
        name: value for name, value in os.environ.items() if name not in (*AVX2, "TORCHINDUCTOR_CACHE_DIR")
    }
    done = subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env=bare | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_stage_uses_avx2_and_not_more() -> None:
    assert shown()[:3] == ["AVX2", "False", "Haswell"]


def test_what_the_user_set_stays() -> None:
    assert shown(ATEN_CPU_CAPABILITY="default", OPENBLAS_CORETYPE="Nehalem")[::2] == ["DEFAULT", "Nehalem"]


def test_native_leaves_all_to_the_libraries() -> None:
    assert shown(PACL_INSTRUCTIONS="native", OPENBLAS_CORETYPE="own")[2] == "own"


def test_compiled_kernels_are_cached_apart_from_those_for_wider_vectors() -> None:
    show = SHOW.replace('os.environ["OPENBLAS_CORETYPE"]', 'os.environ["TORCHINDUCTOR_CACHE_DIR"]')
    assert shown(show)[2].endswith(f"torchinductor_{os.getuid()}_avx2")


@pytest.mark.parametrize("imported", ["stages", "pacl_core.cli.main"])
def test_neither_a_stage_nor_the_command_line_imports_a_library_before(imported: str) -> None:
    show = f'import sys, {imported}; print(*{{"numpy", "torch", "faiss", "pyarrow"}} & set(sys.modules))'
    assert shown(show) == []
