"""Commands named `python` and `dvc` that do what these do, in a process of the fork server.

First in the PATH of `dvc repro`, they spare each stage the seconds of its imports. Whatever is not
`python -m`, and not `dvc`, goes to the real command.
"""

import sys
from functools import cache
from pathlib import Path

from tests.faults.processes import starter

# without site-packages: this is started for every stage
_SHIM = """\
#!{python} -IS
import json, os, socket, sys
arguments = {prefix!r} + sys.argv[1:]
if arguments[:1] != ["-m"]:
    os.execv({python!r}, [{python!r}, *arguments])
wanted = {{"folder": os.getcwd(), "arguments": arguments[1:], "environment": dict(os.environ)}}
with socket.socket(socket.AF_UNIX) as client:
    client.connect({address!r})
    socket.send_fds(client, [json.dumps(wanted).encode() + b"\\n"], [1, 2])
    answers = client.makefile()
    answers.readline()
    ended = os.waitstatus_to_exitcode(int(answers.readline()))
if ended < 0:
    os.kill(os.getpid(), -ended)
sys.exit(ended)
"""


@cache
def shims() -> Path:
    """The folder of the commands."""
    address = starter().address
    folder = address.with_name("bin")
    folder.mkdir()
    for name, prefix in (("python", []), ("dvc", ["-m", "dvc"])):
        script = folder / name
        script.write_text(_SHIM.format(python=sys.executable, prefix=prefix, address=str(address)))
        script.chmod(0o755)
    return folder
