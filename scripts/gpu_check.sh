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
missing=$("$PYTHON" scripts/gpu_check/missing.py)
if [ -n "$missing" ]; then
    echo "missing: $missing" >&2
    "$PYTHON" -m venv --system-site-packages .pacl/gpu_check
    PYTHON=$PWD/.pacl/gpu_check/bin/python
    if ! "$PYTHON" -m pip install --quiet --timeout 10 --retries 1 .; then
        echo "gpu_check: cannot install them here; install the project first (pip install .)" >&2
        exit 2
    fi
fi
exec "$PYTHON" -m scripts.gpu_check "$@"
