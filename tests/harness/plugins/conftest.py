"""Files that somebody might have written; registries and the book of names as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from srpo_bench.algorithms import registry as algorithms
from srpo_bench.harness.plugins import entered
from srpo_bench.tasks import registry as tasks
from srpo_bench.tasks import rewards

MINE = """
from srpo_bench.algorithms.grpo_token import GRPOToken
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.tasks.micro.math import MicroMath


class Winners(GRPOToken):
    name = "winners"
    changes = "learns from winners"

    def advantages(self, rollouts, grades):
        return super().advantages(rollouts, grades).clamp(min=0)


class Mixed(Shuffled):
    name = "mixed"


class Mine(MicroMath):
    name = "mine"


class Thief(GRPOToken):
    name = "grpo"


def brevity(problems, texts, grades):
    return [1 / (1 + len(text)) for text in texts]


def grade(problem, response):
    return problem.answer in response


NUMBER = 3
"""

YAML = """
data: rows.jsonl
prompt: "{q}"
answer: "{a}"
grader: mine.py:grade
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "my.yaml").write_text(YAML)
    rows = (f'{{"q": "Compute {a}+1.", "a": {a + 1}}}\n' for a in range(20))
    (folder / "rows.jsonl").write_text("".join(rows))
    return folder


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(entered, "_ENTERED", {})
    registries = (algorithms._ALGORITHMS, algorithms._SAMPLERS, tasks.TASKS, rewards.REWARDS)
    yield
    for registry in registries:
        registry.entered.clear()
    tasks.get.cache_clear()
