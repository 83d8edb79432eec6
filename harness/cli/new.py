"""``bench new``: the two files of a plug-in, to change."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from srpo_bench.harness.errors import UserError, unknown

TEMPLATES = Path(__file__).parent / "templates"
KINDS = ("algorithm", "sampler", "task")
NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")

NEXT = {
    "algorithm": "bench algos check {0}; bench compare --algos grpo-token,{0} --preset smoke",
    "sampler": "bench algos check {0}; bench compare --algos shuffled,{0} --preset smoke",
    "task": "bench tasks check {0}; bench compare --algos grpo --tasks {0} --preset smoke",
}


def write(kind: str, name: str, into: Path) -> None:
    """Write ``NAME/NAME.py`` and ``NAME/pyproject.toml``, and say what comes next.

    Raises:
        UserError: no such kind, an invalid or a built-in name, or a folder that exists already.
    """
    if kind not in KINDS:
        raise unknown("kind of plug-in", kind, KINDS)
    if name in _built_in()[kind]:
        raise UserError(f"{name} is a built-in {kind}; choose another name.")
    for file, text in files(kind, name).items():
        path = into / name / file
        try:
            path.parent.mkdir(parents=True, exist_ok=file != f"{_module(name)}.py")
            path.write_text(text, encoding="utf-8")
        except FileExistsError as error:
            raise UserError(f"{path.parent} exists; choose another name.") from error
        except OSError as error:
            raise UserError(f"Cannot write {path}: {error.strerror}.") from error
        print(path)
    print("Next:", NEXT[kind].format(f"{into / name / _module(name)}.py:{_class(name)}"))


def files(kind: str, name: str) -> dict[str, str]:
    """File name -> text.

    Raises:
        UserError: a name that no file or class can have.
    """
    from jinja2 import Environment, StrictUndefined

    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UserError(
            f"'{name}' is no name here: lower-case letters and digits, with - between words, and "
            "no word of Python's own."
        )
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    fields = {"name": name, "module": _module(name), "class": _class(name), "kind": kind}
    names = {f"{_module(name)}.py": f"{kind}.py.j2", "pyproject.toml": "pyproject.toml.j2"}
    return {
        file: environment.from_string((TEMPLATES / source).read_text("utf-8")).render(fields)
        for file, source in names.items()
    }


def _built_in() -> dict[str, dict[str, str]]:
    from srpo_bench.algorithms import registry as methods
    from srpo_bench.tasks import registry as tasks

    return {"algorithm": methods.BUILT_IN, "sampler": methods.SAMPLERS, "task": tasks.BUILT_IN}


def _module(name: str) -> str:
    return name.replace("-", "_")


def _class(name: str) -> str:
    """``hard-first`` as ``HardFirst``."""
    return "".join(word.capitalize() for word in re.split("[-_]", name))
