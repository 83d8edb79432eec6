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
def as_user_error(*kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds in a block as the user's own: their sentence says what to do."""
    try:
        yield
    except kinds as error:
        raise UserError(str(error)) from error


def one_line(error: BaseException) -> str:
    """What an error says, as a line that can stand within a sentence."""
    return " ".join(str(error).split())[:500]


@contextmanager
def naming(plugin: str, verb: str, failure: type[Exception] = RunError) -> Iterator[None]:
    """Errors of a block as one sentence; ``plugin`` names it, ``verb`` the part of it."""
    try:
        yield
    except (RunError, UserError, TaskError):
        raise
    except (Exception, SystemExit) as error:
        said = f"{plugin} raised {type(error).__name__} in {verb}: {one_line(error)}"
        raise failure(said) from error


def sentence(error: Exception) -> tuple[str, int] | None:
    """What a command says of an error as it ends, and its exit code; None: it was not foreseen."""
    if isinstance(error, UserError):
        return str(error), 2
    if isinstance(error, RunError | TaskError):
        return str(error), 1
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        where = f" {error.filename}" if error.filename else ""
        return f"Cannot write{where}: {error.strerror}.", 2
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return f"The path {str(error.filename)[:60]}… is too long for this file system.", 2
    if full := memory_full(error):
        less = "fewer responses at a time take less (bench eval --batch; rollout.rows_at_once)"
        return f"{full}: {less}.", 1
    return None


def memory_full(error: BaseException) -> str:
    """That an error came of a memory that was full, and what was asked of it; else empty."""
    if not any(map(_of_memory, chain(error))):
        return ""
    what = one_line(error).partition(" GPU ")[0].rstrip(".")  # then come everybody's processes
    return f"The memory was full ({what})"


def _of_memory(error: BaseException) -> bool:
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"  # torch's, which is not imported for this
        or (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error))
    )


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
