"""The two ways a command ends badly."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """The user's request cannot be done; one sentence that says what to do. Exit code 2."""


class RunError(Exception):
    """One run failed; the sentence goes into its status and into the report."""


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """An error for a name that is none, with the nearest one that is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}."
    return UserError(f"Unknown {what} '{name}'; {hint}")
