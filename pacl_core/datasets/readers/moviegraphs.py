"""MovieGraphs (Vicol et al. 2018): scenes of films, with emotions in 26 categories made by Affect2MM.

<root>/mg/split.json                                         films of train, val and test, by IMDb id
<root>/mg/py3loader/emotion_labels.json                      {film: {scene: [category or attribute]}}
<root>/mg_videoinfo/scene_boundaries/<film>.scenes.gt        first shot, last shot, flag; shots from 1
<root>/mg_videoinfo/video_boundaries/<film>.videvents        a header line, then the ends of shots:
                                                             frame, second, cut
<root>/mg_videoinfo/video_boundaries/<film>.matidx           last line: the film's last frame and second
<root>/films/<film>.<suffix>                                 the films are your own

The item_id is `<film>/<scene>`, the `image_name` the film. Values are the categories, "1" or "0". Times come
from the seconds of the boundaries: one film (tt0388795) is shorter than its frame numbers.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.datasets.clips import VIDEO_SUFFIXES, Clip, find_video
from pacl_core.datasets.published_text import existing_file, lines, number, published_json
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import SPLITS
from pacl_core.errors import UserError
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section


class Options(Section):
    """`splits`, `labels`: their files; `scenes`, `shots`: the folders of boundaries; `films`: the folder of
    the films. `first_scene`: the number that the labels give to the first line of a film's scenes.
    """

    splits: str = "mg/split.json"
    labels: str = "mg/py3loader/emotion_labels.json"
    scenes: str = "mg_videoinfo/scene_boundaries"
    shots: str = "mg_videoinfo/video_boundaries"
    films: str = "films"
    first_scene: int = 0


class _Film(NamedTuple):
    """`scenes`: their first and last shots, from 1; `ends`: seconds at which the shots end."""

    video: Path
    scenes: tuple[tuple[int, int], ...]
    ends: tuple[float, ...]


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Scenes of train, val and test, film by film in the order of split.json and then of the labels.

    Rejected: no_split (a film of the labels), no_labels (a film of the splits), missing_boundaries,
    broken_boundaries, missing_video (all scenes of a film), no_scene, unknown_label, malformed_row. Raises
    `UserError`: a file that is missing or is not JSON in its form; a film in two splits.
    """
    split_of = _splits(existing_file(path / options.splits, "the films of train, val and test"))
    labels = _labels(existing_file(path / options.labels, "Affect2MM's categories of MovieGraphs' scenes"))
    files = ListedFiles(path, "outside_dataset")
    for film in labels.keys() - split_of.keys():
        yield Rejected(valid_name(film), "no_split", "the splits do not name this film")
    for film, split in split_of.items():
        if film not in labels:
            yield Rejected(valid_name(film), "no_labels", "the labels do not name this film")
            continue
        found = _film(path, options, film, files=files)
        for scene, given in labels[film].items():
            item_id = valid_name(f"{film}/{scene}")
            try:
                if isinstance(found, UnusableError):
                    raise found
                start, end = _span(found, scene, options.first_scene)
                values = _marks(given)
            except UnusableError as error:
                yield error.rejected(item_id)
                continue
            yield Item(item_id, Clip(found.video, start, end), values, split, valid_name(film))


def _splits(path: Path) -> dict[str, str]:
    tree = _json(path)
    found: dict[str, str] = {}
    for split in SPLITS:
        films = tree.get(split)
        if not isinstance(films, list) or not all(isinstance(film, str) for film in films):
            raise UserError(f"{path}: no list of films '{split}'; expected train, val and test")
        for film in films:
            if found.setdefault(film, split) != split:
                raise UserError(f"{path}: film '{film}' is in {found[film]} and in {split}")
    return found


def _labels(path: Path) -> dict[str, dict[str, Any]]:
    tree = _json(path)
    for film, scenes in tree.items():
        if not isinstance(scenes, dict):
            raise UserError(f"{path}: film '{film}' has no mapping of scenes to categories")
    return tree


def _json(path: Path) -> dict[str, Any]:
    tree = published_json(path)
    if not isinstance(tree, dict):
        raise UserError(f"{path}: a list or value, not a mapping")
    return tree


def _film(path: Path, options: Options, film: str, *, files: ListedFiles) -> _Film | UnusableError:
    """A film's boundaries and file, or why its scenes cannot be used."""
    try:
        scenes = _rows(files.find(path / options.scenes, f"{film}.scenes.gt"))
        events = _rows(files.find(path / options.shots, f"{film}.videvents"), header=1)
        last = _rows(files.find(path / options.shots, f"{film}.matidx"), header=0)[-1:]
        ends = [row[1] for row in (*events, *last)]
        if not last or any(len(row) < 2 for row in scenes) or ends != sorted(ends):
            raise UnusableError("broken_boundaries", f"{film}: the seconds of its shots do not ascend")
        shots = tuple((int(row[0]), int(row[1])) for row in scenes)
        return _Film(_video(files, path / options.films, film), shots, tuple(ends))
    except UnusableError as error:
        return error


def _rows(path: Path, header: int = 0) -> list[list[float]]:
    """Rows of numbers without their last words, which say what kind of cut it is."""
    if not path.is_file():
        raise UnusableError("missing_boundaries", f"no file {path}")
    rows = []
    for at, line in lines(path):
        if at <= header:
            continue
        values = [number(word) for word in line.split()[:2]]
        if len(values) < 2 or None in values:
            raise UnusableError("broken_boundaries", f"{path}: line {at} does not begin with two numbers")
        rows.append([value for value in values if value is not None])
    return rows


def _video(files: ListedFiles, folder: Path, film: str) -> Path:
    for suffix in VIDEO_SUFFIXES:
        try:
            return find_video(files, folder, f"{film}{suffix}")
        except UnusableError as error:
            if error.reason != "missing_video":
                raise
    raise UnusableError("missing_video", f"no film {folder / film} with one of {', '.join(VIDEO_SUFFIXES)}")


def _span(film: _Film, scene: str, first_scene: int) -> tuple[float, float]:
    """Seconds of a scene. A shot begins where the one before it ends, the first one at 0."""
    try:
        place = int(scene) - first_scene
    except ValueError:
        raise UnusableError("malformed_row", f"scene '{scene[:80]}' is no number") from None
    if not 0 <= place < len(film.scenes):
        raise UnusableError("no_scene", f"scene {scene} of {len(film.scenes)}")
    first, last = film.scenes[place]
    if not 1 <= first <= last <= len(film.ends):
        raise UnusableError("no_scene", f"shots {first} to {last} of {len(film.ends)}")
    return (film.ends[first - 2] if first > 1 else 0.0), film.ends[last - 1]


def _marks(given: Any) -> dict[str, str | float | None]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise UnusableError("malformed_row", "its categories are no list of names")
    category_of = categories()
    marked = set()
    for name in given:
        if name.strip().lower() not in category_of:
            raise UnusableError("unknown_label", valid_name(f"'{name[:80]}' is no category and no attribute"))
        marked.add(category_of[name.strip().lower()])
    names = dict.fromkeys(category_of.values())
    return {name: ("1" if name in marked else "0") if marked else None for name in names}


@lru_cache(maxsize=1)
def categories() -> dict[str, str]:
    """Name of a category or attribute word, in lower case -> category, in the order of the published list."""
    table = package_files(__package__).joinpath("moviegraphs_words.tsv").read_text("utf-8")
    found: dict[str, str] = {}
    for row in table.splitlines()[1:]:
        category, words = row.split("\t")
        found |= dict.fromkeys((category.lower(), *words.split()), category)
    return found
