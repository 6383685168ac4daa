"""pacl corpus: the posts of a project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pacl_core.cli.params_file import PARAMS, existing, params_text, write_params, written_path
from pacl_core.errors import UserError

if TYPE_CHECKING:
    from pacl_core.project.corpus_form import Form

corpus = typer.Typer(name="corpus", help="The posts, or the clips, of a project.", no_args_is_help=True)

# settings that go with photographs, which this preset has
_PHOTOGRAPHS = "mvsa-oasis"
_OF_PHOTOGRAPHS = (
    "factual_scores.scorer",
    "emotional_scores.text_encoder",
    "partition.factual",
    "partition.emotional",
    "text_encoder",
    "leaks.distance",
    "train.holdout_distance",
)
_OF_PAIRS = ("pairs.text", "pairs.near_duplicates")


@corpus.callback()
def _corpus() -> None:
    """The posts, or the clips, of a project."""


@corpus.command()
def add(
    path: Annotated[Path, typer.Argument(help="A folder, a table, or shards; ~ is expanded.")],
    reader: Annotated[str | None, typer.Option(help="Take this reader instead of the one found.")] = None,
    name: Annotated[str | None, typer.Option(help="Of a corpus of clips: its name in params.yaml.")] = None,
) -> None:
    """Find the reader of a corpus, write its section of params.yaml, and say what was seen.

    Posts become the section pairs: images each with a .txt of the same name, a CSV, TSV, JSONL or parquet of
    image paths and texts, tar shards, MVSA and TumEmo as published. Scorers and thresholds of the embedded
    emoji corpus are replaced by those for photographs; your own stay. Videos with subtitles, tables of spans
    and folders of transcripts become an entry of clips. Comments and all other keys stay.

    \b
    Examples:
      pacl corpus add ~/posts
      pacl corpus add tweets.csv
      pacl corpus add talks/ --name talks
    """
    place = existing(path)
    from dataclasses import replace

    from pacl_core.project.corpus_form import corpus_form, first_of

    text = params_text()
    form = corpus_form(place, written_path(place))
    if reader is not None:
        form = replace(form, reader=reader)
    posts, rejected = first_of(form)
    print(f"{place}: reader {form.reader}")
    for line in form.seen:
        print(f"  {line}")
    for sample_id, said in posts[:3]:
        print(f"  {sample_id}: {shortened(said)}")
    if rejected:
        reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
        print(f"  of the first {len(posts) + sum(rejected.values())}, rejected: {reasons}")
    if not posts:
        raise UserError(f"{place}: none of its first posts can be used; {PARAMS} is as it was")
    if form.section == "clips":
        _add_clips(text, form, name or place.stem.lower())
    else:
        _add_pairs(text, form)


def _add_clips(text: str, form: "Form", name: str) -> None:
    from pacl_core.params.editing import with_value

    write_params(
        with_value(text, f"clips.{name}", {"reader": form.reader, "path": form.path, **form.options})
    )
    print(f"{PARAMS}: wrote clips.{name}; docs/clips.md says how to train on it (section emotionclip)")


def _add_pairs(text: str, form: "Form") -> None:
    import yaml

    from pacl_core.params.editing import with_value
    from pacl_core.params.pairs import ManifestParams
    from pacl_core.project.template import preset, template
    from pacl_core.report.sections.run import lookup

    root = template()
    photographs = yaml.safe_load(preset(root, _PHOTOGRAPHS).read_bytes())
    embedded = yaml.safe_load((root / PARAMS).read_bytes())
    now = yaml.safe_load(text)
    manifest = form.options.get("manifest") or ManifestParams().model_dump()
    values: dict[str, Any] = {
        "pairs.reader": form.reader,
        "pairs.path": form.path,
        "pairs.manifest": manifest,
    }
    kept = []
    for key in (*_OF_PAIRS, *_OF_PHOTOGRAPHS):
        if lookup(now, key) in (None, lookup(embedded, key)):
            values[key] = lookup(photographs, key)
        elif lookup(now, key) != lookup(photographs, key):
            kept.append(key)
    for key, value in values.items():
        text = with_value(text, key, value)
    write_params(text)
    print(f"{PARAMS}: wrote pairs")
    if any(key in values for key in _OF_PHOTOGRAPHS):
        scorers = [values[key]["kind"] for key in _OF_PHOTOGRAPHS[:2] if key in values]
        print(
            f"{PARAMS}: set scorers and thresholds for photographs instead of emoji"
            + (
                f" ({' and '.join(scorers)}; shares, as no threshold is known for your posts)"
                if scorers
                else ""
            )
        )
    if kept:
        print(f"{PARAMS}: kept your own {', '.join(kept)}")
    if "emoji_sentiment" in (now.get("downstream") or {}):
        print(
            "next: results are on the emoji test set until 'pacl dataset add <path>' adds yours; "
            "then 'dvc repro'"
        )
    else:
        print("next: dvc repro")


def shortened(text: str) -> str:
    """The beginning of a text, on one line."""
    import textwrap

    return textwrap.shorten(text, 80, placeholder=" ..") or "(no text)"
