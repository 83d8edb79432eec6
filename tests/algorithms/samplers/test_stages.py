from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import pytest
import torch

from srpo_bench.algorithms.batch import Grades
from srpo_bench.algorithms.samplers.stages import Schedule, Stages
from tests.algorithms.pair import make_sampler

MIXED_POOL = ["math", "math", "code"] * 8


def _chosen_kinds(stages: str, plan: Any, sample: Any, steps: int = 48) -> list[Counter[str]]:
    """Kinds chosen at each step by history on responses that are never all correct."""
    info = plan(MIXED_POOL, steps=steps)
    sampler = make_sampler("history", info, stages=stages, stage_one_epochs=steps // 16)
    chosen = []
    for step in range(1, steps + 1):
        groups = sampler.choose(step, 4, torch.Generator().manual_seed(step))
        prompts = [group.prompt for group in groups]
        rollouts = sample(prompts, 2, seed=step)
        wrong = torch.zeros(len(rollouts))
        sampler.observe(rollouts, Grades(wrong, wrong))
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
@pytest.mark.parametrize("name", ["history", "history-random"])
def test_one_kind_of_prompt_rests_the_stages_and_is_said(name: str, kind: str, plan: Any) -> None:
    sampler = make_sampler(name, plan([kind] * 6), stage_one_epochs=1)
    assert "one kind" in sampler.notes[0]
    chosen = {group.prompt for group in sampler.choose(1, 6, torch.Generator())}
    assert chosen == {p.id for p in sampler.info.pool}
    assert sampler.at_rest == ("stage_one_epochs",)
    for stages in get_args(Stages):
        schedule = Schedule(stages, 1, sampler.info)
        assert schedule.first_switch is None
        assert {schedule.code_share(step) for step in range(1, 21)} == {1.0}
    both = make_sampler(name, plan(["math", "code"]), stage_one_epochs=1)
    assert (both.notes, both.at_rest) == ([], ())
    assert make_sampler(name, plan([kind] * 6)).notes == []


@pytest.mark.parametrize("stages", get_args(Stages))
@pytest.mark.parametrize(("steps", "said"), [(8, True), (9, False)])
def test_a_run_that_ends_within_the_stage_of_math_alone_is_said(
    stages: Stages, steps: int, said: bool, plan: Any
) -> None:
    """Two epochs of 16 math prompts in batches of 4 are 8 steps."""
    info = plan(MIXED_POOL, steps=steps)
    sampler = make_sampler("history", info, stages=stages, stage_one_epochs=2)
    everybody = [sampler._schedule.prompts(step) for step in range(1, steps + 1)]
    assert any("code" in prompt for pool in everybody for prompt in pool) != said
    assert ["no code prompt is ever trained on" in note for note in sampler.notes] == [True] * said


def test_a_schedule_switches_once(plan: Any) -> None:
    for stages in ("staged", "reversed"):
        schedule = Schedule(stages, 1, plan(MIXED_POOL, steps=20))
        assert sum(schedule.switches(step) for step in range(1, 21)) == 1
    assert not any(Schedule("mixed", 1, plan(MIXED_POOL)).switches(s) for s in range(1, 21))


@pytest.mark.parametrize("steps", [20, 200])
def test_a_stage_is_as_long_in_a_longer_run(steps: int, plan: Any) -> None:
    """16 math prompts in batches of 4: two epochs are 8 steps, whatever the budget."""
    schedule = Schedule("staged", 2, plan(MIXED_POOL, steps=steps))
    assert [step for step in range(1, steps + 1) if schedule.switches(step)] == [9]
    assert Schedule("staged", 99, plan(MIXED_POOL, steps=20)).alone == 20


def test_an_epochs_code_is_thinned_to_its_share_on_average(plan: Any) -> None:
    """Math alone for 4 of 16 steps: 0.75 · 16 / (16 + 0.25 · 8) = 2/3 of 8 code prompts are 5.33 an
    epoch, 5 or 6 of them."""
    schedule = Schedule("mixed", 1, plan(MIXED_POOL, steps=16))
    pool, rng = schedule.prompts(1), torch.Generator().manual_seed(0)
    counts = [sum("code" in p for p in schedule.thin(pool, 1, rng)) for _ in range(1000)]
    assert set(counts) == {5, 6}
    assert sum(counts) / 1000 == pytest.approx(16 / 3, abs=4 * (2 / 9 / 1000) ** 0.5)
    left = pool[:12]  # four code prompts: two thirds are 2.67
    assert {sum("code" in p for p in schedule.thin(left, 1, rng)) for _ in range(100)} == {2, 3}


@pytest.mark.parametrize(
    ("stages", "alone", "first"),
    [
        ("staged", 1, 2), ("staged", 19, 20), ("staged", 20, None), ("staged", 0, None),
        ("reversed", 1, 20), ("reversed", 19, 2), ("reversed", 20, None),
    ],
)  # fmt: skip
def test_the_first_switch_is_from_the_second_step_to_the_last(
    stages: str, alone: int, first: int | None, plan: Any
) -> None:
    """One math prompt a step: an epoch alone is as many steps."""
    info = plan(["math"] * max(alone, 1) + ["code"], prompts_per_step=1, steps=20)
    schedule = Schedule(stages, min(alone, 1), info)  # type: ignore[arg-type]
    assert schedule.alone == alone
    assert schedule.first_switch == first
    assert not schedule.switches(1)


def test_fewer_than_one_code_prompt_an_epoch_are_that_many_and_the_draw_is_the_runs_own(
    plan: Any,
) -> None:
    """Math alone for 12 of 16 steps: 0.25 · 16 / (16 + 0.75 · 2) = 8/35 of two code prompts, so in
    16 of 35 epochs one of them."""
    schedule = Schedule("mixed", 3, plan(["math"] * 16 + ["code"] * 2, steps=16))
    assert schedule.code_share(1) == pytest.approx(8 / 35)
    pool = schedule.prompts(1)

    def thinned() -> list[list[str]]:
        rng = torch.Generator().manual_seed(0)
        return [[p for p in schedule.thin(pool, 1, rng) if "code" in p] for _ in range(1000)]

    before = torch.get_rng_state()
    first = thinned()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    assert thinned() == first
    assert {len(code) for code in first} == {0, 1}
    assert sum(map(len, first)) / 1000 == pytest.approx(16 / 35, abs=0.06)
    alone, rng = pool[-1:], torch.Generator().manual_seed(0)  # all math has been dropped
    assert all(schedule.thin(alone, 1, rng) == alone for _ in range(20))
