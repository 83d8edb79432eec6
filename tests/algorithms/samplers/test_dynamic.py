"""Dynamic sampling: whole rounds until the batch is mixed."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Kept, More
from tests.algorithms.pair import Pair, make_sampler

MIXED, SOLVED, HOPELESS = [1.0, 0, 0, 0], [1.0] * 4, [0.0] * 4


def _rewarded(sample: Any, accuracy: list[float]) -> tuple[Rollouts, Grades]:
    """Rewards hold a bonus for every other response, which makes no group a mixed one."""
    rollouts = sample([f"math-{i}" for i in range(len(accuracy) // 4)], 4, seed=0)
    correct = torch.tensor(accuracy)
    return rollouts, Grades(correct + 0.1 * (torch.arange(len(correct)) % 2), correct)


def test_it_generates_until_the_batch_is_mixed(plan: Any, sample: Any) -> None:
    sampler = make_sampler("dynamic", plan(["math"] * 8))
    first = MIXED + SOLVED + MIXED + HOPELESS
    assert sampler.observe(*_rewarded(sample, first)) == More(4)
    kept = sampler.observe(*_rewarded(sample, first + MIXED + HOPELESS + MIXED + MIXED))
    assert isinstance(kept, Kept)
    assert kept.rollouts.prompts == ["math-0", "math-2", "math-4", "math-6"]
    assert kept.grades.accuracy.tolist() == MIXED * 4
    assert sampler.metrics() == {"rounds": 2, "groups_discarded": 4}
    assert isinstance(sampler.observe(*_rewarded(sample, MIXED * 4)), Kept)
    assert sampler.metrics() == {"rounds": 1, "groups_discarded": 0}  # rounds are a step's own


@pytest.mark.parametrize(
    ("accuracy", "kept", "discarded"),
    [
        (MIXED + HOPELESS * 7, ["math-0"], 7),
        (HOPELESS * 8, ["math-0", "math-1", "math-2", "math-3"], 4),
    ],
)
def test_it_stops_at_its_bound(
    accuracy: list[float], kept: list[str], discarded: int, plan: Any, sample: Any
) -> None:
    sampler = make_sampler("dynamic", plan(["math"] * 8), max_rounds=2)
    assert sampler.observe(*_rewarded(sample, accuracy[:16])) == More(4)
    answer = sampler.observe(*_rewarded(sample, accuracy))
    assert isinstance(answer, Kept)
    assert answer.rollouts.prompts == kept
    assert sampler.metrics() == {"rounds": 2, "groups_discarded": discarded}


def test_a_step_asks_no_prompt_twice_while_the_pool_lasts(plan: Any, sample: Any) -> None:
    """Three rounds of 4 from a pool of 14: the second step's begin in the first epoch and end in
    the second."""
    sampler = make_sampler("dynamic", plan(["math"] * 14), max_rounds=3)
    rng = torch.Generator().manual_seed(0)
    for step in (1, 2, 3):
        asked: list[str] = []
        answer: Any = More(sampler.first_round)
        while isinstance(answer, More):
            asked += [group.prompt for group in sampler.choose(step, answer.groups, rng)]
            found = torch.tensor([1.0, 0, 0, 0] + [0.0] * 4 * (len(asked) - 1))
            answer = sampler.observe(sample(asked, 4, seed=0), Grades(found, found))
        assert len(asked) == 12
        assert len(set(asked)) == 12


def test_dapo_is_its_loss_and_this_sampler(plan: Any, sample: Any, grade: Any) -> None:
    info = plan(["math"] * 12, steps=8)
    whole, parts = (Pair.make(name, info) for name in ("dapo", "dapo+dynamic"))
    plain = Pair.make("dapo+shuffled", info)
    for step in range(1, 9):
        a, b = (arm.step(step, sample, grade) for arm in (whole, parts))
        assert a.rollouts.prompts == b.rollouts.prompts
        assert torch.equal(a.advantage, b.advantage)
        assert len(plain.step(step, sample, grade)) == 16
