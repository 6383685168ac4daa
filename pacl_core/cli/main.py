"""The command `pacl`. A user's mistake is one line and a non-zero exit."""

import logging
import os
import sys
from typing import Annotated, Any

import typer

from pacl_core.cli.corpus import corpus
from pacl_core.cli.dataset import dataset
from pacl_core.cli.doctor import doctor
from pacl_core.cli.embed import embed
from pacl_core.cli.explore import explore
from pacl_core.cli.export import export
from pacl_core.cli.head import head
from pacl_core.cli.init import init
from pacl_core.cli.inspect import inspect
from pacl_core.cli.params import params
from pacl_core.cli.predict import predict
from pacl_core.cli.results import results
from pacl_core.errors import UserError
from pacl_core.extras import missing
from pacl_core.runtime.instructions import use_avx2

# click's UsageError: newer versions of typer bring a click of their own
_MISSPELT: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="pacl",
    help="Use what the pipeline made: the enhanced backbone and the partition of your pairs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init)
app.add_typer(corpus)
app.add_typer(dataset)
app.command()(predict)
app.command()(embed)
app.command()(results)
app.command()(inspect)
app.command()(doctor)
app.command()(explore)
app.add_typer(head)
app.add_typer(export)
app.add_typer(params)


def _version(asked: bool) -> None:
    if asked:
        from pacl_core.inference.given import installed_version

        print(f"pacl {installed_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Use what the pipeline made: the enhanced backbone and the partition of your pairs."""


def _said(error: Any) -> str:
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    where = error.ctx.command_path if error.ctx else "pacl"
    return f"pacl: error: {error.format_message().rstrip('.')} (see '{where} --help')"


def main() -> None:
    """Run the command line. A mistake is one line, and the exit code 1; 2 where the command is misspelt."""
    use_avx2()  # as the stages do, so that both give the same bits
    logging.basicConfig(level=logging.WARNING, format="pacl: %(message)s", stream=sys.stderr)
    try:
        sys.exit(app(standalone_mode=False))
    except _MISSPELT as error:
        print(_said(error), file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except UserError as error:
        print(f"pacl: error: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (said := missing(error)) is None:
            raise
        print(f"pacl: error: {said}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # `pacl inspect ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
