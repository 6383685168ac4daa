"""What is installed: the versions that matter, which extras are complete, the device."""

import platform
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, distribution, version

from packaging.requirements import Requirement

from pacl_core.doctor import Finding
from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.runtime.scratch import versions
from pacl_core.runtime.settings import runtime

_LIBRARIES = ("pacl", "torch", "timm", "open_clip_torch", "transformers", "polars", "dvc")
EXTRAS = {
    "pipeline": "dvc repro",
    "embedded": "the embedded default",
    "explore": "make explore",
    "export": "pacl export onnx",
    "ray": "passes on many machines",
    "test": "make test",
    "video": "clips of video",
}


def installed() -> list[Finding]:
    """Versions, then a line per extra; a missing extra is a note, as not every project needs it."""
    found = versions(*_LIBRARIES)
    listed = ", ".join(f"{name} {known or '(not installed)'}" for name, known in found.items())
    return [
        Finding("versions", "fine", f"Python {platform.python_version()}, {listed}"),
        *_extras(),
        _device(),
    ]


def _extras() -> list[Finding]:
    try:
        declared = [Requirement(text) for text in distribution("pacl").requires or []]
    except PackageNotFoundError:
        return [Finding("extras", "note", "pacl is not installed", install("embedded"))]
    missing: dict[str, list[str]] = defaultdict(list)
    for requirement in declared:
        for extra in EXTRAS:
            asked = requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
            if asked and requirement.name != "pacl" and not _is_there(requirement):
                missing[extra].append(requirement.name)
    return [
        Finding(
            f"extra '{extra}'",
            ("stops" if extra == "pipeline" else "note") if missing[extra] else "fine",
            f"not installed ({', '.join(missing[extra])}); for {use}" if missing[extra] else use,
            install(extra) if missing[extra] else None,
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
        fix = "fix PACL_DEVICE or runtime.yaml"
        return Finding("device", "stops", " ".join(str(error).split())[:200], fix)
    name = f" ({torch.cuda.get_device_name(chosen)})" if chosen.type == "cuda" else ""
    return Finding("device", "fine", f"{chosen}{name}, {machine.workers} workers, batch {machine.batch}")
