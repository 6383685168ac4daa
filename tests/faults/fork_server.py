"""Starts stages as real processes that need not import the libraries again.

Reads lines `{"folder", "arguments", "environment", "errors"}` on stdin; for each it forks a process that does
what `python -m stages.<...>` does in that folder, and writes its pid, then its wait status.
"""

import json
import os
import resource
import runpy
import signal
import sys
from importlib import import_module

LIBRARIES = (
    "dvclive", "faiss", "jinja2", "open_clip", "PIL.Image", "polars", "pyarrow.parquet", "pydantic",
    "safetensors.torch", "scipy.optimize", "scipy.stats", "sklearn.metrics", "timm", "torch",
    "transformers", "webdataset", "yaml",
)  # fmt: skip


def become(folder: str, arguments: list[str], environment: dict[str, str], errors: str) -> None:
    """Run a stage in this process."""
    os.setsid()  # so that a signal to its group, as a terminal sends it, reaches nobody else
    signal.signal(signal.SIGINT, signal.default_int_handler)
    written = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.chdir(folder)
    os.environ.update(environment)
    if "FILE_LIMIT" in environment:
        limit = int(environment["FILE_LIMIT"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.path.insert(0, folder)
    sys.argv = ["-m", *arguments[1:]]
    code = 0
    try:
        runpy.run_module(f"stages.{arguments[0]}", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    for library in LIBRARIES:
        import_module(library)
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
