"""A pytest plugin: which lines of the product each test runs, and how long it takes.

``python -m pytest -p tests.mutants.trace`` with MUTANTS_MAP=FILE writes the map as JSON:
test -> {"seconds": s, "lines": {file: [lines]}}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.mutants import ROOMS, ROOT

_seen: dict[CodeType, set[int]] = defaultdict(set)
_all: dict[CodeType, int] = {}
_files: dict[str, str | None] = {}
_map: dict[str, dict[str, Any]] = {}
_failed: set[str] = set()


def _product(path: str) -> str | None:
    """A file's name within the repository where it is the product's."""
    if path not in _files:
        real = Path(path).resolve()
        inside = real.is_relative_to(ROOT) and real.relative_to(ROOT).parts[0] in ROOMS
        _files[path] = str(real.relative_to(ROOT)) if inside else None
    return _files[path]


def _lines(code: CodeType) -> int:
    """How many lines a function has."""
    if code not in _all:
        _all[code] = len({line for *_, line in code.co_lines() if line})
    return _all[code]


def _on_call(frame: FrameType, event: str, _: Any) -> Any:
    """What has been seen whole needs no watching."""
    code = frame.f_code
    if not _product(code.co_filename):
        return None
    _seen[code].add(frame.f_lineno)
    return _on_line if len(_seen[code]) < _lines(code) else None


def _on_line(frame: FrameType, event: str, _: Any) -> Any:
    if event == "line":
        _seen[frame.f_code].add(frame.f_lineno)
    return _on_line


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Trace a test with its fixtures."""
    _seen.clear()
    start = time.process_time()
    threading.settrace(_on_call)
    sys.settrace(_on_call)
    yield
    sys.settrace(None)
    threading.settrace(None)
    lines: dict[str, set[int]] = defaultdict(set)
    for code, numbers in _seen.items():
        if code.co_name != "<module>" and (name := _product(code.co_filename)):
            lines[name] |= numbers
    _map[item.nodeid] = {
        "seconds": round(time.process_time() - start, 3),
        "lines": {name: sorted(numbers) for name, numbers in lines.items()},
    }


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that fails by itself would kill every mutant."""
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write the map of the tests that passed."""
    passed = {test: entry for test, entry in _map.items() if test not in _failed}
    Path(os.environ["MUTANTS_MAP"]).write_text(json.dumps(passed))
