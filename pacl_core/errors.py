"""Errors that a user can fix: shown as one line, without a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """What is wrong, where, and what to do, in one line."""


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """A `UserError` for a name that is not in `known`, with the nearest valid name."""
    options = sorted(known)
    close = get_close_matches(name, options, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(options)}"
    return UserError(f"unknown {what} '{name}'; {hint}")
