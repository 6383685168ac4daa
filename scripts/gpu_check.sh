#!/bin/sh
# Proves on one card that training and the passes work there: one table, exit status 1 where a check failed.
#   scripts/gpu_check.sh [--device cuda|cpu] [--quick]
# Uses $PYTHON, else .venv, else python3. What of the project's libraries is missing there is installed into
# .pacl/gpu_check, next to its torch, where a package index can be reached; otherwise it says what is missing.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${PYTHON:-}" ]; then
    if [ -x .venv/bin/python ]; then PYTHON=.venv/bin/python; else PYTHON=python3; fi
fi
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
venv=$PWD/.pacl/gpu_check
missing=$("$PYTHON" scripts/gpu_check/missing.py)
if [ -n "$missing" ] && [ -x "$venv/bin/python" ]; then # of an earlier call
    PYTHON=$venv/bin/python
    missing=$("$PYTHON" scripts/gpu_check/missing.py)
fi
if [ -n "$missing" ]; then
    echo "gpu_check: missing: $missing" >&2
    if ! { "$PYTHON" -m venv --system-site-packages "$venv" &&
        "$venv/bin/python" -m pip install --quiet --timeout 10 --retries 1 '.[pipeline]'; }; then
        echo "gpu_check: cannot install them here; install the project first (pip install '.[pipeline]')" >&2
        exit 2
    fi
    PYTHON=$venv/bin/python
fi
exec "$PYTHON" -m scripts.gpu_check "$@"
