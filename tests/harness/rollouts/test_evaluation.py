"""Accuracy, pass@k and the standard error against closed forms."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness.config import Config, Data, Scoring
from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.harness.rollouts.evaluation import evaluate, positions, score
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Grade, Outcome, Problem


def graded(correct: list[list[int]]) -> GradedCompletions:
    n, k = len(correct), len(correct[0])
    outcomes = [Outcome.CORRECT if c else Outcome.WRONG for row in correct for c in row]
    mask = torch.ones((n * k, 3), dtype=torch.bool)
    blank = torch.zeros((n * k, 3))
    return GradedCompletions(
        problems=[Problem(str(i), "t", "math", "", "") for i in range(n)],
        prompt_tokens=[[1]] * n,
        group=torch.arange(n).repeat_interleave(k),
        responses=Completions(blank.long(), mask, blank, blank[:, 0].bool()),
        texts=[""] * (n * k),
        grades=[Grade(o) for o in outcomes],
    )


def test_score_counts() -> None:
    s = score(graded([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]]))
    assert math.isclose(s["accuracy"], 7 / 12)
    assert math.isclose(s["pass_at_k"], 2 / 3)
    assert s["correct"] == [3, 0, 4]
    assert (s["n"], s["k"], s["length"]) == (3, 4, 3.0)
    assert s["outcomes"] == {"correct": 7, "wrong": 5}
    assert math.isclose(s["stderr"], math.sqrt(0.25 / 4) / 3)  # one problem varies, s² = 1/4


def test_single_samples_have_the_binomial_error() -> None:
    s = score(graded([[1], [0], [0], [1], [0]]))
    assert math.isclose(s["stderr"], math.sqrt(0.4 * 0.6 / 5))


def test_the_standard_error_is_that_of_repeated_evaluations() -> None:
    """Problems with different success rates, evaluated 4,000 times."""
    generator = torch.Generator().manual_seed(0)
    p = torch.rand((40, 1), generator=generator)
    means, errors = [], []
    for _ in range(4000):
        correct = (torch.rand((40, 4), generator=generator) < p).int()
        s = score(graded(correct.tolist())) if len(means) < 200 else None
        means.append(correct.double().mean())
        if s:
            errors.append(s["stderr"])
    spread = torch.stack(means).std().item()
    assert abs(sum(errors) / len(errors) - spread) < 0.05 * spread


def test_what_is_graded_aside_is_sampled_first_and_says_what_it_would_in_its_turn(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    names = ("micro-gsm8k", "micro-humaneval", "micro-math")
    tasks = {name: registry.get(name) for name in names}
    problems = {name: task.load("dev")[:3] for name, task in tasks.items()}
    collector = Collector(policy, TorchEngine(policy, 8), tasks, Data())
    in_turn, generator = [], torch.Generator().manual_seed(5)
    for name in names:
        limit = Sampling(1.0, 1.0, 6)
        lot = collector.grade(collector.generate(problems[name], 2, limit, generator))
        in_turn.append((name, lot.texts, lot.grades))
    then = torch.rand(1, generator=generator)

    order: list[str] = []
    generate, where = collector.generate, {}
    for name, task in tasks.items():

        def grade(problems, responses, name=name, task=task):  # type: ignore[no-untyped-def]
            where[name] = threading.current_thread() is threading.main_thread()
            return type(task).grade(task, problems, responses)

        monkeypatch.setattr(task, "grade", grade)

    def noted(asked, *rest):  # type: ignore[no-untyped-def]
        order.append(asked[0].task)
        return generate(asked, *rest)

    monkeypatch.setattr(collector, "generate", noted)
    generator = torch.Generator().manual_seed(5)
    settings = Scoring(k=2, temperature=1.0)
    scored = list(evaluate(collector, problems, settings, 6, generator))
    assert [(name, lot.texts, lot.grades) for name, _, lot in scored] == in_turn
    assert order == ["micro-humaneval", "micro-gsm8k", "micro-math"]
    assert where == {"micro-humaneval": False, "micro-gsm8k": True, "micro-math": True}
    assert torch.rand(1, generator=generator) == then


def test_the_final_benchmarks_may_hold_what_an_evaluation_or_a_step_has_held() -> None:
    problems = {
        name: [Problem(f"{name}/{length}", name, "math", "x" * length, "") for length in lengths]
        for name, lengths in {"a": (5, 7, 6), "b": (3, 90)}.items()
    }
    tasks = {"a": SimpleNamespace(max_new_tokens=20), "b": SimpleNamespace(max_new_tokens=40)}
    prompts: Any = SimpleNamespace(of=lambda problem: list(problem.question))
    collector: Any = SimpleNamespace(tasks=tasks, prompts=prompts)

    def held(k: int, rows: int = 100, limit: int | None = None) -> int:
        rollout = {"prompts_per_step": 2, "group_size": 2, "rows_at_once": rows}
        made = {"rollout": {**rollout, "max_new_tokens": limit}, "evaluation": {"k": k}}
        return positions(collector, problems, Config.model_validate(made))

    assert held(k=3) == 6 * (90 + 40)
    assert held(k=1) == 4 * (90 + 40)  # a step has more responses than two problems
    assert held(k=3, rows=5) == 5 * (90 + 40)
    assert held(k=3, limit=1) == 6 * (90 + 1)
    del problems["b"]
    assert held(k=3) == 9 * (7 + 20)


def test_two_samples_show_their_own_variance() -> None:
    """One of two problems varies, s² = ½; the binomial would be larger."""
    assert score(graded([[1, 1], [1, 0]]))["stderr"] == 0.25


def test_a_problem_without_responses_has_no_accuracy() -> None:
    made = graded([[1], [0]])
    alone = replace(made, group=torch.tensor([0, 0]))
    first, last = alone.accuracy_by_problem().tolist()
    assert (first, math.isnan(last)) == (0.5, True)
