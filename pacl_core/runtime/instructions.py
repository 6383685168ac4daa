"""The same bits on every x86-64 CPU of the last ten years: which vector instructions libraries may use.

torch, oneDNN, MKL, OpenBLAS, NumPy and faiss take the widest vectors that a CPU has, and sums over wider
vectors have other last bits: artefacts made with AVX-512 differ from those made without. AVX2 is what all
have. MKL holds to this on Intel's CPUs only.
"""

import os
import platform
import tempfile
from pathlib import Path

AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "FAISS_SIMD_LEVEL": "AVX2",
    "MKL_CBWR": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}


def use_avx2() -> None:
    """Hold this process and its children to AVX2, before any of the libraries is imported.

    A variable that is set already stays as it is; PACL_INSTRUCTIONS=native leaves all to the libraries.
    """
    if platform.machine() in ("x86_64", "AMD64") and os.environ.get("PACL_INSTRUCTIONS") != "native":
        # kernels that torch.compile cached for wider vectors give wrong gradients with these settings
        cache = Path(tempfile.gettempdir()) / f"torchinductor_{os.getuid()}_avx2"
        for name, value in {**AVX2, "TORCHINDUCTOR_CACHE_DIR": str(cache)}.items():
            os.environ.setdefault(name, value)
