"""Videos with subtitles of the same name, .srt or .vtt, in a folder and the folders in it."""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.clips.sentences import SUBTITLES, read_cues, sentences
from pacl_core.corpus.file_pairs import corpus_folder
from pacl_core.media.image_tree import name_in, walk
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.video import SUFFIXES
from pacl_core.params.clips import ClipsParams


def read(params: ClipsParams) -> Iterator[Clip | Rejected]:
    """A clip per sentence, by path and time; ids are the video's path without suffix and a number, from 0.

    Rejected: a video without subtitles, subtitles without a video, any other file, a cue that is no speech
    (in brackets, or music), a cue that ends before it begins. Raises `UserError`: no such folder, pysubs2 is
    not installed.
    """
    root = corpus_folder(params.path, "clips")
    for found in walk(root):
        if isinstance(found, Rejected):
            yield found
        else:
            yield from _of_folder(root, found)


def _of_folder(root: Path, files: list[Path]) -> Iterator[Clip | Rejected]:
    videos = [path for path in files if path.suffix.lower() in SUFFIXES]
    texts = {path.stem: path for path in reversed(files) if path.suffix.lower() in SUBTITLES}
    spoken = {path.stem for path in videos}
    for path in files:
        if path in videos and path.stem not in texts:
            yield Rejected(name_in(root, path), "missing_text", "no .srt or .vtt of this name")
        elif path in videos:
            yield from _of_video(root, path, texts[path.stem])
        elif path.suffix.lower() not in SUBTITLES:
            yield Rejected(name_in(root, path), "other_file", "neither a video nor subtitles")
        elif path.stem not in spoken:
            yield Rejected(name_in(root, path), "missing_video", "no video of this name")


def _of_video(root: Path, video: Path, subtitles: Path) -> Iterator[Clip | Rejected]:
    source = Source(name_in(root, video), str(video))
    name = name_in(root, video.with_suffix(""))
    try:
        cues = read_cues(subtitles)
    except UnusableError as error:
        yield error.rejected(name_in(root, subtitles))
        return
    number = 0
    for found in sentences(cues):
        if isinstance(found, UnusableError):
            yield found.rejected(name_in(root, subtitles))
        else:
            yield Clip(f"{name}-{number:05d}", source, found.start, found.end, found.text)
            number += 1
