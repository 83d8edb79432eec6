"""MoPPS against its formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy import stats

from tests.algorithms.pair import make_sampler
from tests.algorithms.samplers.world import outcomes, prompts


def test_posteriors_by_hand(plan: Any, sample: Any) -> None:
    """λ 1/2, prior 1: 3 of 4 right gives (1 + 3, 1 + 1); 0 of 4 then (2 + ½, 1 + ½ + 4)."""
    sampler = make_sampler("mopps", plan(["math"] * 3, prompts_per_step=1))
    sampler.observe(*outcomes(sample, {"math-0": 3, "math-1": 4}, 4))
    sampler.observe(*outcomes(sample, {"math-0": 0}, 4))
    assert sampler._counts.tolist() == [[2.5, 5.5], [5, 1], [1, 1]]
    rates = [2.5 / 8, 5 / 6, 1 / 2]
    assert sampler.metrics()["expected_rate"] == pytest.approx(sum(rates) / 3)


def test_one_response_is_one_response(plan: Any, sample: Any) -> None:
    """The published code counts eight for a group of one."""
    sampler = make_sampler("mopps", plan(["math"] * 2), decay=1.0)
    sampler.observe(*outcomes(sample, {"math-0": 1, "math-1": 0}, 1))
    assert sampler._counts.tolist() == [[2, 1], [1, 2]]


def test_draws_are_of_the_posterior(plan: Any, sample: Any) -> None:
    sampler = make_sampler("mopps", plan(["math"] * 4000, prompts_per_step=4), target=0.0)
    sampler._counts[:] = torch.tensor([3.5, 1.25])
    drawn = (-sampler.score(torch.Generator().manual_seed(0))).sqrt()
    assert stats.kstest(drawn.numpy(), stats.beta(3.5, 1.25).cdf).pvalue > 0.01


def test_the_rate_nearest_to_the_target_is_chosen(plan: Any, sample: Any) -> None:
    sampler = make_sampler("mopps", plan(["math"] * 9, prompts_per_step=3), decay=1.0)
    for _ in range(200):  # posteriors as narrow as points
        sampler.observe(*outcomes(sample, {f"math-{i}": [0, 2, 4][i % 3] for i in range(9)}, 4))
    rng = torch.Generator().manual_seed(0)
    assert sorted(prompts(sampler.choose(2, 3, rng))) == ["math-1", "math-4", "math-7"]
    easy = make_sampler("mopps", plan(["math"] * 9, prompts_per_step=3), decay=1.0, target=1.0)
    easy._counts = sampler._counts
    assert sorted(prompts(easy.choose(2, 3, rng))) == ["math-2", "math-5", "math-8"]


def test_equal_draws_come_from_equal_streams(plan: Any) -> None:
    sampler = make_sampler("mopps", plan(["math"] * 30, prompts_per_step=5))
    once, again, other = (
        prompts(sampler.choose(1, 5, torch.Generator().manual_seed(seed))) for seed in (1, 1, 2)
    )
    assert once == again != other


def test_what_was_seen_fades_towards_the_prior(plan: Any, sample: Any) -> None:
    sampler = make_sampler("mopps", plan(["math"] * 2), prior=0.5, decay=0.25)
    sampler.observe(*outcomes(sample, {"math-0": 1}, 4))
    assert sampler._counts.tolist() == [[1.5, 3.5], [0.5, 0.5]]
    sampler.observe(*outcomes(sample, {"math-0": 4}, 4))
    assert sampler._counts[0].tolist() == [0.375 + 0.375 + 4, 0.875 + 0.375]
