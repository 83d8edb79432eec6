"""A pytest plugin: which statements of the product each test runs, and how long it takes.

``python -m pytest -p tests.mutants.trace`` with MUTANTS_MAP=FILE writes the map as JSON:
test -> {"seconds": s, "lines": {file: [lines]}}, a line for each statement within a function. The
product is compiled with a note before each of them: a tracer would be called by torch's, too.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from tests.mutants import ROOMS, ROOT

NOTE = "__note_line__"
_seen: dict[str, set[int]] = {}
_map: dict[str, dict[str, Any]] = {}
_failed: set[str] = set()


class _Noting(ast.NodeTransformer):
    """Puts a note before every statement within a function."""

    def __init__(self) -> None:
        self.depth = 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        inside = isinstance(node, ast.FunctionDef)
        self.depth += inside
        super().generic_visit(node)
        if self.depth:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list):
                    setattr(node, name, [x for statement in block for x in _noted(statement)])
        self.depth -= inside
        return node


def _noted(statement: ast.stmt) -> list[ast.stmt]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return [statement]  # a docstring stays the first
    line = ast.Constant(statement.lineno)
    note = ast.Expr(ast.Call(ast.Name(NOTE, ast.Load()), [line], []))
    return [ast.copy_location(note, statement), statement]


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        tree = _Noting().visit(ast.parse(Path(self.path).read_text()))
        code: CodeType = compile(ast.fix_missing_locations(tree), self.path, "exec")
        return code

    def exec_module(self, module: ModuleType) -> None:
        lines: set[int] = set()
        _seen[str(Path(self.path).resolve().relative_to(ROOT))] = lines
        setattr(module, NOTE, lines.add)
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        top, *rooms = name.split(".")
        if top != "srpo_bench" or not rooms or rooms[0] not in ROOMS:
            return None
        folder = ROOT.joinpath(top, *rooms)
        inner = [str(folder)] if folder.is_dir() else None
        where = str(folder / "__init__.py" if inner else folder.with_suffix(".py"))
        if not Path(where).is_file():
            return None
        return importlib.util.spec_from_file_location(
            name, where, loader=_Loader(name, where), submodule_search_locations=inner
        )


sys.meta_path.insert(0, _Finder())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Watch a test with its fixtures."""
    for lines in _seen.values():
        lines.clear()
    start = time.process_time()
    yield
    _map[item.nodeid] = {
        "seconds": round(time.process_time() - start, 3),
        "lines": {name: sorted(lines) for name, lines in _seen.items() if lines},
    }


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that fails by itself would kill every mutant."""
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write the map of the tests that passed."""
    passed = {test: entry for test, entry in _map.items() if test not in _failed}
    Path(os.environ["MUTANTS_MAP"]).write_text(json.dumps(passed))
