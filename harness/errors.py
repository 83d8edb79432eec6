"""The two ways a command ends badly."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from srpo_bench.plugins import nearest
from srpo_bench.tasks.base import TaskError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that takes no more; what was written before is whole."""
UNWRITABLE = (*DISK_FULL, errno.EROFS, errno.EACCES)


class UserError(Exception):
    """The user's request cannot be done; one sentence that says what to do. Exit code 2."""


class RunError(Exception):
    """One run failed; the sentence goes into its status and into the report."""


def unknown(kind: str, name: str, names: Iterable[str]) -> UserError:
    """An error for an unknown name, with the nearest known one."""
    return UserError(f"Unknown {kind} '{name}'; {nearest(name, sorted(names))}")


@contextmanager
def naming(plugin: str, verb: str, failure: type[Exception] = RunError) -> Iterator[None]:
    """Errors of a block as one sentence; ``plugin`` names it, ``verb`` the part of it."""
    try:
        yield
    except (RunError, UserError, TaskError):
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())[:500]
        raise failure(f"{plugin} raised {type(error).__name__} in {verb}: {text}") from error
