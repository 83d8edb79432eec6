from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Grades
from srpo_bench.algorithms.registry import get
from srpo_bench.algorithms.stages import Schedule

MIXED_POOL = ["math", "math", "code"] * 8


def _chosen_kinds(stages: str, plan: Any, sample: Any, steps: int = 48) -> list[Counter[str]]:
    """Kinds chosen at each step by srpo-paper on responses that are never all correct."""
    kind = get("srpo-paper")
    algorithm = kind(
        kind.Settings(stages=stages, stage_one_fraction=0.25), plan(MIXED_POOL, steps=steps)
    )
    chosen = []
    for step in range(steps):
        rng = torch.Generator().manual_seed(step)
        prompts = algorithm.choose(4, rng)
        rollouts = sample(prompts, 2, seed=step)
        wrong = torch.zeros(len(rollouts))
        algorithm.weigh(rollouts, Grades(wrong, wrong), lambda r: r.logp, rng)
        chosen.append(Counter(prompt.split("-")[0] for prompt in prompts))
    return chosen


def test_staged_is_math_alone_then_both(plan: Any, sample: Any) -> None:
    chosen = _chosen_kinds("staged", plan, sample)
    assert sum(c["code"] for c in chosen[:12]) == 0
    assert sum(c["code"] for c in chosen[12:18]) == 8  # the first joint epoch holds all of it


def test_reversed_is_both_then_math_alone(plan: Any, sample: Any) -> None:
    chosen = _chosen_kinds("reversed", plan, sample)
    assert sum(c["code"] for c in chosen[:6]) == 8
    assert sum(c["code"] for c in chosen[36:]) == 0


def test_mixed_has_code_from_first_to_last(plan: Any, sample: Any) -> None:
    chosen = _chosen_kinds("mixed", plan, sample)
    halves = [sum(c["code"] for c in part) for part in (chosen[:24], chosen[24:])]
    assert min(halves) > 0.4 * sum(halves)


def test_all_three_orders_train_on_as_many_code_prompts(plan: Any, sample: Any) -> None:
    totals = {
        stages: sum(c["code"] for c in _chosen_kinds(stages, plan, sample, steps=480))
        for stages in ("staged", "mixed", "reversed")
    }
    assert totals["staged"] == totals["reversed"] == 480 * 4 * 0.75 / 3
    assert totals["mixed"] == pytest.approx(totals["staged"], rel=0.05)


@pytest.mark.parametrize("kind", ["math", "code"])
def test_one_kind_of_prompt_rests_the_stages_and_is_said(kind: str, plan: Any) -> None:
    cls = get("srpo-paper")
    algorithm = cls(cls.Settings(), plan([kind] * 6))
    assert "one kind" in algorithm.notes[0]
    assert set(algorithm.choose(6, torch.Generator())) == {p.id for p in algorithm.info.pool}
    assert cls(cls.Settings(), plan(["math", "code"])).notes == []


def test_a_schedule_switches_once(plan: Any) -> None:
    for stages in ("staged", "reversed"):
        schedule = Schedule(stages, 0.25, plan(MIXED_POOL, steps=20))
        assert sum(schedule.switches(step) for step in range(20)) == 1
    assert not any(Schedule("mixed", 0.25, plan(MIXED_POOL)).switches(s) for s in range(20))
