"""History resampling against a second bookkeeping, kept by the test itself."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group
from srpo_bench.algorithms.samplers.stages import Schedule
from tests.algorithms.pair import Pair, make_sampler


def _step(arm: Pair, step: int, sample: Any, grade: Any) -> dict[str, Any]:
    """One step of a world in which easy prompts are mostly, hard ones never answered."""

    def answers(groups: list[Group], round_: int) -> tuple[Rollouts, Grades]:
        rollouts = sample([group.prompt for group in groups], groups[0].size, seed=step)
        grades = grade(rollouts, seed=step, rate=0.7)
        hard = torch.tensor([int(p.split("-")[1]) % 4 == 0 for p in rollouts.prompts])
        grades.accuracy[hard[rollouts.group]] = 0.0
        return rollouts, grades

    kept, rollouts = arm.observe(step, answers)
    own = torch.Generator().manual_seed(step)
    batch = arm.algorithm.weigh(kept.rollouts, kept.grades, lambda r: r.logp, own)
    outcomes = defaultdict(list)
    for row, group in enumerate(rollouts.group.tolist()):
        outcomes[rollouts.prompts[group]].append(bool(kept.grades.accuracy[row]))
    return {"prompts": rollouts.prompts, "batch": batch, "outcomes": outcomes}


@given(
    kinds=st.lists(st.sampled_from(["math", "code"]), min_size=1, max_size=20),
    n=st.integers(1, 6),
    stages=st.sampled_from(["staged", "reversed"]),
    epochs=st.integers(0, 3),
    readmit_after=st.sampled_from([None, 1, 2]),
    name=st.sampled_from(["srpo-paper", "srpo"]),
    killed_at=st.integers(0, 30),
)
def test_pools_are_what_an_independent_bookkeeper_says(
    kinds: list[str],
    n: int,
    stages: Any,
    epochs: int,
    readmit_after: int | None,
    name: str,
    killed_at: int,
    plan: Any,
    sample: Any,
    grade: Any,
) -> None:
    the_plan = plan(kinds, prompts_per_step=n, group_size=2, steps=30)
    arm = Pair.make(
        name, the_plan, stages=stages, stage_one_epochs=epochs, readmit_after=readmit_after
    )
    schedule = Schedule(stages, epochs, the_plan)
    outcomes: dict[str, list[bool]] = defaultdict(list)
    out_since: dict[str, int] = {}
    for step in range(1, 31):
        if step == killed_at:
            arm = arm.resumed()
        epoch = arm.sampler.epoch
        done = _step(arm, step, sample, grade)
        sampler: Any = arm.sampler
        if sampler.epoch != epoch:  # a boundary lay before this step
            for prompt, since in list(out_since.items()):
                if readmit_after is not None and epoch - since >= readmit_after:
                    del out_since[prompt]
            for prompt, results in outcomes.items():
                if all(results):
                    out_since[prompt] = epoch
            allowed = schedule.prompts(step)
            expected = [p for p in allowed if p not in out_since]
            if not expected:
                expected = allowed
                for prompt in allowed:
                    del out_since[prompt]
            assert sampler.order.pool == expected
            outcomes.clear()
        assert schedule.switches(step) <= (sampler.epoch != epoch)
        assert set(done["prompts"]) <= set(sampler.order.pool)
        assert sampler.metrics()["dropped"] == len(out_since)
        for prompt, results in done["outcomes"].items():
            outcomes[prompt] += results


@pytest.mark.parametrize("name", ["srpo-paper", "srpo", "hr-random", "npr", "dapo", "gspo"])
def test_the_first_epoch_is_the_same_for_all(name: str, plan: Any, sample: Any, grade: Any) -> None:
    arms = [Pair.make(arm, plan(["math"] * 13, prompts_per_step=3)) for arm in ("grpo", name)]
    for step in range(1, 6):
        rng = [torch.Generator().manual_seed(step) for _ in range(2)]
        one, other = (
            arm.sampler.choose(step, 3, draw) for arm, draw in zip(arms, rng, strict=True)
        )
        assert one == other
        rollouts = sample([group.prompt for group in one], 4, seed=step)
        for arm in arms:
            arm.sampler.observe(rollouts, grade(rollouts, seed=step))
    assert [arm.sampler.epoch for arm in arms] == [1, 1]


def test_accuracy_decides_not_reward(plan: Any, sample: Any) -> None:
    sampler = make_sampler("history", plan(["math"] * 4, prompts_per_step=4))
    rng = torch.Generator().manual_seed(0)
    rollouts = sample([group.prompt for group in sampler.choose(1, 4, rng)], 2, seed=0)
    correct = (rollouts.group < 2).float()  # the first two prompts are solved ...
    sampler.observe(rollouts, Grades(reward=1 - correct, accuracy=correct))  # ... badly rewarded
    sampler.choose(2, 4, rng)
    assert sorted(sampler.order.pool) == sorted(rollouts.prompts[2:])
    assert sampler.pool_size == 2


@pytest.mark.parametrize("refill", ["repeat", "dropped"])
def test_what_fills_a_batch_that_is_larger_than_the_pool(
    refill: str, plan: Any, sample: Any
) -> None:
    sampler = make_sampler("history", plan(["math"] * 4, prompts_per_step=4), refill=refill)
    rng = torch.Generator().manual_seed(0)
    rollouts = sample([group.prompt for group in sampler.choose(1, 4, rng)], 2, seed=0)
    solved = rollouts.prompts[1:]
    correct = (rollouts.group > 0).float()
    sampler.observe(rollouts, Grades(correct, correct))
    chosen = [group.prompt for group in sampler.choose(2, 4, rng)]
    assert sampler.pool_size == 1
    assert chosen[0] == rollouts.prompts[0]
    assert sorted(chosen[1:]) == (sorted(solved) if refill == "dropped" else chosen[:1] * 3)


@pytest.mark.parametrize(("rule", "left"), [("all", 4), ("last", 2)])
def test_who_returns_where_nobody_is_left(rule: str, left: int, plan: Any, sample: Any) -> None:
    sampler = make_sampler("history", plan(["math"] * 4, prompts_per_step=2), empty_pool=rule)
    rng = torch.Generator().manual_seed(0)
    for step in range(1, 4):
        rollouts = sample([group.prompt for group in sampler.choose(step, 2, rng)], 2, seed=step)
        correct = torch.full((4,), float(step > 1))  # two are solved in the first epoch, two then
        sampler.observe(rollouts, Grades(correct, correct))
    sampler.choose(4, 2, rng)
    assert sampler.pool_size == left
    assert sampler.metrics() == {"dropped": 4 - left, "pool_readmitted": 1}


def test_without_resampling_and_stages_it_is_grpo_token(plan: Any, sample: Any, grade: Any) -> None:
    the_plan = plan(["math", "code"] * 4)
    bare = Pair.make("srpo-paper", the_plan, resample=False, stage_one_epochs=0)
    token = Pair.make("grpo-token", the_plan)
    for step in range(1, 13):
        ours, theirs = (_step(arm, step, sample, grade) for arm in (bare, token))
        assert ours["prompts"] == theirs["prompts"]
        assert torch.equal(ours["batch"].advantage, theirs["batch"].advantage)


def test_truncated_responses_are_worth_nothing_but_count(
    plan: Any, sample: Any, grade: Any
) -> None:
    for name, muted in (("grpo", False), ("grpo-token", True), ("srpo-paper", True)):
        arm = Pair.make(name, plan(["math"] * 8, prompts_per_step=8))
        batches = [_step(arm, step, sample, grade)["batch"] for step in range(1, 10)]
        worth = torch.cat([b.advantage[b.rollouts.truncated] for b in batches])
        assert len(worth) > 5
        assert bool((worth == 0).all()) == muted
        assert all((b.weight == 1).all() for b in batches)


def test_one_place_too_many_is_filled_by_one_of_the_dropped(plan: Any, sample: Any) -> None:
    """Of four prompts two are solved: a batch of three has one of them, one of one has none."""
    sampler = make_sampler("history", plan(["math"] * 4, prompts_per_step=4), refill="dropped")
    rng = torch.Generator().manual_seed(0)
    rollouts = sample([group.prompt for group in sampler.choose(1, 4, rng)], 2, seed=0)
    correct = (rollouts.group < 2).float()
    sampler.observe(rollouts, Grades(correct, correct))
    solved, others = rollouts.prompts[:2], rollouts.prompts[2:]
    chosen = [group.prompt for group in sampler.choose(2, 3, rng)]
    assert sampler.pool_size == 2
    assert sorted(chosen[:2]) == sorted(others)
    assert chosen[2:] in ([solved[0]], [solved[1]])
    assert [group.prompt for group in sampler.choose(3, 1, rng)] in ([others[0]], [others[1]])
