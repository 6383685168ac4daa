"""The command `pacl`. A user's mistake is one line and a non-zero exit."""

import logging
import os
import sys

import typer

from pacl_core.cli.doctor import doctor
from pacl_core.cli.embed import embed
from pacl_core.cli.explore import explore
from pacl_core.cli.export import export
from pacl_core.cli.head import head
from pacl_core.cli.inspect import inspect
from pacl_core.cli.params import params
from pacl_core.cli.predict import predict
from pacl_core.errors import UserError
from pacl_core.runtime.instructions import use_avx2

app = typer.Typer(
    name="pacl",
    help="Use what the pipeline made: the enhanced backbone and the partition of your pairs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(predict)
app.command()(embed)
app.command()(inspect)
app.command()(doctor)
app.command()(explore)
app.add_typer(head)
app.add_typer(export)
app.add_typer(params)


def main() -> None:
    """Run the command line; exit 1 with one line for a mistake."""
    use_avx2()  # as the stages do, so that both give the same bits
    logging.basicConfig(level=logging.WARNING, format="pacl: %(message)s", stream=sys.stderr)
    try:
        app()
    except UserError as error:
        print(f"pacl: error: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # `pacl inspect ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
