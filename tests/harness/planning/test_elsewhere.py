"""A plan made where the runs will be: the request, and the answer beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning import __main__ as program
from srpo_bench.results.store import read_json, write_json


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(program, "plan", lambda *words, dry: found.append(("plan", *words, dry)))
    monkeypatch.setattr(program, "reopen", lambda *words: found.append(("reopen", *words)))
    return found


def answer(request: Path, **words: Any) -> tuple[int, Any]:
    write_json(request, words)
    code = program.main(request)
    return code, read_json(request.with_name("answer.json"))


def test_it_plans_or_reopens(tmp_path: Path, asked: list[Any]) -> None:
    config, arm = Config(steps=7), Arm(name="a", algorithm="grpo", settings={"beta": 0.5})
    plan = {
        "folder": "out",
        "config": config.model_dump(mode="json"),
        "arms": [arm.model_dump(mode="json")],
        "command": "bench compare",
        "tuning": None,
        "plugins": [],
        "checked": [],
        "dry": True,
    }
    assert answer(tmp_path / "r.json", **plan) == (0, {"refused": None})
    assert answer(tmp_path / "r.json", folder="out") == (0, {"refused": None})
    assert asked == [
        ("plan", Path("out"), config, [arm], "bench compare", None, [], True),
        ("reopen", Path("out")),
    ]


def test_what_was_typed_is_known_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    """A plug-in's file, and whether it is a reward's, which looks like any function."""
    entered: list[Any] = []
    monkeypatch.setattr(program, "enter", lambda *words: entered.append(words))
    plugins = [
        {"kind": kind, "name": "n", "home": "/h", "attribute": "A", "files": ["m.py"],
         "sha256": "0"}
        for kind in ("algorithm", "reward")
    ]  # fmt: skip
    plan = {"folder": "out", "config": Config().model_dump(mode="json"), "arms": []}
    rest = {"command": "", "tuning": {"a": 1}, "checked": [{}], "dry": False}
    assert answer(tmp_path / "r.json", **plan, **rest, plugins=plugins)[0] == 0
    assert entered == [(Path("/h/m.py"), "A", False), (Path("/h/m.py"), "A", True)]
    assert asked == [("plan", Path("out"), Config(), [], "", {"a": 1}, [{}], False)]


def test_what_is_refused_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise UserError(f"no {folder}")

    monkeypatch.setattr(program, "reopen", refuse)
    assert answer(tmp_path / "r.json", folder="out") == (2, {"refused": "no out"})
