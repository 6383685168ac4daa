"""Ctrl-C, and the signals by which a scheduler or a closed terminal ends a job: one line, and a clean end."""

import os
import signal
import sys
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_received: list[int] = []


def end_cleanly() -> None:
    """Turn these signals into KeyboardInterrupt, which removes drafts; a second one ends at once.

    One that the parent chose to ignore (nohup, a background job) stays ignored. Called before the imports of
    a stage, which take seconds: an interrupt among them has nothing to clean up and ends at once, too.
    """
    for one in _ENDING:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, _interrupt)
    sys.excepthook = _excepthook


def exit_code() -> int:
    """128 plus the signal's number, as in shells: 130 for Ctrl-C."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    if len(_received) > 1:
        _leave("interrupted again; ended at once")
    raise KeyboardInterrupt


def _excepthook(kind: type[BaseException], error: BaseException, trace: object) -> None:
    if issubclass(kind, KeyboardInterrupt):
        _leave("interrupted before its work began")
    sys.__excepthook__(kind, error, trace)  # type: ignore[arg-type]


def _leave(message: str) -> None:
    """End without unwinding: the next run removes what is left behind."""
    os.write(2, f"\n{message}; 'dvc repro' resumes from here\n".encode())
    os._exit(exit_code())
