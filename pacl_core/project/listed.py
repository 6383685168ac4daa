"""What is in a folder: its files by kind, without opening one."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pacl_core.corpus.clips.sentences import SUBTITLES
from pacl_core.corpus.manifest_rows import SUFFIXES as TABLES
from pacl_core.corpus.shard_files import SUFFIXES as SHARDS
from pacl_core.media.image_tree import is_image, walk
from pacl_core.media.rejects import Rejected
from pacl_core.media.video import SUFFIXES as VIDEOS

_MOST = 2_000_000  # files; the count says "more than" beyond


@dataclass
class Listed:
    """`pairs`: images with a text of the same name, `subtitled`: videos with subtitles of the same name.

    `texts` and `tables` are some of the paths, by name; `shards` are of the folder itself. `other`: suffixes
    of files of no known kind.
    """

    images: int = 0
    videos: int = 0
    pairs: int = 0
    subtitled: int = 0
    shards: int = 0
    texts: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    other: Counter[str] = field(default_factory=Counter)
    cut: bool = False


def listed(root: Path, keep: int = 200) -> Listed:
    """The files at and below `root`; at most `keep` paths of texts and of tables are kept."""
    found = Listed()
    for files in walk(root):
        if isinstance(files, Rejected):
            continue
        stems = {kind: {path.stem for path in files if kind(path)} for kind in (_is_text, _is_subtitle)}
        for path in files:
            name, suffix = path.name.lower(), path.suffix.lower()
            if is_image(path):
                found.images += 1
                found.pairs += path.stem in stems[_is_text]
            elif suffix in VIDEOS:
                found.videos += 1
                found.subtitled += path.stem in stems[_is_subtitle]
            elif name.endswith(SHARDS):
                found.shards += path.parent == root
            elif suffix == ".txt":
                found.texts += [path] if len(found.texts) < keep else []
            elif suffix in TABLES:
                found.tables += [path] if len(found.tables) < keep else []
            elif suffix not in SUBTITLES:
                found.other[suffix or "no suffix"] += 1
        if found.images + found.videos > _MOST:
            found.cut = True
            break
    return found


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == ".txt"


def _is_subtitle(path: Path) -> bool:
    return path.suffix.lower() in SUBTITLES
