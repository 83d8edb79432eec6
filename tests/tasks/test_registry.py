from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from tasks import registry
from tasks.base import TaskError


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_built_in_task_bears_its_name(name: str) -> None:
    assert registry.get(name).name == name


def test_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(TaskError, match="did you mean 'gsm8k'"):
        registry.get("gsm8")
    with pytest.raises(TaskError, match="there are: micro-gsm8k, "):
        registry.get("zzz")


def test_plugin_that_is_no_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", "collections:Counter", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    assert registry.task_names()[-1] == "mine"
    with pytest.raises(TaskError, match="no subclass of"):
        registry.get("mine")


def test_listing_names_imports_no_benchmark() -> None:
    code = "import sys; from tasks import registry; registry.task_names(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"tasks.gsm8k", "datasets", "torch"} & set(loaded.stdout.split())
