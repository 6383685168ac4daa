"""Small trees of video in the layouts in which data sets are published, their traps included.

Each `write_<record>(folder)` fills a folder that a record of data/datasets reads, and returns it. A film's
frames tell their number by their grey (`tests.videos`).
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.published_trees import put
from tests.videos import Form, numbered, write_video

FIELDS = 37
EMOTIONS = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
_SIGNS = ("neutral", "positive", "negative", "negative", "positive", "negative", "negative")
SENTIMENT = dict(zip(EMOTIONS, _SIGNS, strict=True))
MELD_FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
MELD_HEADER = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
)
MELD_NAMES = {  # the published traps: train 125, 3 is broken, 309, 0 wrongly cut; dev 110, 7 is missing
    "train": [(0, 0), (0, 1), (125, 3), (309, 0), (1, 0), (2, 0), (3, 0), (4, 0)],
    "dev": [(0, 0), (110, 7), (1, 0)],
    "test": [(0, 0), (38, 4), (1, 0)],
}
MELD_LONG = {("train", 309, 0), ("test", 38, 4)}


def film(path: Path, frames: int = 25, shift: int = 0, form: Form | None = None) -> Path:
    """25 frames a second unless `form` says otherwise; `shift` makes its pictures its own."""
    pictures = [np.roll(frame, shift, axis=1) for frame in numbered(frames)]
    return write_video(path, [np.ascontiguousarray(one) for one in pictures], form)


def write_meld(folder: Path) -> Path:
    """UTF-8 with CRLF and a Windows quote; clips without a row, prefixed copies and macOS' files in test."""
    for split, names in MELD_NAMES.items():
        rows = [MELD_HEADER]
        for number, (dialogue, utterance) in enumerate(names):
            label = EMOTIONS[number % len(EMOTIONS)]
            said = '"Hey, it\u0092s you, Joey"'
            rows.append(
                f"{number + 1},{said},Ross,{label},{SENTIMENT[label]},{dialogue},{utterance},8,21,"
                '"00:16:16,059","00:16:17,059"'
            )
            path = folder / MELD_FOLDERS[split] / f"dia{dialogue}_utt{utterance}.mp4"
            if (split, dialogue, utterance) == ("dev", 110, 7):
                continue
            if (split, dialogue, utterance) == ("train", 125, 3):
                put(path, b"\0" * 64)
            elif (split, dialogue, utterance) in MELD_LONG:
                long = Form(times=[second * 2000 for second in range(40)])  # 80 s
                write_video(path, [np.full((16, 16, 3), 9, np.uint8)] * 40, long)
            else:
                film(path, 2 if utterance else 12, number)
        put(folder / f"{split}_sent_emo.csv", "\r\n".join([*rows, ""]).encode())
    test = folder / MELD_FOLDERS["test"]
    film(test / "dia900_utt9.mp4", 3)
    film(test / "final_videos_testdia0_utt0.mp4", 3)
    put(test / "._dia0_utt0.mp4", b"\0\5\x16\7 Mac OS X")
    return folder


def bold_row(video: str, person: int, frames: tuple[int, int], shares: Mapping[int, float]) -> str:
    """A line of BoLD's tables: the shares by category's place, the others 0."""
    given = [str(shares.get(place, 0.0)) for place in range(26)]
    rest = ["5.5", "1.0", "10.0", "Male", "Adult", "White", "0.9"]
    return ",".join([video, str(person), *map(str, frames), *given, *rest])


def joint_row(frame: int, person: int, joints: Mapping[int, Sequence[float]]) -> list[float]:
    """A row of BoLD's joints; all others are zero."""
    row = np.zeros((18, 3))
    for place, values in joints.items():
        row[place] = values
    return [float(frame), float(person), *row.ravel().tolist()]


# boxes.json: a person's joints, one of them negative and uncertain
PUBLISHED_JOINTS = {0: (50.2, 20.9, 0.9), 1: (70.7, 44.1, 0.8), 2: (-3.5, 60, 0.05), 3: (61, 90.5, 0.7)}


