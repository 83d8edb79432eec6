"""History resampling against a second bookkeeping, kept by the test itself."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.base import Algorithm
from srpo_bench.algorithms.batch import Grades
from srpo_bench.algorithms.registry import get
from srpo_bench.algorithms.stages import Schedule


def _make(name: str, plan: Any, **settings: Any) -> Algorithm[Any]:
    kind = get(name)
    return kind(kind.Settings(**settings), plan)


def _resumed(algorithm: Algorithm[Any]) -> Algorithm[Any]:
    """The same algorithm through a checkpoint file."""
    file = io.BytesIO()
    torch.save(algorithm.state_dict(), file)
    file.seek(0)
    again = type(algorithm)(algorithm.settings, algorithm.info)
    again.load_state_dict(torch.load(file, weights_only=True))
    return again


def _step(algorithm: Algorithm[Any], step: int, n: int, sample: Any, grade: Any) -> dict[str, Any]:
    """One step of a world in which easy prompts are mostly, hard ones never answered."""
    prompts = algorithm.choose(n, torch.Generator().manual_seed(step))
    rollouts = sample(prompts, 2, seed=step)
    grades = grade(rollouts, seed=step, rate=0.7)
    hard = torch.tensor([int(p.split("-")[1]) % 4 == 0 for p in rollouts.prompts])
    grades.accuracy[hard[rollouts.group]] = 0.0
    rng = torch.Generator().manual_seed(step)
    batch = algorithm.weigh(rollouts, grades, lambda r: r.logp, rng)
    outcomes = defaultdict(list)
    for row, group in enumerate(rollouts.group.tolist()):
        outcomes[rollouts.prompts[group]].append(bool(grades.accuracy[row]))
    return {"prompts": prompts, "batch": batch, "outcomes": outcomes}


@given(
    kinds=st.lists(st.sampled_from(["math", "code"]), min_size=1, max_size=20),
    n=st.integers(1, 6),
    stages=st.sampled_from(["staged", "reversed"]),
    fraction=st.sampled_from([0.0, 0.3, 0.6]),
    readmit_after=st.sampled_from([None, 1, 2]),
    name=st.sampled_from(["srpo-paper", "srpo"]),
    killed_at=st.integers(0, 30),
)
def test_pools_are_what_an_independent_bookkeeper_says(
    kinds: list[str],
    n: int,
    stages: Any,
    fraction: float,
    readmit_after: int | None,
    name: str,
    killed_at: int,
    plan: Any,
    sample: Any,
    grade: Any,
) -> None:
    the_plan = plan(kinds, prompts_per_step=n, group_size=2, steps=30)
    algorithm = _make(
        name, the_plan, stages=stages, stage_one_fraction=fraction, readmit_after=readmit_after
    )
    schedule = Schedule(stages, fraction, the_plan)
    outcomes: dict[str, list[bool]] = defaultdict(list)
    out_since: dict[str, int] = {}
    for step in range(30):
        if step == killed_at:
            algorithm = _resumed(algorithm)
        epoch = algorithm.epoch
        done = _step(algorithm, step, n, sample, grade)
        if algorithm.epoch != epoch:  # a boundary lay before this step
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
            assert algorithm.order.pool == expected
            outcomes.clear()
        assert schedule.switches(step) <= (algorithm.epoch != epoch)
        assert set(done["prompts"]) <= set(algorithm.order.pool)
        assert done["batch"].metrics["dropped"] == len(out_since)
        for prompt, results in done["outcomes"].items():
            outcomes[prompt] += results


@pytest.mark.parametrize("name", ["srpo-paper", "srpo", "hr-random", "grpo-token", "dapo", "gspo"])
def test_the_first_epoch_is_the_same_for_all(name: str, plan: Any, sample: Any, grade: Any) -> None:
    the_plan = plan(["math"] * 13, prompts_per_step=3)
    base, other = _make("grpo", the_plan), _make(name, the_plan)
    for step in range(5):
        rng = [torch.Generator().manual_seed(step) for _ in range(2)]
        prompts = base.choose(3, rng[0])
        assert other.choose(3, rng[1]) == prompts
        rollouts = sample(prompts, 4, seed=step)
        other.weigh(rollouts, grade(rollouts, seed=step), lambda r: r.logp, rng[1])
    assert base.epoch == other.epoch == 1


def test_accuracy_decides_not_reward(plan: Any, sample: Any) -> None:
    algorithm = _make("srpo-paper", plan(["math"] * 4, prompts_per_step=4))
    rng = torch.Generator().manual_seed(0)
    rollouts = sample(algorithm.choose(4, rng), 2, seed=0)
    correct = (rollouts.group < 2).float()  # the first two prompts are solved ...
    grades = Grades(reward=1 - correct, accuracy=correct)  # ... and badly rewarded
    algorithm.weigh(rollouts, grades, lambda r: r.logp, rng)
    algorithm.choose(4, rng)
    assert sorted(algorithm.order.pool) == sorted(rollouts.prompts[2:])
    assert algorithm.pool_size == 2


def test_without_resampling_and_stages_it_is_grpo_token(plan: Any, sample: Any, grade: Any) -> None:
    the_plan = plan(["math", "code"] * 4)
    bare = _make("srpo-paper", the_plan, resample=False, stage_one_fraction=0)
    token = _make("grpo-token", the_plan)
    for step in range(12):
        ours, theirs = (_step(a, step, 4, sample, grade) for a in (bare, token))
        assert ours["prompts"] == theirs["prompts"]
        assert torch.equal(ours["batch"].advantage, theirs["batch"].advantage)


def test_truncated_responses_are_worth_nothing_but_count(
    plan: Any, sample: Any, grade: Any
) -> None:
    for name, muted in (("grpo", False), ("grpo-token", True), ("srpo-paper", True)):
        algorithm = _make(name, plan(["math"] * 8))
        batches = [_step(algorithm, step, 8, sample, grade)["batch"] for step in range(9)]
        worth = torch.cat([b.advantage[b.rollouts.truncated] for b in batches])
        assert len(worth) > 5
        assert bool((worth == 0).all()) == muted
        assert all((b.weight == 1).all() for b in batches)


def test_hr_random_drops_as_many_but_not_the_same(plan: Any, sample: Any, grade: Any) -> None:
    the_plan = plan(["math"] * 40, prompts_per_step=8)
    pools = {}
    for name in ("srpo-paper", "hr-random"):
        algorithm = _make(name, the_plan)
        for step in range(6):  # five steps an epoch
            _step(algorithm, step, 8, sample, grade)
        pools[name] = set(algorithm.order.pool)
    assert len(pools["srpo-paper"]) == len(pools["hr-random"]) < 40
    assert pools["srpo-paper"] != pools["hr-random"]
    hard = {p.id for p in the_plan.pool if int(p.id.split("-")[1]) % 4 == 0}
    assert hard <= pools["srpo-paper"]
    assert not hard <= pools["hr-random"]
