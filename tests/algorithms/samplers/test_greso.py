"""GRESO against its formulas."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.samplers.base import Kept, More
from tests.algorithms.pair import Pair, make_sampler
from tests.algorithms.samplers.world import by_rule, outcomes, prompts


def _observed(sampler: Any, sample: Any, *steps: dict[str, int]) -> None:
    for right in steps:
        assert isinstance(sampler.observe(*outcomes(sample, right, 4)), Kept)


def test_the_probability_of_skipping(plan: Any, sample: Any) -> None:
    """1 − max(p^z, 0.01), z the latest consecutive groups without signal, of either kind."""
    info = plan(["math"] * 4, prompts_per_step=1)
    sampler = make_sampler("greso", info, explore_step=0.0, max_rounds=1)
    assert sampler.skip_probability("math-0") == 0
    _observed(sampler, sample, {"math-0": 4, "math-1": 0, "math-2": 1})
    assert [sampler.skip_probability(f"math-{i}") for i in range(4)] == [0.5, 0.5, 0, 0]
    _observed(sampler, sample, {"math-0": 4, "math-1": 4, "math-2": 0})
    assert [sampler.skip_probability(f"math-{i}") for i in range(3)] == [0.75, 0.75, 0.5]
    _observed(sampler, sample, {"math-0": 3, "math-1": 0})
    assert [sampler.skip_probability(f"math-{i}") for i in range(2)] == [0, 0.875]
    _observed(sampler, sample, *[{"math-1": 0}] * 4)  # 0.5^7 is below 0.01
    assert sampler.skip_probability("math-1") == 0.99


@pytest.mark.parametrize(
    ("right", "easy", "hard"),
    [
        # of 12 groups: 1 easy (0.083, its target) and 1 hard (0.083, below 0.167)
        ([4] + [0] + [2] * 10, 0.49, 0.51),
        # no easy one, 2 hard (0.167, its target)
        ([0] * 2 + [2] * 10, 0.51, 0.49),
    ],
)
def test_each_p_is_moved_towards_its_target(
    right: list[int], easy: float, hard: float, plan: Any, sample: Any
) -> None:
    sampler = make_sampler("greso", plan(["math"] * 12), max_rounds=1)
    _observed(sampler, sample, {f"math-{i}": n for i, n in enumerate(right)})
    told = sampler.metrics()
    assert (told["p_easy"], told["p_hard"]) == pytest.approx((easy, hard))
    _observed(sampler, sample, *[{f"math-{i}": n for i, n in enumerate(right)}] * 60)
    told = sampler.metrics()
    ends = [0.05 if p < 0.5 else 0.95 for p in (easy, hard)]
    assert [told["p_easy"], told["p_hard"]] == pytest.approx(ends)


def test_each_kind_has_its_own_p(plan: Any, sample: Any) -> None:
    sampler = make_sampler("greso", plan(["math"] * 12), max_rounds=1)
    right = {f"math-{i}": n for i, n in enumerate([4] + [0] + [2] * 10)}
    _observed(sampler, sample, right)
    assert sampler.skip_probability("math-0") == pytest.approx(1 - 0.49)
    assert sampler.skip_probability("math-1") == pytest.approx(1 - 0.51)


def test_the_sizes_of_rounds(plan: Any, sample: Any) -> None:
    """A full round is 1.5 batches; then 1.25 · missing / share mixed, at most a full round."""
    sampler = make_sampler("greso", plan(["math"] * 40, prompts_per_step=8))
    assert sampler.first_round == 12
    right = {f"math-{i}": 2 if i < 6 else 0 for i in range(12)}
    answer = sampler.observe(*outcomes(sample, right, 4))
    assert answer == More(5)  # 1.25 · 2 · 12 / 6
    right |= {f"math-{i}": 2 for i in range(12, 17)}
    assert isinstance(sampler.observe(*outcomes(sample, right, 4)), Kept)
    told = sampler.metrics()  # each p has moved once, and every group is entered once
    assert (told["p_easy"], told["p_hard"]) == pytest.approx((0.51, 0.49))
    assert sampler.skip_probability("math-6") == pytest.approx(1 - 0.49)
    assert sampler.next_round(0, 12) == 12
    assert sampler.next_round(7, 12) == 3  # 2.14
    assert sampler.next_round(1, 12) == 12  # 105 would be needed
    assert make_sampler("greso", plan(["math"] * 40, prompts_per_step=3)).first_round == 5  # 4.5


def test_skipping_follows_the_probability_and_the_shuffled_epochs(plan: Any, sample: Any) -> None:
    info = plan(["math"] * 100, prompts_per_step=10)
    sampler = make_sampler("greso", info, explore_step=0.0, max_rounds=1)
    _observed(sampler, sample, {f"math-{i}": 4 for i in range(50)})
    rng = torch.Generator().manual_seed(0)
    chosen: list[str] = []
    while sampler.epoch <= 40:
        batch = prompts(sampler.choose(1, 15, rng))
        assert len(set(batch)) == 15
        chosen += batch
    easy = sum(int(prompt.split("-")[1]) < 50 for prompt in chosen)
    assert easy / (len(chosen) - easy) == pytest.approx(0.5, abs=0.05)


def test_a_pool_that_is_smaller_than_a_round_is_repeated_evenly(plan: Any) -> None:
    sampler = make_sampler("greso", plan(["math"] * 4, prompts_per_step=4))
    chosen = prompts(sampler.choose(1, 6, torch.Generator()))
    assert sorted(map(chosen.count, set(chosen))) == [1, 1, 2, 2]


def test_what_is_kept_is_dynamic_samplings(plan: Any, sample: Any) -> None:
    arm = Pair.make("greso", plan(["math"] * 40, prompts_per_step=6))
    rule = by_rule(sample, lambda prompt, size: 2 if int(prompt.split("-")[1]) % 3 else 0)
    for step in range(1, 12):
        kept, whole = arm.observe(step, rule)
        assert len(kept.rollouts.prompts) == 6
        assert all(int(p.split("-")[1]) % 3 for p in kept.rollouts.prompts)
        told = arm.sampler.metrics()
        assert told["groups_discarded"] == len(whole.prompts) - 6
    assert told["skipped"] > 0


@pytest.mark.parametrize(("drawn", "skips"), [(0.5, False), (0.49, True)])
def test_a_prompt_is_passed_over_below_its_probability_and_counted_once(
    plan: Any, sample: Any, monkeypatch: pytest.MonkeyPatch, drawn: float, skips: bool
) -> None:
    """Of four, one was all right and is passed over with a chance of a half."""
    sampler = make_sampler("greso", plan(["math"] * 4, prompts_per_step=1), explore_step=0.0)
    _observed(sampler, sample, {"math-0": 4, "math-1": 2})
    asked: list[float] = []

    def rand(size: tuple[()], generator: torch.Generator) -> torch.Tensor:
        asked.append(drawn)
        return torch.tensor(drawn)

    monkeypatch.setattr(torch, "rand", rand)
    rng = torch.Generator().manual_seed(0)
    chosen = [group.prompt for _ in range(8) for group in sampler.choose(1, 2, rng)]
    assert asked
    assert ("math-0" in chosen) != skips
    assert sampler._skipped == len(asked) * skips


def test_an_epoch_that_begins_within_a_step_has_every_prompt_once(plan: Any, sample: Any) -> None:
    """Seven steps of three rounds of 4 are six epochs of 14; nothing is skipped, and a step asks no
    prompt twice."""
    own = {"first_round": 1.0, "explore_least": 1.0, "max_rounds": 3}
    sampler = make_sampler("greso", plan(["math"] * 14), **own)
    rng, every = torch.Generator().manual_seed(0), Counter[str]()
    for step in range(1, 8):
        asked: dict[str, int] = {}
        answer: Any = More(sampler.first_round)
        while isinstance(answer, More):
            asked |= dict.fromkeys(prompts(sampler.choose(step, answer.groups, rng)), 0)
            answer = sampler.observe(*outcomes(sample, asked, 4))
        assert len(asked) == 12
        every.update(asked.keys())
    assert set(every.values()) == {6}
