"""LIRIS-ACCEDE as of MediaEval 2018 (Dellandrea et al.): valence and arousal of each second of 66 films.

<root>/**/MEDIAEVAL18_<nn>.mp4                          films, wherever they are
<root>/**/MEDIAEVAL18_<nn>_Valence-Arousal.txt          Time, Valence, Arousal, with tabs; a row a second

Films 00 to 53 are train, 54 to 65 test. The item_id is `MEDIAEVAL18_<nn>@<second>`, the `image_name` the
film. Values are `valence` and `arousal`, in [-1, 1]. An item's frames are taken around its second.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from pacl_core.datasets.clips import Clip
from pacl_core.datasets.image_files import existing_folder
from pacl_core.datasets.names import without_point
from pacl_core.datasets.published_text import lines, number
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.image_tree import walk
from pacl_core.media.rejects import Rejected, valid_name
from pacl_core.params.section import Section

FIRST_TEST_FILM = 54
HEADER = ("Time", "Valence", "Arousal")
_FILM = re.compile(r"MEDIAEVAL18_(\d\d)\.mp4", re.IGNORECASE | re.ASCII)
_ANNOTATIONS = re.compile(r"MEDIAEVAL18_(\d\d)_Valence-Arousal\.txt", re.IGNORECASE | re.ASCII)


class Options(Section):
    """`seconds`: how long the part around a row's second is that its frames are taken from."""

    seconds: float = Field(1.0, gt=0)


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows film by film. Rejected: malformed_row, missing_video and no_annotations (a film), repeated_film,
    linked_folder, unreadable. Raises `UserError`: no folder, a table of annotations without its header.
    """
    films: dict[str, Path] = {}
    tables: dict[str, Path] = {}
    for found in walk(existing_folder(path, "the films and annotations of MediaEval 2018")):
        if isinstance(found, Rejected):
            yield found
            continue
        for file in found:
            for kind, pattern in ((films, _FILM), (tables, _ANNOTATIONS)):
                named = pattern.fullmatch(file.name)
                if named and kind.setdefault(named[1], file) != file:
                    detail = f"also in {kind[named[1]].parent}"
                    yield Rejected(valid_name(str(file)), "repeated_film", valid_name(detail))
    if not films and not tables:
        raise UserError(f"{path}: no film MEDIAEVAL18_<nn>.mp4 and no annotations of one")
    for film in sorted(films.keys() | tables.keys()):
        name = f"MEDIAEVAL18_{film}"
        if film not in tables:
            yield Rejected(name, "no_annotations", "no table of valence and arousal")
        elif film not in films:
            yield Rejected(name, "missing_video", f"no film {name}.mp4")
        else:
            yield from _film(name, films[film], tables[film], seconds=options.seconds)


def _film(name: str, film: Path, table: Path, *, seconds: float) -> Iterator[Item | Rejected]:
    rows = lines(table)
    header = next(rows, (1, ""))[1].split("\t")
    if tuple(column.strip() for column in header) != HEADER:
        raise UserError(f"{table}: its first line is not {', '.join(HEADER)}, with tabs")
    split = "test" if int(name[-2:]) >= FIRST_TEST_FILM else "train"
    for at, line in rows:
        fields = [field.strip() for field in line.split("\t")]
        time = number(fields[0])
        if len(fields) != len(HEADER) or time is None or time < 0:
            detail = f"{len(fields)} fields for {len(HEADER)} columns, or no time"
            yield Rejected(f"{table.name}:{at}", "malformed_row", detail)
            continue
        clip = Clip(film, max(0.0, time - seconds / 2), time + seconds / 2)
        valence, arousal = (number(field) for field in fields[1:])
        yield Item(
            f"{name}@{without_point(fields[0])}", clip, {"valence": valence, "arousal": arousal}, split, name
        )
