"""Many mutants with one collection of the tests: each is a fork of a session that has collected.

A mutant within a function is a change of that function's code, which is put in its place. What is
run at import (a constant, a default) has no function: ``run.judge`` loads its module anew.
"""

from __future__ import annotations

import functools
import gc
import math
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.mutants import ROOT, THOROUGH
from tests.mutants.run import Finder, Mutant, Verdict, code_of, module_of, tests_of

Key = tuple[str, int]


def judged(
    mutants: Sequence[Mutant], known: dict[str, Any], seconds: float
) -> Iterator[tuple[Mutant, Verdict]]:
    """Verdicts on mutants within functions, in order, from a session in a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        session = _Session(mutants, known, seconds, writing)
        files = sorted({test.split("::")[0] for test in session.wanted()})
        log = os.open(os.devnull, os.O_WRONLY)
        os.dup2(log, 1)
        os.chdir(ROOT)
        options = ["-o", "addopts=", "-p", "no:cacheprovider", "-q", "-s", "--no-header"]
        pytest.main([*options, *THOROUGH, *files], plugins=[session])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        for mutant, line in zip(mutants, told, strict=False):
            yield mutant, line.strip()  # type: ignore[misc]
    os.waitpid(pid, 0)


class _Session:
    """The plugin that runs mutants in place of the tests."""

    def __init__(
        self, mutants: Sequence[Mutant], known: dict[str, Any], seconds: float, told: int
    ) -> None:
        self.mutants, self.told = mutants, told
        self.known = known
        self.tests = [tests_of(mutant, known, seconds) for mutant in mutants]
        self.passes: dict[str, bool] = {}

    def wanted(self) -> set[str]:
        """All tests that any of the mutants needs."""
        return {test for tests in self.tests for test in tests}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge them all, one fork each."""
        self.items = {item.nodeid: item for item in session.items}
        self.session = session
        self.functions, self.caches = _living()
        gc.freeze()  # a collection in a fork would copy every page
        for mutant, tests in zip(self.mutants, self.tests, strict=True):
            os.write(self.told, f"{self.judge(mutant, tests)}\n".encode())
        return True

    def judge(self, mutant: Mutant, tests: list[str]) -> Verdict:
        """Killed only by a test that passes here without the mutant."""
        there = [test for test in tests if test in self.items]
        while there:
            failed = self.run(there, mutant)
            if failed is None:
                return "survived"
            if failed == "" or self.is_sound(failed):
                return "killed"
            there.remove(failed)
        return "not covered"

    def is_sound(self, test: str) -> bool:
        """Does it pass here when nothing is wrong?"""
        if test not in self.passes:
            self.passes[test] = self.run([test], None) is None
        return self.passes[test]

    def run(self, tests: list[str], mutant: Mutant | None) -> str | None:
        """The first test that fails, "" where the process died or hung; None if all passed."""
        seconds = 4 + 6 * sum(self.known[test]["seconds"] for test in tests)
        folder = tempfile.mkdtemp(prefix="mutant-")
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writing, self.child(tests, mutant, Path(folder)).encode())
            os._exit(0)
        os.close(writing)
        status = _wait(pid, 20 * seconds)
        with os.fdopen(reading) as told:
            failed = told.read() if status == 0 else ""
        shutil.rmtree(folder, ignore_errors=True)
        return None if failed == "passed" else failed

    def child(self, tests: list[str], mutant: Mutant | None, folder: Path) -> str:
        """In the fork: put the mutant in its place, run tests until one fails."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        self.session.config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined]
        if mutant is not None:
            self.put(mutant)
        items = [self.items[test] for test in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            _limit(4 + 6 * self.known[item.nodeid]["seconds"])
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.session.testsfailed:
                return item.nodeid
        return "passed"

    def put(self, mutant: Mutant) -> None:
        """Change the code of the living functions; a module that is not loaded is found changed."""
        sys.meta_path.insert(0, Finder(mutant))
        if module_of(mutant) in sys.modules:
            codes = dict(_codes(code_of(mutant)))
            for key, function in self.functions[mutant.file]:
                if key in codes:
                    function.__code__ = codes[key]
        for cache in self.caches:
            cache.cache_clear()


def _limit(seconds: float) -> None:
    """Processor time that this process has from now on: a mutant may loop for ever."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(spent.ru_utime + spent.ru_stime + seconds)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until, most))


def _wait(pid: int, seconds: float) -> int:
    """A process's status; killed where it sleeps for good."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(pause)
        pause = min(0.05, 1.5 * pause)
    os.kill(pid, 9)
    return os.waitpid(pid, 0)[1]


def _codes(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield (inner.co_qualname, inner.co_firstlineno), inner
            yield from _codes(inner)


def _living() -> tuple[dict[str, list[tuple[Key, FunctionType]]], list[Any]]:
    """The product's functions by file, and its caches."""
    functions: dict[str, list[tuple[Key, FunctionType]]] = defaultdict(list)
    caches = []
    gc.unfreeze()  # tests/conftest.py has frozen what was collected: it would not be among these
    for thing in gc.get_objects():
        if type(thing) is FunctionType:
            code = thing.__code__
            if file := _ours(code.co_filename):
                functions[file].append(((code.co_qualname, code.co_firstlineno), thing))
        elif type(thing) is functools._lru_cache_wrapper:
            caches.append(thing)
    ours = [cache for cache in caches if str(cache.__module__).startswith("srpo_bench")]
    return functions, ours


@functools.cache
def _ours(filename: str) -> str:
    """The product's file, from its root; empty for any other."""
    path = Path(filename).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else ""
