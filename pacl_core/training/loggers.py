"""Training curves for TensorBoard, MLflow and Weights & Biases."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from pacl_core.errors import UserError

Log = Callable[[int, Mapping[str, float]], object]
"""Takes the steps of the run until then, and figures by name."""


@contextmanager
def logging_to(names: Sequence[str], *, run: str, params: Mapping[str, Any]) -> Iterator[Log]:
    """Log to all of `names`, each under the name `run`; without names, to nobody.

    Where they write, and what else they do, is theirs to be told, by their own environment variables.
    Raises `UserError` where a package is missing.
    """
    with ExitStack() as stack:
        logs = [stack.enter_context(_LOGGERS[name](run, params)) for name in names]

        def log(step: int, figures: Mapping[str, float]) -> None:
            for one in logs:
                one(step, figures)

        yield log


@contextmanager
def _tensorboard(run: str, params: Mapping[str, Any]) -> Iterator[Log]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise _missing("tensorboard") from None
    with SummaryWriter(f"runs/{run}") as writer:
        writer.add_text("params", "\n".join(f"    {key}: {value}" for key, value in params.items()))

        def log(step: int, figures: Mapping[str, float]) -> None:
            for name, value in figures.items():
                writer.add_scalar(name, value, step)

        yield log


@contextmanager
def _mlflow(run: str, params: Mapping[str, Any]) -> Iterator[Log]:
    try:
        import mlflow
    except ImportError:
        raise _missing("mlflow") from None
    with mlflow.start_run(run_name=run):
        mlflow.log_params(dict(params))
        yield lambda step, figures: mlflow.log_metrics(dict(figures), step=step)


@contextmanager
def _wandb(run: str, params: Mapping[str, Any]) -> Iterator[Log]:
    try:
        import wandb
    except ImportError:
        raise _missing("wandb") from None
    with wandb.init(project="pacl", name=run, config=dict(params)) as opened:
        yield lambda step, figures: opened.log(dict(figures), step=step)


def _missing(name: str) -> UserError:
    return UserError(
        f"PACL_LOGGERS (or 'loggers' in runtime.yaml): {name} is not installed: pip install {name}"
    )


_LOGGERS = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}
