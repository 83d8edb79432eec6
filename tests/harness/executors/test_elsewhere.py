"""Planning at a place of its own: what is asked there, and what is made of its answer."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors import elsewhere
from srpo_bench.harness.executors.elsewhere import plan_there, reopen_there
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.harness.plugins.entered import FilePlugin
from srpo_bench.results.store import read_json, write_json

CONFIG = Config.model_validate({"steps": 7, "data": {"data_dir": "data"}})
ARMS = [Arm(name="a", algorithm="grpo", settings={"since": date(2026, 1, 2)})]
PLUGIN = FilePlugin(
    kind="reward", name="n", attribute="A", files=("m.py",), sha256="0", home=Path("/h")
)


class Node:
    """Answers as it is told to; None: not at all."""

    def __init__(self, refused: str | None = "", said: str = "") -> None:
        self.refused, self.said = refused, said
        self.asked: list[tuple[Path, Any]] = []

    def once(self, words: list[str]) -> str:
        *command, request = words
        assert command == [sys.executable, "-P", "-m", "srpo_bench.harness.planning"]
        self.asked.append((Path(request), read_json(Path(request))))
        if self.refused is not None:
            write_json(Path(request).with_name("answer.json"), {"refused": self.refused})
        return self.said


@pytest.fixture(autouse=True)
def _read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "read_planned", lambda folder: ("planned", folder))


def test_a_plan_is_asked_for_beside_the_comparison_and_read_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is named as the place must name it, and dates and paths are words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(elsewhere, "used", lambda config, arms: [PLUGIN])
    folder, node = tmp_path / "runs" / "one" / "out", Node()
    found = plan_there(node, Path("runs/one/out"), CONFIG, ARMS, "bench", {"a": 1}, ({"b": 2},))
    assert found == ("planned", folder)
    ((request, asked),) = node.asked
    assert request.parent.parent == folder.parent
    assert request.parent.name.startswith(".planning-")
    assert asked == {
        "folder": str(folder),
        "config": CONFIG.model_dump(mode="json"),
        "arms": [ARMS[0].model_dump(mode="json")],
        "command": "bench",
        "tuning": {"a": 1},
        "checked": [{"b": 2}],
        "dry": False,
        "plugins": [PLUGIN.model_dump(mode="json")],
    }
    assert list(folder.parent.iterdir()) == []


def test_a_dry_plan_is_none_that_could_be_read(tmp_path: Path) -> None:
    node = Node()
    found = plan_there(node, tmp_path / "out", CONFIG, ARMS, "bench", dry=True)
    assert found == PlannedComparison(tmp_path / "out", CONFIG, ARMS, Path())
    assert node.asked[0][1]["dry"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_reopened_is_named_by_its_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node = Node()
    assert reopen_there(node, Path("out")) == ("planned", tmp_path / "out")
    assert [asked for _, asked in node.asked] == [{"folder": str(tmp_path / "out")}]


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Node("No such model."), r"^No such model\.$"),
        (Node(None, "exit code 1"), r"^Planning failed where the runs would be: exit code 1\.$"),
        (Node(None), r"^Planning failed where the runs would be: no answer\.$"),
    ],
)
def test_a_place_that_refuses_or_fails_is_one_sentence(
    node: Node, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        reopen_there(node, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    node = Node()
    with pytest.raises(UserError, match=r"^Cannot write to .*file: File exists\.$"):
        plan_there(node, tmp_path / "file" / "out", CONFIG, ARMS, "bench")
    assert node.asked == []
