"""The two ways a command ends badly."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from srpo_bench.tasks.base import TaskError


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


@contextmanager
def naming(what: str, verb: str, failure: type[Exception] = RunError) -> Iterator[None]:
    """Errors of a block as one sentence; ``what`` names the plug-in, ``verb`` the part of it."""
    try:
        yield
    except (RunError, UserError, TaskError):
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())[:500]
        raise failure(f"{what} raised {type(error).__name__} in {verb}: {text}") from error
