"""SPEED: screened by a few, completed where they disagree."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.samplers.base import Kept, More
from tests.algorithms.pair import Pair, make_sampler
from tests.algorithms.samplers.world import by_rule, prompts


@pytest.mark.parametrize(
    ("group", "share", "size"),
    [(24, 1 / 3, 8), (24, 1 / 6, 4), (8, 1 / 3, 3), (4, 0.1, 2), (2, 1, 2)],
)
def test_responses_that_screen(group: int, share: float, size: int, plan: Any) -> None:
    sampler = make_sampler("speed", plan(["math"] * 4, group_size=group), screening=share)
    assert sampler.screened_by == size


def test_a_step_by_hand(plan: Any, sample: Any) -> None:
    """Every third prompt is mixed. Batches of 2 with 2 of 6 responses are screened until two have
    qualified; those two get their other 4, joined to the first."""
    info = plan(["math"] * 30, prompts_per_step=2, group_size=6)
    arm = Pair.make("speed", info)
    rule = by_rule(sample, lambda prompt, size: int(int(prompt.split("-")[1]) % 3 == 0))
    for step in range(1, 8):
        kept, whole = arm.observe(step, rule)
        told = arm.sampler.metrics()
        assert len(kept.rollouts.prompts) == 2
        assert kept.rollouts.group.bincount().tolist() == [6, 6]
        assert all(int(p.split("-")[1]) % 3 == 0 for p in kept.rollouts.prompts)
        assert told["screened"] == len(whole.prompts)
        assert len(whole) == 2 * told["screened"] + 4 * 2
        assert told["rounds"] == told["screened"] / 2
        assert kept.grades.accuracy.sum() == 4  # one of each round's group


def test_surplus_that_qualified_is_not_completed(plan: Any, sample: Any) -> None:
    info = plan(["math"] * 12, prompts_per_step=3, group_size=6)
    arm = Pair.make("speed", info, max_rounds=2)
    seen: list[str] = []

    def right(prompt: str, size: int) -> int:
        seen.append(prompt)
        return int(prompt in seen[:2] or len(seen) > 3)  # two of the first three, all later ones

    kept, whole = arm.observe(1, by_rule(sample, right))
    assert arm.sampler.metrics() == {"rounds": 2, "screened": 6, "qualified": 5}
    assert kept.rollouts.prompts == [seen[0], seen[1], seen[3]]
    assert len(whole) == 6 * 2 + 3 * 4


def test_no_prompt_is_screened_twice_in_a_step(plan: Any, sample: Any) -> None:
    info = plan(["math"] * 5, prompts_per_step=3, group_size=6)
    arm = Pair.make("speed", info)
    for step in (1, 2):
        kept, whole = arm.observe(step, by_rule(sample, lambda p, size: int(p == "math-0")))
        assert sorted(whole.prompts) == [f"math-{i}" for i in range(5)]
        assert arm.sampler.metrics() == {"rounds": 2, "screened": 5, "qualified": 1}
        assert kept.rollouts.prompts == ["math-0"]


def test_no_prompt_is_screened_twice_where_an_epoch_begins_within_a_step(
    plan: Any, sample: Any
) -> None:
    arm = Pair.make("speed", plan(["math"] * 5, prompts_per_step=3, group_size=6))
    for step in range(1, 11):
        _, whole = arm.observe(step, by_rule(sample, lambda prompt, size: 1))
        assert len(set(whole.prompts)) == len(whole.prompts) == 3


def test_it_screens_what_dynamic_sampling_would_ask_and_no_epoch_loses_a_prompt(
    plan: Any, sample: Any
) -> None:
    """Three rounds of 4 a step from a pool of 14, so that epochs begin within steps."""
    info = plan(["math"] * 14, prompts_per_step=4, group_size=6)
    arm = Pair.make("speed", info, max_rounds=3)
    dynamic, screened = make_sampler("dynamic", info, max_rounds=3), Counter[str]()
    for step in range(1, 41):
        _, whole = arm.observe(step, by_rule(sample, lambda prompt, size: 0))
        rng = torch.Generator().manual_seed(step)
        assert whole.prompts == [p for _ in range(3) for p in prompts(dynamic.choose(step, 4, rng))]
        dynamic._taken.clear()
        screened.update(whole.prompts)
        assert len(screened) < 14 or min(screened.values()) >= arm.sampler.epoch - 1


def test_the_bound_holds_and_a_batch_without_signal_stands_in(plan: Any, sample: Any) -> None:
    info = plan(["math"] * 12, prompts_per_step=3, group_size=6)
    arm = Pair.make("speed", info, max_rounds=2)
    kept, _ = arm.observe(1, by_rule(sample, lambda prompt, size: 0))
    assert kept.rollouts.group.bincount().tolist() == [6, 6, 6]
    assert arm.sampler.metrics() == {"rounds": 2, "screened": 6, "qualified": 0}


def test_a_screen_of_whole_groups_needs_no_second_phase(plan: Any, sample: Any) -> None:
    sampler = make_sampler("speed", plan(["math"] * 4, prompts_per_step=2), screening=1.0)
    groups = sampler.choose(1, 2, torch.Generator())
    mixed = by_rule(sample, lambda prompt, size: 1)
    assert isinstance(sampler.observe(*mixed(groups, 0)), Kept)
    hopeless = by_rule(sample, lambda prompt, size: 0)
    assert sampler.observe(*hopeless(groups, 0)) == More(2)
