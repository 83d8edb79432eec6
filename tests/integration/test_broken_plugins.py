"""Plug-ins that are wrong in every way: each fails its own run by name, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.results.store import read_json
from tests.harness import wrong
from tests.integration.conftest import TINY, Bench, records
from tests.integration.plugins import install

pytestmark = pytest.mark.integration

SHORT = [*TINY, "--seeds", "1", "--steps", "2", "--set", "checkpoint_every=1"]
SHORT += ["--set", "evaluation.problems=1", "--set", "evaluation.k=1"]

ARMS = ("makes", "nan", "halved", "nan-loss", "steep", "saves")
SAMPLERS = ("strangers", "endless")
"""One a verb; the others are told apart in tests/harness/running/test_algorithm_guard.py."""


def test_each_fails_by_name_and_the_baseline_never_notices(bench: Bench, tmp_path: Path) -> None:
    site = tmp_path / "site"
    text = Path(wrong.__file__).read_text()
    points = {name: wrong.KINDS[name].__name__ for name in ARMS}
    install(site, "broken", text, "bench.algorithms", points)
    choosers = {name: wrong.SAMPLERS[name].__name__ for name in SAMPLERS}
    install(site, "broken_samplers", text, "bench.samplers", choosers)
    names = ",".join(["grpo", *ARMS, *SAMPLERS])
    done = bench("compare", "--algos", names, *SHORT, "--out", tmp_path / "c", PYTHONPATH=str(site))
    assert done.returncode == 1, done.stderr
    assert "8 of 9 runs failed: " in done.stderr
    assert "Traceback" not in done.stderr
    report = (tmp_path / "c" / "report" / "report.md").read_text()
    reasons = {name: f"Algorithm '{name}' {wrong.KINDS[name].sentence}" for name in ARMS}
    reasons |= {name: f"Sampler '{name}' {wrong.SAMPLERS[name].sentence}" for name in SAMPLERS}
    for name, reason in reasons.items():
        status = read_json(tmp_path / "c" / name / "seed-1" / "status.json")
        assert status["state"] == "failed"
        assert status["reason"] == reason
        assert status["reason"][:60] in report
    assert read_json(tmp_path / "c" / "grpo" / "seed-1" / "status.json")["state"] == "done"
    alone = bench("compare", "--algos", "grpo", *SHORT, "--out", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    ours = {k: v for k, v in records(tmp_path / "c").items() if k.startswith("grpo/")}
    assert ours == records(tmp_path / "alone")


TASK = """
from srpo_bench.tasks.base import Grade, Outcome
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k
class Mine(MicroGsm8k):
    name = "mine"
    def load(self, split, data_dir=None):
        from dataclasses import replace
        return [replace(p, task="mine") for p in super().load(split)]
    {body}
"""

GRADE = "def grade(self, *a):\n        raise KeyError('gold')"
RENDER = "def render(self, *a):\n        raise KeyError('gold')"


def test_a_task_that_cannot_grade_fails_the_runs_that_need_it(bench: Bench, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "tasky", TASK.format(body=GRADE), "bench.tasks", {"mine": "Mine"})
    words = ("--algos", "grpo", *SHORT, "--tasks", "mine", "--unchecked", "--out", tmp_path / "c")
    done = bench("compare", *words, PYTHONPATH=str(site))
    assert done.returncode == 1, done.stderr
    status = read_json(tmp_path / "c" / "grpo" / "seed-1" / "status.json")
    assert status["reason"] == "Task 'mine' raised KeyError in grade: 'gold'"
    assert (tmp_path / "c" / "report" / "report.md").is_file()


def test_a_task_that_cannot_be_asked_is_the_users_error(bench: Bench, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "tasky", TASK.format(body=RENDER), "bench.tasks", {"mine": "Mine"})
    words = ("--algos", "grpo", *SHORT, "--tasks", "mine", "--unchecked", "--out", tmp_path / "c")
    done = bench("compare", *words, PYTHONPATH=str(site))
    assert done.returncode == 2
    assert done.stderr == "bench: Task 'mine' raised KeyError in render: 'gold'\n"
    assert not (tmp_path / "c").exists()


def test_a_package_that_cannot_be_imported_stands_in_nobodys_way(
    bench: Bench, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    install(site, "sick", "raise RuntimeError('ill')\n", "bench.algorithms", {"ill": "A"})
    install(site, "thief", "A = 1\n", "bench.algorithms", {"grpo": "A"})
    install(site, "sicker", "import no_such_module\n", "bench.tasks", {"iller": "A"})
    listed = bench("algos", PYTHONPATH=str(site))
    assert listed.returncode == 0, listed.stderr
    assert "arXiv 2504.14286" in listed.stdout
    wrong = "ill: the package 'sick' offers the algorithm 'ill', but importing sick:A failed: "
    assert wrong + "RuntimeError: ill" in listed.stdout
    assert "the package 'thief' offers an algorithm called 'grpo', which is a" in listed.stdout
    tasks = bench("tasks", PYTHONPATH=str(site))
    assert tasks.returncode == 0, tasks.stderr
    assert "ModuleNotFoundError: No module named 'no_such_module'" in tasks.stdout
    shown = bench("algos", "show", "grpo", PYTHONPATH=str(site))
    assert "arXiv 2402.03300" in shown.stdout  # grpo is still ours
    asked = bench("compare", "--algos", "grpo,ill", "--out", tmp_path / "c", PYTHONPATH=str(site))
    assert asked.returncode == 2
    assert asked.stderr.startswith("bench: the package 'sick' offers the algorithm 'ill', but ")
    assert not (tmp_path / "c").exists()