def put_joints(path: Path, rows: Sequence[Sequence[float]]) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array(rows, float).reshape(len(rows), 56))
    put(path, stream.getvalue())


def write_bold(folder: Path, films: int = 12) -> Path:
    """Two clips a film in train, with two persons each; the last films are the official val. Frames of the
    joints are counted from the film's beginning; a person is not there in the first half of the frames."""
    rows: dict[str, list[str]] = {"train": [], "val": []}
    for number in range(films):
        for part in range(2):
            video = f"003/film{number:02}.mp4/{part:04}.mp4"
            film(folder / "videos" / video, 12, number * 2 + part)
            joints = [
                joint_row(
                    1000 + frame, person, {0: (8 + 20 * person, 10, 0.9), 1: (20 + 20 * person, 40, 0.8)}
                )
                for frame in range(12)
                for person in range(2)
                if person == 0 or frame >= 6
            ]
            put_joints(folder / "joints" / f"{video.removesuffix('.mp4')}.npy", joints)
            for person in range(2):
                row = bold_row(video, person, (3, 9), {(number + part) % 26: 0.5, 4: 0.49, 25: 1.0})
                rows["train" if number < films - 2 else "val"].append(row)
    for split, lines in rows.items():
        put(folder / "annotations" / f"{split}.csv", "\n".join([*lines, ""]).encode())
    return folder


MOVIES = {"tt0000001": "train", "tt0000002": "train", "tt0388795": "val", "tt0000004": "test"}


def write_moviegraphs(folder: Path) -> Path:
    """Four scenes a film of 25 frames, shots of 5 frames; blanks at the ends of lines. tt0388795 has 15
    frames only. Scene 3 ends with the film, whose end only the .matidx tells."""
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    labels = {}
    for number, (movie, split) in enumerate(MOVIES.items()):
        splits[split].append(movie)
        labels[movie] = {
            "0": ["Happiness"],
            "1": ["Anger", "Disquietment"],
            "2": ["loving", "grief-stricken"],
            "3": ["Doubt/Conf"],
        }
        film(folder / "films" / f"{movie}.mp4", 15 if movie == "tt0388795" else 25, number)
        info = folder / "mg_videoinfo"
        scenes = "1 1 1   \n2 3 1 \n4 4 0  \n5 5 1 \n"
        put(info / "scene_boundaries" / f"{movie}.scenes.gt", scenes.encode())
        events = "".join(f"{5 * shot} {0.2 * shot:.3f} CUT \n" for shot in range(1, 5))
        put(info / "video_boundaries" / f"{movie}.videvents", f"CLASS_VIDEO 25\n{events}".encode())
        put(info / "video_boundaries" / f"{movie}.matidx", b"0 0.000\n12 0.480\n25 1.000\n")
    put(folder / "mg" / "split.json", json.dumps(splits).encode())
    put(folder / "mg" / "py3loader" / "emotion_labels.json", json.dumps(labels).encode())
    return folder


SLOW = Form(times=[80 * frame for frame in range(25)])  # two seconds


def write_liris_accede(folder: Path, films: Sequence[int] = (0, 1, 2, 53, 54, 65)) -> Path:
    """Four rows of films of two seconds; a file of macOS."""
    for number in films:
        name = f"MEDIAEVAL18_{number:02}"
        film(folder / "data" / f"{name}.mp4", 25, number, SLOW)
        rows = [f"{second}\t{second / 10 - 0.5:.4f}\t{number / 100:.4f}" for second in range(4)]
        text = "\r\n".join(["Time\tValence\tArousal", *rows, ""])
        part = "TestSet" if number >= 54 else "DevSet"
        put(folder / "annotations" / part / "annotations" / f"{name}_Valence-Arousal.txt", text.encode())
    put(folder / "annotations" / "DevSet" / "annotations" / ".DS_Store", b"Bud1")
    return folder
