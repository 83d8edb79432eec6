"""``bench`` in a process forked from a server that has imported the heavy libraries once.

Importing them took 7 s of a processor with a load of 13, and tests run sixty commands. The server
that forks a command's runs would import most of them again, and is a fork, too. What a fresh
process does differently is tested by the modules that start one by ``command``.
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from multiprocessing import forkserver, util
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from matplotlib.figure import Figure

from srpo_bench.harness.cli.app import main
from tests.results.conftest import blank

HEAVY = [
    "tests.integration.preloaded",
    "srpo_bench.harness.planning.plan",
    "srpo_bench.harness.running.loop",
    "srpo_bench.results.report",
    "transformers.models.llama.modeling_llama",
]


def run(
    words: Sequence[str], env: dict[str, str], timeout: float, figures: bool
) -> subprocess.CompletedProcess[str]:
    """``bench WORDS`` as ``subprocess.run`` with captured output would run it.

    figures: whether those of a report are rendered, which takes longer than a short run.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = context.Process(target=_bench, args=(["bench", *words], env, out, err, figures))
        with pytest.MonkeyPatch.context() as patch:  # the server, where it is not there yet
            patch.setenv("PYTHONPATH", env["PYTHONPATH"])
            process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(words, timeout, out.read_text(), err.read_text())
        code = process.exitcode
        assert code is not None
        return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())


def _bench(argv: list[str], env: dict[str, str], out: Path, err: Path, figures: bool) -> None:
    """What a fresh interpreter does with its arguments, its environment and its streams."""
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    sys.argv = argv
    os.environ.clear()
    os.environ.update(env)
    wanted = env["PYTHONPATH"].split(os.pathsep)
    sys.path[:] = [*wanted, *(entry for entry in sys.path if entry not in wanted)]
    importlib.invalidate_caches()  # the server may have looked where there was no folder yet
    if not figures:
        Figure.savefig = blank
    util.spawnv_passfds = _forked_server()
    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a forked process ends without them


def _forked_server() -> Callable[..., int]:
    """In place of ``multiprocessing``'s way to start a forkserver: a fork of this process as it is
    now, before the command has computed anything, waits to be that server.

    Once; whatever else is started, as a second server is where the first has died, is executed.
    """
    execute = util.spawnv_passfds
    ours, theirs = socket.socketpair()
    waiting = os.fork()
    if not waiting:
        ours.close()
        _serve(theirs)
    theirs.close()

    def start(path: bytes, args: Sequence[bytes | str], passfds: Sequence[int]) -> int:
        if "multiprocessing.forkserver" not in str(args[-1]):
            return execute(path, args, passfds)
        util.spawnv_passfds = execute
        with ours:
            socket.send_fds(ours, [json.dumps(dict(os.environ)).encode()], list(passfds))
        return waiting

    return start


def _serve(asked: socket.socket) -> None:
    """What an executed server does with its environment and descriptors, once it is given them."""
    try:
        first, (*passed,), *_ = socket.recv_fds(asked, 1 << 20, 2)
        if first:
            os.environ.clear()
            os.environ.update(json.loads(first + b"".join(iter(lambda: asked.recv(4096), b""))))
            asked.close()
            forkserver.main(*passed, [])
    finally:
        os._exit(0)
