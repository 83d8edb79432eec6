"""A folder that one sandbox without a file system of its own may write to, and no trace of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

_PREFIX = "bench-sandbox-"


class Scratch:
    """An empty folder under the system's for temporary files; ``owner`` is the user it is for.

    Its owner holds a lock on it. Folders whose owner was killed are removed by the next one.
    """

    def __init__(self, owner: int | None) -> None:
        _remove_orphans()
        self.path, self._lock = _new()
        if owner is not None:
            os.chown(self.path, owner, owner)

    def remove(self) -> None:
        """Delete it with all that was written to it."""
        _remove(self.path)
        os.close(self._lock)


def _new() -> tuple[str, int]:
    """A new folder, locked. Before it is locked another's ``_remove_orphans`` may take it away."""
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX)
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if Path(path).exists():
                return path, lock
            os.close(lock)


def _remove(path: str) -> None:
    try:
        Path(path).rmdir()
    except OSError:  # not empty; its folders may be unreadable, or deeper than Python can go
        subprocess.run(["chmod", "-R", "u+rwx", path], stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", path], stderr=subprocess.DEVNULL)


def _remove_orphans() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # another user's, or gone meanwhile
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(str(folder))
        except OSError:
            pass  # its owner lives
        finally:
            os.close(lock)
