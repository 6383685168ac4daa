"""Stale work is never resumed: a byte of an input, a parameter or a line of code makes another key."""

import ast
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.runtime.scratch import code_files
from tests.dag import stage_sources
from tests.dag.small_project import edit_params
from tests.faults.processes import Starter, remove, until
from tests.faults.small_reference import Reference
from tests.paths import ROOT

pytestmark = pytest.mark.dag

DOWNSTREAM = "data/downstream/emoji_sentiment.parquet"


def other_text(path: Path) -> None:
    """The first row's text and hashes differ in a letter."""
    file = sorted(path.glob("*.parquet"))[0] if path.is_dir() else path
    table = pq.read_table(file)
    for name in ("text", "pixel_hash", "anps"):
        if name in table.column_names:
            values = table[name].to_pylist()
            values[0] = [*values[0], "other"] if isinstance(values[0], list) else f"{values[0]}x"
            place = table.column_names.index(name)
            table = table.set_column(place, table.schema.field(name), pa.array(values, table[name].type))
    pq.write_table(table, file, write_page_checksum=True)


def another_line(path: Path) -> None:
    path.write_text(path.read_text() + "\n")


# stages whose own file is part of their key; of those that encode, the key is that of encoding
KEYED = ("shards", "downstream", "pretext_set", "leaks", "features", "evaluate", "train")

# stage -> its scratch, an input with a change of it, a parameter, a module
CASES: dict[str, tuple[str, str, Callable[[Path], None], dict[str, object], str]] = {
    "downstream@emoji_sentiment": (
        "downstream-emoji_sentiment", "data/corpora/openmoji.yaml", another_line,
        {"downstream__emoji_sentiment__image_size": 40}, "pacl_core/media/images.py",
    ),
    "factual_scores": ("factual_scores", "data/pairs", other_text, {}, "pacl_core/encoding/images.py"),
    "emotional_scores": (
        "emotional_scores", "data/scores/anps.parquet", other_text,
        {"emotional_scores__text_encoder__max_length": 64}, "pacl_core/models/text_encoders/nade.py",
    ),
    "image_embeddings": (
        "image_embeddings", "data/pairs", other_text, {"backbone__image_size": 40},
        "pacl_core/models/preprocess.py",
    ),
    "text_embeddings": (
        "text_embeddings", "data/pairs", other_text, {"text_encoder__max_length": 64},
        "pacl_core/encoding/texts.py",
    ),
    "shards": (
        "shards", "data/pairs", other_text, {"shards__max_samples": 7},
        "pacl_core/methods/pacl/shards/write_shards.py",
    ),
    "train": (
        "train", "data/shards/index.json", another_line, {"train__temperature": 0.1},
        "pacl_core/media/images.py",
    ),
    "leaks@emoji_sentiment": (
        "leaks-emoji_sentiment", DOWNSTREAM, other_text, {"leaks__distance": 3},
        "pacl_core/datasets/leaks.py",
    ),
    "features@emoji_sentiment-initial": (
        "features-emoji_sentiment-initial", DOWNSTREAM, other_text, {}, "pacl_core/media/images.py",
    ),
    "evaluate@emoji_sentiment-finetune-initial": (
        "finetune-emoji_sentiment-initial", DOWNSTREAM, other_text, {"evaluate__finetune__head_lr": 0.02},
        "pacl_core/media/images.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_change_starts_afresh(reference: Reference, start: Starter, name: str) -> None:
    scratch, changed_input, change, parameter, module = CASES[name]
    root = reference.root
    remove(root, reference.stages[name])

    def key() -> str:
        """Of a run that is killed as soon as it has one."""
        shutil.rmtree(folder, ignore_errors=True)
        process = start.start(root, *reference.stages[name].arguments)
        assert until(lambda: _only(folder) is not None, 60), process.output
        found = _only(folder)
        process.kill(signal.SIGKILL)
        process.wait()
        assert found is not None
        return found

    folder = root / ".pacl/scratch" / scratch
    try:
        undisturbed = key()
        assert key() == undisturbed
        with kept(root / changed_input):
            change(root / changed_input)
            assert key() != undisturbed
        own = f"stages/{name.split('@')[0]}.py"
        for of in (module, own) if name.split("@")[0] in KEYED else (module,):
            with kept(root / of):
                (root / of).write_text((root / of).read_text() + "\n# another line\n")
                assert key() != undisturbed, of
        if parameter:
            with kept(root / "params.yaml"):
                edit_params(root, **parameter)
                assert key() != undisturbed
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        done = start.run(root, *reference.stages[name].arguments)
        assert done.wait() == 0, done.output


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Put a file or folder back, its times too."""
    aside = path.with_name(f"{path.name}.aside")
    if path.is_dir():
        shutil.copytree(path, aside)
    else:
        shutil.copy2(path, aside)
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        aside.replace(path)


def _only(folder: Path) -> str | None:
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return None
    return names[0] if len(names) == 1 else None


@pytest.mark.parametrize("stage", KEYED)
def test_the_key_covers_the_code_of_the_stage(stage: str) -> None:
    hashed = {str(file.relative_to(ROOT)) for file in code_files(*_rooms(stage))}
    assert stage_sources.code_of(stage) - hashed == set()


def _rooms(stage: str) -> list[str | Path]:
    """What is handed to `code_sha256` in the stage's code, read from its source; training's is a constant."""
    rooms: list[str | Path] = []
    code = sorted(name for name in stage_sources.code_of(stage) if name.endswith(".py") and name != HASHING)
    for file in (ROOT / name for name in code):
        tree = stage_sources.tree_of(file)
        for call in ast.walk(tree):
            name = getattr(call.func, "id", None) if isinstance(call, ast.Call) else None
            if name == "code_sha256":
                for argument in call.args:
                    rooms += _values(argument, file, tree)
            elif name == "file_sha256" and ast.unparse(call) == "file_sha256(Path(__file__))":
                rooms.append(file)
    return rooms


HASHING = "pacl_core/runtime/scratch.py"


def _values(argument: ast.expr, file: Path, tree: ast.Module) -> list[str | Path]:
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    if isinstance(argument, ast.Starred):
        wanted = ast.unparse(argument.value)
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == wanted:
                return [str(value) for value in ast.literal_eval(node.value)]
            if isinstance(node, ast.ImportFrom) and any(name.name == wanted for name in node.names):
                return []  # read where it is defined, which is among the stage's files too
    assert ast.unparse(argument) == "Path(__file__)", ast.unparse(argument)
    return [file]
