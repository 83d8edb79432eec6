"""One mutant through the tests that run its line, in a forked process with the libraries loaded."""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Literal

from tests.mutants import ROOMS, ROOT, THOROUGH
from tests.mutants.sites import sites

Verdict = Literal["killed", "survived", "not covered"]
SECONDS = 20.0
"""Of processor time, measured when the map was made: so many tests a mutant is run through. Those
of the file's own test and of its folder come first, then the others, the quickest before all."""
DEFAULTS = (
    *("tests/algorithms/test_defaults.py", "tests/harness/test_config.py"),
    *("tests/harness/test_constants.py", "tests/results/test_constants.py"),
)
"""Look at what is made at import, bounds and defaults of settings, and run no line of its file."""
HEAVY = (
    *("torch", "transformers", "trl", "safetensors.torch", "numpy", "scipy.stats", "pandas"),
    *("pydantic", "hypothesis", "matplotlib.pyplot", "pyarrow", "typer", "rich", "jinja2", "yaml"),
    *("pytest", "transformers.models.llama.modeling_llama", "transformers.generation"),
)


@dataclass(frozen=True)
class Mutant:
    """The ``number``-th change of a file.

    lines: of its statement.   function: the lines of the function around it, None where the line
    is run at import.
    """

    file: str
    number: int
    lines: range
    function: range | None
    what: str

    @property
    def line(self) -> int:
        """The statement's first."""
        return self.lines.start

    @property
    def key(self) -> str:
        """What names it as long as its line is not rewritten."""
        text = (ROOT / self.file).read_text().splitlines()[self.line - 1].strip()
        return f"{self.file}: {self.what} :: {text}"


def mutants_of(file: str) -> list[Mutant]:
    """Every one of a file."""
    found = sites(ast.parse((ROOT / file).read_text()))
    return [Mutant(file, i, s.lines, s.function, s.what) for i, s in enumerate(found)]


def tests_of(mutant: Mutant, known: dict[str, Any], seconds: float) -> list[str]:
    """Tests that run the line: the file's own and its folder's first, the quickest of them before
    the others. What is run at import stands for its whole file, and is asked of its folder's tests
    that run no line of it, too: they may look at a constant. The default of an argument stands for
    its function."""
    lines = mutant.lines if mutant.function else range(10**6)
    if mutant.function and mutant.line == mutant.function.start:
        lines = mutant.function
    covering: dict[str, float] = {
        test: entry["seconds"]
        for test, entry in known.items()
        if any(line in lines for line in entry["lines"].get(mutant.file, ()))
    }
    own, folder = f"test_{Path(mutant.file).stem}.py", f"tests/{Path(mutant.file).parent}/test_"
    if mutant.function is None:
        look = (*DEFAULTS, folder)
        covering |= {t: e["seconds"] for t, e in known.items() if t.startswith(look)}
    chosen: list[str] = []
    spent = 0.0
    for test in sorted(
        covering, key=lambda t: (own not in t and not t.startswith(folder), covering[t])
    ):
        if spent + covering[test] <= seconds or not chosen:
            chosen.append(test)
            spent += covering[test]
    return chosen


def still_there(known: dict[str, Any]) -> dict[str, Any]:
    """The map without tests that have been renamed since: asked for, they would be an error."""
    texts: dict[str, str] = {}
    kept = {}
    for test, entry in known.items():
        file, *_, name = test.split("::")
        if file not in texts:
            path = ROOT / file
            texts[file] = path.read_text() if path.is_file() else ""
        if f"def {name.partition('[')[0]}(" in texts[file]:
            kept[test] = entry
    return kept


def judge(mutant: Mutant, known: dict[str, Any], budget: float) -> Verdict:
    """Run the tests of a mutant in a new session until one fails."""
    tests = tests_of(mutant, known, budget)
    if not tests:
        return "not covered"
    seconds = 30 + 5 * sum(known[test]["seconds"] for test in tests)
    pid = os.fork()
    if pid == 0:
        os._exit(_child(mutant, tests, int(seconds)))
    deadline = time.monotonic() + 20 * seconds  # asleep for good
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "survived" if status == 0 else "killed"
        time.sleep(0.05)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "killed"


def preload() -> None:
    """Load what is not the product, once for all mutants: the product, too, for what it loads, and
    forget it again."""
    ours = [
        ".".join(("srpo_bench", *path.relative_to(ROOT).with_suffix("").parts))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if not path.name.startswith("__")
    ]
    for name in (*HEAVY, *ours):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in [n for n in sys.modules if n.partition(".")[0] == "srpo_bench"]:
        del sys.modules[name]


def _child(mutant: Mutant, tests: Sequence[str], seconds: int) -> int:
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(ROOT)
    sys.meta_path.insert(0, Finder(mutant))
    alone = ["-o", "addopts=", "-p", "no:cacheprovider"]  # workers would not have the mutant
    return int(pytest.main([*alone, *THOROUGH, "-x", "-q", "--no-header", *tests]))


def module_of(mutant: Mutant) -> str:
    """The module's name."""
    parts = Path("srpo_bench", mutant.file).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def code_of(mutant: Mutant) -> CodeType:
    """The module's, compiled from the changed tree."""
    tree = ast.parse((ROOT / mutant.file).read_text())
    sites(tree)[mutant.number].apply()
    where = str(ROOT / "srpo_bench" / mutant.file)
    code: CodeType = compile(ast.fix_missing_locations(tree), where, "exec")
    return code


class Finder(importlib.abc.MetaPathFinder):
    """Finds the mutated module before anybody else does."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = module_of(mutant)

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The mutated module's."""
        if name != self.name:
            return None
        where = str(ROOT / "srpo_bench" / self.mutant.file)
        loader = _Loader(name, where)
        loader.mutant = self.mutant
        return importlib.util.spec_from_file_location(name, where, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    mutant: Mutant

    def get_code(self, fullname: str) -> CodeType:
        """Compiled from the changed tree."""
        return code_of(self.mutant)
