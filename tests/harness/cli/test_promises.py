"""Promises are tried once a plug-in, remembered by its digest, and may be left untried."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.cli import promises
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.promise import RUNS, Promise
from srpo_bench.tasks import rewards
from tests.harness.cli.screen import consoles

TRIED: list[str] = []


def kept(
    monkeypatch: pytest.MonkeyPatch, folder: Path, faults: dict[str, str], unchecked: bool = False
) -> list[dict[str, Any]]:
    """One plug-in of digest d1, whose trial finds these faults."""

    def check() -> list[Promise]:
        TRIED.append("once")
        return [Promise("fine"), *(Promise(name, why) for name, why in faults.items())]

    monkeypatch.setattr(promises, "_plugins", lambda *_: iter([("arm 'x'", "d1", check)]))
    TRIED.clear()
    return promises.keep_promises(folder, Config(), [], unchecked)


def remember(folder: Path, **line: Any) -> None:
    folder.mkdir(exist_ok=True)
    record = {
        "schema": 1,
        "arms": [{"arm": "x"}],
        "checked": [{"what": "arm 'x'", "digest": "d1", **line}],
    }
    (folder / "comparison.json").write_text(json.dumps(record))


def test_what_is_tried_is_told_for_the_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line = {"what": "arm 'x'", "digest": "d1"}
    assert kept(monkeypatch, tmp_path, {}) == [line | {"faults": {}}]
    assert TRIED == ["once"]
    assert kept(monkeypatch, tmp_path, {}, unchecked=True) == [line | {"faults": None}]
    assert TRIED == []
    # that it runs at all is left to its runs
    assert kept(monkeypatch, tmp_path, {RUNS: "why"}) == [line | {"faults": {RUNS: "why"}}]


def test_a_broken_promise_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        kept(monkeypatch, tmp_path, {RUNS: "no", "a promise": "it does not."})
    assert str(refused.value) == (
        "arm 'x' does not keep a promise, a promise: it does not. Mend it, or say --unchecked, and "
        "the record says so."
    )


def test_what_was_tried_before_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    remember(tmp_path / "c", faults={})
    assert kept(monkeypatch, tmp_path / "c", {"p": "broken"})[0]["faults"] == {}
    assert TRIED == []
    remember(tmp_path / "c", faults={"p": "broken"})
    with pytest.raises(UserError, match="does not keep a promise, p: broken"):
        kept(monkeypatch, tmp_path / "c", {})
    assert kept(monkeypatch, tmp_path / "c", {}, unchecked=True)[0]["faults"] == {"p": "broken"}
    (tmp_path / "c" / "comparison.json").write_text("{")
    assert kept(monkeypatch, tmp_path / "c", {})[0]["faults"] == {}
    assert TRIED == ["once"]


def test_only_what_is_no_built_in_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    point = SimpleNamespace(name="mine", dist=SimpleNamespace(name="pkg", version="1.2"))
    monkeypatch.setattr(
        promises, "offered", lambda group: [point] if group == "bench.tasks" else []
    )  # fmt: skip
    arms = [Arm(name="a", algorithm="grpo"), Arm(name="b", algorithm="grpo", sampler="dps"),
            Arm(name="c", algorithm="mine-too", settings={"y": 2, "x": 1}),
            Arm(name="d", algorithm="grpo", sampler="own")]  # fmt: skip
    monkeypatch.setattr(
        "srpo_bench.tasks.registry.get", lambda name: SimpleNamespace(executes_code=False)
    )
    config = Config.model_validate({"data": {"tasks": ["micro-math", "mine"]}})
    found = [(what, digest) for what, digest, _ in promises._plugins(config, arms)]
    assert found == [
        ("arm 'c'", 'mine-too [{"x": 1, "y": 2}, {}]'),
        ("arm 'd'", "own [{}, {}]"),
        ("task 'mine'", "pkg 1.2"),
    ]


def test_a_reward_function_is_tried_on_a_task_that_runs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rewards, "of", lambda names: {name: len for name in names if name == "r"})
    tasks = ["micro-humaneval", "micro-math"]
    config = Config.model_validate({"data": {"tasks": tasks}, "reward": {"r": 0.5, "steps": 1}})
    ((what, digest, check),) = promises._plugins(config, [])
    assert (what, digest) == ("reward 'r'", "r r")
    assert (check.args[0], check.args[1], check.args[2].name) == ("r", len, "micro-math")
    alone = Config.model_validate({"data": {"tasks": tasks[:1]}, "reward": {"r": 0.5}})
    ((*_, check),) = promises._plugins(alone, [])
    assert check.args[2].name == "micro-humaneval"


def test_while_it_is_tried_the_result_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = consoles(monkeypatch)
    kept(monkeypatch, tmp_path, {})
    assert made == [{"stderr": True}]
