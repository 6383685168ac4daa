"""pacl head: linear heads to predict with."""

from pathlib import Path
from typing import Annotated

import typer

from pacl_core.cli.arguments import MODEL, Model

head = typer.Typer(name="head", help="Linear heads on a saved model.", no_args_is_help=True)


@head.callback()
def _head() -> None:
    """Linear heads on a saved model."""


@head.command()
def fit(
    dataset: Annotated[str, typer.Argument(help="A data set of 'downstream' in params.yaml.")],
    model: Model = MODEL,
) -> None:
    """Fit a head per task of a data set, as the linear protocol does, and keep it for 'pacl predict'.

    Reads data/downstream and data/features of the pipeline and evaluate.linear of params.yaml; writes
    <model>.heads/<data set>.safetensors and .json. Test items are not used: how good these heads are is in
    evaluation/<data set>-linear-<model>.json.

    \b
    Examples:
      pacl head fit emoji_sentiment
      pacl head fit fi --model models/initial
    """
    from pacl_core.errors import unknown
    from pacl_core.inference.heads import fit_saved_heads
    from pacl_core.methods.params import load
    from pacl_core.runtime.settings import runtime

    params = load("params.yaml")
    if dataset not in params.downstream:
        raise unknown("data set", dataset, params.downstream)
    card = fit_saved_heads(
        model,
        Path(f"data/downstream/{dataset}.parquet"),
        Path(f"data/features/{dataset}-{model.name}"),
        params=params.evaluate.linear,
        device=runtime().device,
    )
    print(card)
