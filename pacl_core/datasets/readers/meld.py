"""MELD (Poria et al. 2019): utterances of Friends, with one of seven emotions and a sentiment, as clips.

<root>/{train,dev,test}_sent_emo.csv           a row per utterance
<root>/train_splits/dia<D>_utt<U>.mp4          its clip; dev_splits_complete/, output_repeated_splits_test/

The item_id is `<split>/dia<D>_utt<U>`; the utterances of a dialogue share an `image_name`. Values are
`Emotion` and `Sentiment`. The folders also hold clips without a row, copies named `final_videos_test...` and
macOS' `._` files: only clips that a row names are read.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from pacl_core.corpus.manifest_rows import Row, read_rows
from pacl_core.datasets.clips import Clip, find_video
from pacl_core.datasets.image_files import existing_folder
from pacl_core.datasets.names import is_absent, without_point
from pacl_core.datasets.published_text import existing_file
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import SPLITS, Split
from pacl_core.errors import UserError
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

COLUMNS = ["Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"]
_TABLES: dict[Split, str] = {
    "train": "train_sent_emo.csv",
    "val": "dev_sent_emo.csv",
    "test": "test_sent_emo.csv",
}
_CLIPS: dict[Split, str] = {
    "train": "train_splits",
    "val": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}


class Options(Section):
    """`tables`, `clips`: the table and the folder of each split. `longest`: seconds; some clips were cut
    wrongly and take minutes (train dia309_utt0, test dia38_utt4 and dia220_utt0), where 984 frames is the
    longest of the others. Null keeps them.
    """

    tables: dict[Split, str] = Field(default_factory=lambda: dict(_TABLES), min_length=1)
    clips: dict[Split, str] = Field(default_factory=lambda: dict(_CLIPS))
    longest: float | None = Field(60.0, gt=0)


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows of train, val and test in order. Rejected: malformed_row, outside_dataset, missing_video. Raises
    `UserError`: no table or folder of a split, a column that is not there.
    """
    files = ListedFiles(path, "outside_dataset")
    splits = [split for split in SPLITS if split in options.tables]
    for split in splits:
        if split not in options.clips:
            raise UserError(f"options of reader 'meld': clips: no folder of split '{split}'")
    tables = {
        split: existing_file(path / options.tables[split], "MELD's table of utterances") for split in splits
    }
    folders = {
        split: existing_folder(path / options.clips[split], f"MELD's clips of split '{split}'")
        for split in splits
    }
    for split, table in tables.items():
        for number, row in read_rows(table, COLUMNS):
            if isinstance(row, Rejected):
                yield row
                continue
            try:
                dialogue, utterance = (_number(row, column) for column in COLUMNS[2:])
                name = f"dia{dialogue}_utt{utterance}"
                clip = Clip(find_video(files, folders[split], f"{name}.mp4"), longest=options.longest)
            except UnusableError as error:
                yield error.rejected(f"{table.name}:{number}")
                continue
            values = {column: _label(row, column) for column in COLUMNS[:2]}
            yield Item(f"{split}/{name}", clip, values, split, f"{split}/dia{dialogue}")


def _number(row: Row, column: str) -> str:
    text = without_point(str(row[column]).strip())
    if not (text.isascii() and text.isdigit()):
        raise UnusableError("malformed_row", valid_name(f"{column} is '{text[:80]}', not a number"))
    return str(int(text)) if len(text) < 10 else text


def _label(row: Row, column: str) -> str | None:
    return None if is_absent(row[column]) else valid_name(str(row[column]).strip().lower())
