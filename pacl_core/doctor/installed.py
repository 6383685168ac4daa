"""What is installed: versions that matter, extras that are whole, the device."""

import platform
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, distribution, version

from packaging.requirements import Requirement

from pacl_core.doctor.finding import Finding
from pacl_core.errors import UserError
from pacl_core.runtime.settings import runtime

_VERSIONS = ("torch", "timm", "open_clip_torch", "transformers", "polars", "dvc")
EXTRAS = {
    "embedded": "the embedded default",
    "explore": "make explore",
    "export": "pacl export onnx",
    "test": "make test",
}


def installed() -> list[Finding]:
    """Versions, then a line per extra; a missing extra is a note, as not every project needs it."""
    python = f"Python {platform.python_version()}"
    versions = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    return [
        Finding("versions", "fine", f"{python}, pacl {_own_version()}, {versions}"),
        *_extras(),
        _device(),
    ]


def _own_version() -> str:
    try:
        return version("pacl")
    except PackageNotFoundError:
        return "(not installed)"


def _extras() -> list[Finding]:
    try:
        declared = [Requirement(text) for text in distribution("pacl").requires or []]
    except PackageNotFoundError:
        return [Finding("extras", "note", "pacl is not installed", "pip install -e '.[embedded]'")]
    missing: dict[str, list[str]] = defaultdict(list)
    for requirement in declared:
        for extra in EXTRAS:
            asked = requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
            if asked and requirement.name != "pacl" and not _is_there(requirement):
                missing[extra].append(requirement.name)
    return [
        Finding(
            f"extra '{extra}'",
            "note" if missing[extra] else "fine",
            f"not installed ({', '.join(missing[extra])}); for {use}" if missing[extra] else use,
            f"pip install 'pacl[{extra}]'" if missing[extra] else None,
        )
        for extra, use in EXTRAS.items()
    ]


def _is_there(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _device() -> Finding:
    import torch

    try:
        machine = runtime()
        chosen = torch.device(machine.device)
        if chosen.type == "cuda" and not torch.cuda.is_available():
            return Finding("device", "stops", f"{chosen}: torch sees no GPU", "set PACL_DEVICE=cpu")
    except (UserError, RuntimeError) as error:
        mend = "mend PACL_DEVICE or runtime.yaml"
        return Finding("device", "stops", " ".join(str(error).split())[:200], mend)
    name = f" ({torch.cuda.get_device_name(chosen)})" if chosen.type == "cuda" else ""
    return Finding("device", "fine", f"{chosen}{name}, {machine.workers} workers, batch {machine.batch}")
