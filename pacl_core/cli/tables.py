"""The paper's tables next to this project's runs: python -m pacl_core.cli.tables [file]

Runs are the workspace and its experiments, as `dvc exp show --json` lists them (or `file` holds its output).
A run belongs to a published row by its parameters, not by its name.
"""

import subprocess
import sys
from pathlib import Path

from pacl_core.errors import UserError
from pacl_core.evaluation.comparison.published import load_published
from pacl_core.files.publish import published_file
from pacl_core.report.clips_sweeps import CLIPS_TABLES, clips_tables
from pacl_core.report.runs import read_runs
from pacl_core.report.sweeps import TABLES, paper_tables


def main(arguments: list[str]) -> None:
    """Print the tables as Markdown and write them to tables/tables.md."""
    if len(arguments) > 1:
        raise UserError("usage: python -m pacl_core.cli.tables [output of 'dvc exp show --json']")
    source = arguments[0] if arguments else "dvc exp show --json"
    text = Path(source).read_text(encoding="utf-8") if arguments else _experiments()
    runs, published = read_runs(text, source), Path("data/published")
    markdown = paper_tables(runs, load_published(published, TABLES))
    if any(run.on_clips() for run in runs):
        markdown += "\n" + clips_tables(runs, load_published(published, CLIPS_TABLES))
    with published_file(Path("tables/tables.md")) as draft:
        draft.write_text(markdown, encoding="utf-8")
    print(markdown, end="")


def _experiments() -> str:
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json"]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode:
        said = (shown.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"dvc exp show --json: {said}; run from the project's root, in its git repository")
    return shown.stdout


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (UserError, OSError) as error:
        sys.exit(f"tables: error: {error}")
