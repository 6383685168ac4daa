"""docs/python.md: what is for users of the library, with signatures and docstrings as the code has them."""

import ast
import inspect
import textwrap
from pathlib import Path
from typing import NamedTuple

_HEAD = """\
# Python

`make reference` writes this page from the docstrings. Axes of arrays: N inputs, M texts, C classes, `dim`
numbers of a feature, E numbers in the space that images share with texts. Probabilities, texts and
`similarity` need a trained model, or a CLIP.

```python
import pacl_core

model = pacl_core.load("models/pacl")  # or "owner/name" of the Hugging Face Hub
pictures = ["docs/images/crying_face.png"]
vectors = model.embed(pictures)  # [1, model.dim] float32
emotions = model.classify(pictures, ["joy", "sadness"], ["A photo with [C] emotion."])  # [1, 2]
nearest = model.similarity(pictures, ["a face that cries", "a sunny day"])  # [1, 2], for search
```

As a step of scikit-learn, and in a torch `Dataset`, whose workers do what comes before the network:

```python
import pacl_core
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

classifier = make_pipeline(pacl_core.PaclFeatures("models/pacl"), LogisticRegression())

model = pacl_core.load("models/pacl")
batch = model.transform("docs/images/crying_face.png")[None]  # [1, 3, S, S] float32
features = model.module(batch)  # with its graph; the same numbers as model.embed
```
"""


class _Shown(NamedTuple):
    """A definition that the page has: of a class these members, with () the class alone."""

    file: str
    name: str
    called: str
    members: tuple[str, ...] = ()


_SHOWN = (
    _Shown("pacl_core/__init__.py", "load", "pacl_core.load"),
    _Shown(
        "pacl_core/inference/model.py",
        "SavedModel",
        "SavedModel",
        (
            "embed",
            "classify",
            "embed_texts",
            "similarity",
            "transform",
            "preprocess",
            "dim",
            "told",
            "features",
            "joint",
            "class_vectors",
            "probabilities",
            "push_to_hub",
            "caveat",
        ),
    ),
    _Shown("pacl_core/inference/clips.py", "Clip", "pacl_core.Clip"),
    _Shown(
        "pacl_core/inference/features.py", "PaclFeatures", "pacl_core.PaclFeatures", ("__init__", "transform")
    ),
    _Shown(
        "pacl_core/inference/export/hugging_face.py",
        "export_hugging_face",
        "pacl_core.inference.export.hugging_face.export_hugging_face",
    ),
    _Shown(
        "pacl_core/inference/export/onnx.py", "export_onnx", "pacl_core.inference.export.onnx.export_onnx"
    ),
    _Shown("pacl_core/errors.py", "UserError", "pacl_core.errors.UserError"),
    _Shown("pacl_core/media/rejects.py", "UnusableError", "pacl_core.media.rejects.UnusableError"),
)


def python_page(root: Path) -> str:
    """The page. Raises `KeyError` for a name that the code no longer has, or has without a docstring."""
    parts = [_HEAD]
    for shown in _SHOWN:
        tree = ast.parse((root / shown.file).read_text(encoding="utf-8"))
        node = _named(tree, shown.name, shown.file)
        parts.append(_entry(f"## {shown.called}", node, shown.file))
        for member in shown.members:
            assert isinstance(node, ast.ClassDef)
            found = _named(node, member, f"{shown.file}: {shown.name}")
            title = shown.called.rpartition(".")[2] if member == "__init__" else f".{member}"
            parts.append(_entry(f"### {title}", found, f"{shown.file}: {shown.name}"))
    return "\n".join(parts)


def _named(tree: ast.Module | ast.ClassDef, name: str, where: str) -> ast.FunctionDef | ast.ClassDef:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    raise KeyError(f"{where}: no definition of '{name}', which docs/python.md shows")


def _entry(title: str, node: ast.FunctionDef | ast.ClassDef, where: str) -> str:
    said = ast.get_docstring(node) or ""
    if not said and node.name != "__init__":
        raise KeyError(f"{where}: '{node.name}' has no docstring, which docs/python.md shows")
    lines = [title, ""]
    if signature := _signature(node):
        lines += ["```text", signature, "```", ""]
    return "\n".join([*lines, inspect.cleandoc(said), ""] if said else lines)


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Name, parameters and result; of a property its result; of a class nothing."""
    if isinstance(node, ast.ClassDef):
        return ""
    result = "" if node.returns is None else ast.unparse(node.returns).strip("'")
    if any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list):
        return result
    arguments = node.args
    if arguments.args and arguments.args[0].arg == "self":
        arguments.args.pop(0)
    shown = ast.unparse(arguments)
    name = "" if node.name == "__init__" else node.name
    end = f" -> {result}" if result and result != "None" else ""
    line = f"{name}({shown}){end}"
    return line if len(line) <= 100 else "\n".join(textwrap.wrap(line, 100, subsequent_indent="    "))
