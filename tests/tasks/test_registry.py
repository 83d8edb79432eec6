from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from srpo_bench import plugins
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Problem, TaskError
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k
from srpo_bench.tasks.provenance import provenance


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_built_in_task_bears_its_name(name: str) -> None:
    assert registry.get(name).name == name


def test_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(TaskError, match="did you mean 'gsm8k'"):
        registry.get("gsm8")
    with pytest.raises(TaskError, match="there are: micro-gsm8k, "):
        registry.get("zzz")


def test_plugin_that_is_no_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", "collections:Counter", registry.TASKS.group)
    monkeypatch.setattr(plugins, "offered", lambda group: [point])
    assert registry.task_names()[-1] == "mine"
    with pytest.raises(TaskError, match="no subclass of"):
        registry.get("mine")
    assert registry.broken().keys() == {"mine"}


def test_plugin_may_not_take_a_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("gsm8k", "collections:Counter", registry.TASKS.group)
    monkeypatch.setattr(plugins, "offered", lambda group: [point])
    assert registry.get("gsm8k").name == "gsm8k"
    assert "offers a task called 'gsm8k', which is a built-in one" in registry.broken()["gsm8k"]


class Vague(MicroGsm8k):
    kind = "poetry"  # type: ignore[assignment]
    name = "mine"


class Boundless(MicroGsm8k):
    max_new_tokens = None  # type: ignore[assignment]
    name = "mine"


class Untold(MicroGsm8k):
    summary = None  # type: ignore[assignment]
    name = "mine"


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Vague, "does not set kind to math or code"),
        (Boundless, "does not set max_new_tokens to a whole number"),
        (Untold, "does not set summary as text"),
    ],
)
def test_plugin_that_leaves_something_out_is_refused(
    monkeypatch: pytest.MonkeyPatch, kind: type[MicroGsm8k], sentence: str
) -> None:
    point = EntryPoint("mine", f"{__name__}:{kind.__name__}", registry.TASKS.group)
    monkeypatch.setattr(plugins, "offered", lambda group: [point])
    with pytest.raises(TaskError, match=sentence):
        registry.get("mine")


@pytest.mark.parametrize("name", ["", "name = None\n", "name = 'a b'\n"])
def test_a_class_of_a_file_needs_a_name_that_can_be_typed(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"class Sums:\n    pass\n    {name}")
    with pytest.raises(TaskError, match=r"mine\.py:Sums has no name of letters, digits"):
        registry.enter(file, "Sums")


def test_a_split_is_recorded_by_where_its_problems_were_read() -> None:
    meta = {"source": "a.jsonl", "sha256": "0", "official": True, "solution": "x"}
    problems = [Problem("p", "t", "math", "q", "", meta=meta)]
    assert provenance("t", "final", "test", problems, used=1, excluded=2) == {
        **{"task": "t", "role": "final", "split": "test", "source": "a.jsonl", "revision": None},
        **{"sha256": "0", "official": True, "loaded": 1, "used": 1, "excluded": 2},
    }
    assert provenance("t", "train", "dev", [], used=0)["source"] == "procedural"


def test_listing_names_imports_no_benchmark() -> None:
    code = "import sys; from srpo_bench.tasks import registry; "
    code += "registry.task_names(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"srpo_bench.tasks.gsm8k", "datasets", "torch"} & set(loaded.stdout.split())
