"""``bench``, in a process of its own or forked from this one, which then costs hardly anything."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import forkserver, util
from pathlib import Path
from typing import Any

from srpo_bench.harness.cli.app import main
from srpo_bench.harness.environment import settle
from srpo_bench.harness.executors import local

FORKSERVER = "forkserver"
"""What a forked forkserver calls itself: its words are those of this process."""

_start_by_exec = util.spawnv_passfds


def warm(folder: Path) -> None:
    """Import once what a command and its forkserver need, so that both can be forked from here.

    Args:
        folder: for the temporary files of commands that are killed.
    """
    settle(1)
    os.environ["TMPDIR"] = str(folder)
    for name in (*local.PRELOAD, "srpo_bench.harness.planning.plan", "rich.console"):
        importlib.import_module(name)
    util.spawnv_passfds = _start


class Command:
    """One ``bench``, and whether it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = False

    @classmethod
    def forked(cls, words: Sequence[str], log: Path) -> Command:
        """A fork of this process, which is warm; its forkserver will be a fork of it in turn."""

        def bench() -> None:
            os.setsid()
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(out, 1)
            os.dup2(out, 2)
            sys.argv = ["bench", *words]
            main()

        return cls(_fork(bench))

    @classmethod
    def executed(cls, words: Sequence[str], log: Path, **environment: str) -> Command:
        """What a user's shell would start."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "srpo_bench.harness", *words],
                env={**os.environ, **environment},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        command = cls(process.pid)
        process.returncode = 0  # it is this object that waits for it
        return command

    def ended(self) -> bool:
        """Whether it is gone; its end is buried."""
        if not self._ended:
            self._ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return self._ended

    def kill(self) -> None:
        """SIGKILL, and bury it."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._ended = True


def _start(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:
    """In place of ``multiprocessing``'s own way to start a forkserver: the same server, with the
    same descriptors and signals, but forked."""
    if f"multiprocessing.{FORKSERVER}" not in args[-1]:
        return _start_by_exec(path, args, passfds)

    def serve() -> None:
        _close_all_but({0, 1, 2, *passfds})
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        inherited: Any = forkserver._forkserver
        inherited._lock = threading.Lock()  # the other one is held by this one's starter
        Path("/proc/self/comm").write_text(FORKSERVER)
        forkserver.main(passfds[0], passfds[1], [])

    return _fork(serve)


def _fork(work: Callable[[], None]) -> int:
    """The process that does ``work`` and ends, whatever happens."""
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    code = 1
    try:
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _close_all_but(kept: set[int]) -> None:
    for path in list(Path("/proc/self/fd").iterdir()):
        if int(path.name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(path.name))
