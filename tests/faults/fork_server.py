"""Starts modules of the project as real processes that need not import the libraries again.

Listens on a Unix socket. A client sends one line `{"folder", "arguments", "environment"}`, and with it the
descriptors for stdout and stderr; a process is forked that does what `python -m <arguments>` does in that
folder. The answer is its pid, then its wait status. The server ends with its stdin.
"""

import json
import os
import resource
import runpy
import select
import signal
import socket
import sys
from importlib import import_module
from typing import Any

# what stages import, late ones too: a process is forked after the seconds that these take
LIBRARIES = (
    "dvc.cli.parser", "dvc.repo", "dvc.repo.experiments", "dvc.scm", "dvclive",
    "emoji", "faiss", "fasttext", "jinja2", "open_clip", "PIL.Image", "PIL.ImageCms", "polars",
    "pyarrow.compute", "pyarrow.csv", "pyarrow.dataset", "pyarrow.parquet", "pydantic.main", "resvg_py",
    "safetensors.torch", "scipy.optimize", "scipy.stats", "simplejpeg", "sklearn.cluster",
    "sklearn.decomposition", "sklearn.metrics", "timm", "torch", "torch.utils.serialization",
    "transformers", "transformers.modeling_utils", "vl_convert", "webdataset", "yaml",
)  # fmt: skip


def become(folder: str, arguments: list[str], environment: dict[str, str]) -> None:
    """Run a module in this process."""
    os.setsid()  # so that a signal to its group, as a terminal sends it, reaches nobody else
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if "FILE_LIMIT" in environment:
        limit = int(environment["FILE_LIMIT"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.path[:1] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["-m", *arguments[1:]]
    code = 0
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def request(client: socket.socket) -> dict[str, Any]:
    """What a client sends; its descriptors become stdout and stderr of this process."""
    line, descriptors = b"", []
    while not line.endswith(b"\n"):
        part, found, _, _ = socket.recv_fds(client, 1 << 20, 2)
        line, descriptors = line + part, descriptors + list(found)
    for number, descriptor in enumerate(descriptors, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return json.loads(line)


def serve(client: socket.socket) -> None:
    """Start what the client asks for, and tell it how that ended."""
    wanted = request(client)
    child = os.fork()
    if child == 0:
        client.close()
        become(**wanted)
    client.sendall(f"{child}\n".encode())
    client.sendall(f"{os.waitpid(child, 0)[1]}\n".encode())


def main() -> None:
    for library in LIBRARIES:
        import_module(library)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        print("ready", flush=True)
        serving: list[int] = []
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            client, _ = listening.accept()
            serving = [pid for pid in serving if os.waitpid(pid, os.WNOHANG) == (0, 0)]
            if (pid := os.fork()) == 0:
                listening.close()
                serve(client)
                os._exit(0)
            serving.append(pid)
            client.close()


if __name__ == "__main__":
    main()
