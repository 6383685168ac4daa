"""Saved models on the Hugging Face Hub: fetched by name, and uploaded as the folder that export writes."""

import re
import tempfile
from os import PathLike
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from pacl_core.errors import UserError

_ID = re.compile(r"(?:hub:)?([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?")
_FILES = ["*.json", "*.safetensors"]
# the HTTP library's own base, which is another one from version to version: no connection, no answer
_HTTP: type[Exception] = HfHubHTTPError.__mro__[1]
_COMMIT = re.compile(r"[0-9a-f]{40}")


def model_folder(name: str | PathLike[str], revision: str | None = None) -> Path:
    """The folder of a model: a local path, or the repository `owner/name` or `hub:owner/name@revision`.

    A path that exists, or whose parent folder does, is local. What the local cache of the hub holds is used
    without a network. Raises `UserError` where the hub has no such repository or cannot be reached.
    """
    path, found = Path(name), _ID.fullmatch(str(name))
    local = path.exists() or (path.parent != Path() and path.parent.is_dir())
    if found is None or (local and not str(name).startswith("hub:")):
        return path
    repository, revision = found[1], revision or found[2]
    try:
        pinned = revision is not None and _COMMIT.fullmatch(revision) is not None
        return _fetched(repository, revision, cached=pinned)
    except (LocalEntryNotFoundError, _HTTP, OSError) as error:
        raise UserError(
            f"no model in {path}: there is no such folder, and the hub has no repository '{repository}' "
            f"that can be reached from here ({type(error).__name__})"
        ) from None


def _fetched(repository: str, revision: str | None, *, cached: bool) -> Path:
    if cached:
        try:
            return Path(
                snapshot_download(repository, revision=revision, allow_patterns=_FILES, local_files_only=True)
            )
        except LocalEntryNotFoundError:
            return _fetched(repository, revision, cached=False)
    return Path(snapshot_download(repository, revision=revision, allow_patterns=_FILES))


def push(model: Path, repository: str, *, private: bool = False, revision: str | None = None) -> str:
    """Upload the folder of `pacl export hf`, making the repository where it is missing; the commit's address.

    The token is huggingface_hub's own (`hf auth login`, or HF_TOKEN). Raises `UserError` where the hub
    refuses or cannot be reached.
    """
    from pacl_core.inference.export.hugging_face import export_hugging_face

    hub = HfApi()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "model"
        export_hugging_face(model, folder)
        try:
            hub.create_repo(repository, private=private, exist_ok=True)
            done = hub.upload_folder(
                repo_id=repository,
                folder_path=folder,
                revision=revision,
                commit_message="Upload a model of PACL",
            )
        except (_HTTP, OSError, ValueError) as error:  # ValueError: no name of the hub, or no answer of it
            said = " ".join(str(error).split())[:200]
            raise UserError(f"{repository}: not uploaded ({said})") from None
    return str(done.commit_url)
