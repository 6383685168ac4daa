"""Settings of the machine. They never decide results, so they are never DVC parameters.

Each setting comes from a `PACL_*` environment variable, else from an ignored `runtime.yaml` in the
working directory, else from an automatic default.
"""

import math
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from pacl_core.errors import UserError, unknown

_SETTINGS = ("device", "workers", "batch", "checkpoint_minutes", "engine", "loggers")
ENGINES = ("local", "ray")
LOGGERS = ("tensorboard", "mlflow", "wandb")


@dataclass(frozen=True)
class Runtime:
    """`device` is a torch device name, `workers` decode threads, `batch` items per inference step.

    `checkpoint_minutes`: training's state is saved that often within an epoch, 0 after every step.
    `engine`: who runs the model passes. `loggers`: who else gets the curves of a training.
    """

    chosen_device: str | None
    chosen_workers: int | None
    chosen_batch: int | None
    checkpoint_minutes: float = 10.0
    engine: str = "local"
    loggers: tuple[str, ...] = ()

    @property
    def workers(self) -> int:
        """The chosen number, else one per CPU up to eight."""
        return self.chosen_workers or min(8, _cpus())

    @property
    def model_threads(self) -> int:
        """Threads of a model pass. On a CPU they run the model too, so without a choice every CPU has one."""
        return self.chosen_workers or (_cpus() if self.device == "cpu" else self.workers)

    @property
    def device(self) -> str:
        """The chosen device, else the best there is; a stage that never asks does not load torch."""
        return self.chosen_device or _best_device()

    @property
    def batch(self) -> int:
        """The chosen batch, else 16 on a CPU, where a small network then stays in its cache, else 256."""
        return self.chosen_batch or (16 if self.device == "cpu" else 256)


def runtime(environ: Mapping[str, str] = os.environ, path: Path = Path("runtime.yaml")) -> Runtime:
    """Read the settings. Raises `UserError` for an unknown setting, a count below one, no such device."""
    given: dict[str, object] = {}
    if path.is_file():
        try:
            loaded = yaml.safe_load(path.read_bytes()) or {}
        except yaml.YAMLError as error:  # other encodings than UTF-8 and UTF-16, too
            raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
        if not isinstance(loaded, dict):
            raise UserError(f"{path}: expected 'setting: value' lines")
        for name, value in loaded.items():
            if name not in _SETTINGS:
                raise UserError(f"{path}: {unknown('setting', str(name), _SETTINGS)}")
            given[name] = value
    for name in _SETTINGS:
        if value := environ.get(f"PACL_{name.upper()}"):
            given[name] = value
    engine = _engine(str(given.get("engine", "local")))
    return Runtime(
        chosen_device=_device(str(given["device"]), engine) if "device" in given else None,
        chosen_workers=_count(given, "workers", 1) if "workers" in given else None,
        chosen_batch=_count(given, "batch", 1) if "batch" in given else None,
        checkpoint_minutes=_minutes(given, "checkpoint_minutes", 10.0),
        engine=engine,
        loggers=_loggers(given.get("loggers", "")),
    )


def repeatable_products(environ: MutableMapping[str, str] = os.environ) -> None:
    """Have matrix products on a GPU give the same bits each time, as cuBLAS' manual says (section 2.1.4).

    It looks once, at the first product of the process. What is set already stays. Costs 8 MB per stream.
    """
    environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def _engine(name: str) -> str:
    if name not in ENGINES:
        raise UserError(f"PACL_ENGINE (or 'engine' in runtime.yaml): {unknown('engine', name, ENGINES)}")
    return name


def _loggers(given: object) -> tuple[str, ...]:
    """Of a list, or of names with commas between them."""
    names = (
        given if isinstance(given, list) else [one.strip() for one in str(given).split(",") if one.strip()]
    )
    for name in names:
        if name not in LOGGERS:
            raise UserError(
                f"PACL_LOGGERS (or 'loggers' in runtime.yaml): {unknown('logger', str(name), LOGGERS)}"
            )
    return tuple(dict.fromkeys(names))


def _device(name: str, engine: str) -> str:
    """The name of a device that models run on: one that is here, or that of a cluster's nodes."""
    kind = name.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        # MPS has no float64, which probes and probabilities need; others were never tried
        no_float64 = ", not on Apple's GPU, which has no float64" if kind == "mps" else ""
        raise _no_device(name, f"models run on cpu and cuda{no_float64}")
    if name == "cpu" or engine == "ray":
        return name
    import torch  # costs seconds

    try:
        torch.empty(1, device=torch.device(name)).cpu()
    except (RuntimeError, AssertionError) as error:
        gpus = kind == "cuda" and not torch.cuda.is_available()
        raise _no_device(name, "torch sees no GPU" if gpus else " ".join(str(error).split())[:150]) from None
    return name


def _no_device(name: str, reason: str) -> UserError:
    return UserError(
        f"{name}: {reason}; set PACL_DEVICE (or 'device' in runtime.yaml) to one that is there: "
        f"{_best_device()}"
    )


def _cpus() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _count(given: Mapping[str, object], name: str, default: int) -> int:
    try:
        value = int(str(given.get(name, default)))
    except ValueError:
        value = 0
    if value < 1:
        raise UserError(f"PACL_{name.upper()} (or '{name}' in runtime.yaml) must be a whole number >= 1")
    return value


def _minutes(given: Mapping[str, object], name: str, default: float) -> float:
    try:
        value = float(str(given.get(name, default)))
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise UserError(f"PACL_{name.upper()} (or '{name}' in runtime.yaml) must be a number >= 0")
    return value


def _best_device() -> str:
    import torch  # costs seconds

    if torch.cuda.is_available():
        return "cuda"
    return "cpu"
