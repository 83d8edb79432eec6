"""DPS against the model worked out by hand in fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.samplers.order import shuffled
from tests.algorithms.pair import make_sampler
from tests.algorithms.samplers.world import outcomes, prompts

D = Fraction(7, 10)


class ByHand:
    """One prompt's model, in exact arithmetic and without a matrix library."""

    def __init__(self) -> None:
        self.alpha = [[Fraction(1)] * 3 for _ in range(3)]  # [to][from]
        self.belief = [Fraction(1, 3)] * 3
        self.prediction = [Fraction(1, 3)] * 3

    def expected(self) -> list[list[Fraction]]:
        totals = [sum(self.alpha[to][of] for to in range(3)) for of in range(3)]
        return [[self.alpha[to][of] / totals[of] for of in range(3)] for to in range(3)]

    def go_on(self, state: int | None) -> None:
        counts = [[Fraction(0)] * 3 for _ in range(3)]
        if state is not None:
            joint = [self.expected()[state][of] * self.belief[of] for of in range(3)]
            counts[state] = [value / sum(joint) for value in joint]
        self.alpha = [
            [D * self.alpha[to][of] + (1 - D) * 1 + counts[to][of] for of in range(3)]
            for to in range(3)
        ]
        self.belief = (
            self.prediction if state is None else [Fraction(int(i == state)) for i in range(3)]
        )
        phi = self.expected()
        self.prediction = [sum(phi[to][of] * self.belief[of] for of in range(3)) for to in range(3)]


def test_one_observation_by_hand(plan: Any, sample: Any) -> None:
    """Partly right: ξ gives 1/3 to each transition into "partly", so column "partly" is
    (1, 4/3, 1) and the prediction from there (3/10, 4/10, 3/10)."""
    sampler = make_sampler("dps", plan(["math"] * 2, prompts_per_step=1))
    sampler.observe(*outcomes(sample, {"math-1": 3}, 4))
    torch.testing.assert_close(
        sampler._prediction,
        torch.tensor([[1 / 3, 1 / 3, 1 / 3], [0.3, 0.4, 0.3]], dtype=torch.float64),
    )


def test_a_run_of_observations_and_gaps_by_hand(plan: Any, sample: Any) -> None:
    states = {0: [0, 0, None, 1, 1, None, None, 2], 1: [None, 2, 2, 2, None, 1, 0, None]}
    right = {0: 0, 1: 2, 2: 4}
    sampler = make_sampler("dps", plan(["math"] * 2, prompts_per_step=1))
    hands = [ByHand(), ByHand()]
    for step in range(8):
        seen = {f"math-{i}": right[s[step]] for i, s in states.items() if s[step] is not None}
        sampler.observe(*outcomes(sample, seen, 4))
        for i, hand in enumerate(hands):
            hand.go_on(states[i][step])
            assert sampler._prediction[i].tolist() == pytest.approx(
                list(map(float, hand.prediction))
            )
            assert sampler._alpha[i].flatten().tolist() == pytest.approx(
                [float(value) for row in hand.alpha for value in row]
            )
    assert sampler.metrics()["predicted_partly"] == pytest.approx(
        float(sum(hand.prediction[1] for hand in hands) / 2)
    )


def test_those_most_likely_to_be_partly_solved_are_chosen(plan: Any, sample: Any) -> None:
    sampler = make_sampler("dps", plan(["math"] * 9, prompts_per_step=3))
    sampler.observe(*outcomes(sample, {f"math-{i}": [0, 2, 4][i % 3] for i in range(9)}, 4))
    rng = torch.Generator().manual_seed(0)
    assert sorted(prompts(sampler.choose(2, 3, rng))) == ["math-1", "math-4", "math-7"]


def test_equals_are_chosen_at_random_and_no_prompt_twice(plan: Any) -> None:
    sampler = make_sampler("dps", plan(["math"] * 30, prompts_per_step=5))
    rng = torch.Generator().manual_seed(0)
    batches = [prompts(sampler.choose(1, 5, rng)) for _ in range(40)]
    assert all(len(set(batch)) == 5 for batch in batches)
    assert len({prompt for batch in batches for prompt in batch}) == 30


def test_only_so_many_candidates_are_looked_at(plan: Any, sample: Any) -> None:
    info = plan(["math"] * 60, prompts_per_step=2)
    sampler = make_sampler("dps", info, candidates=2)
    sampler.observe(*outcomes(sample, {"math-7": 2, "math-8": 2}, 4))
    rng = torch.Generator().manual_seed(0)
    hits = sum("math-7" in prompts(sampler.choose(2, 2, rng)) for _ in range(600))
    assert hits / 600 == pytest.approx(4 / 60, abs=0.03)


def test_a_single_right_response_solves_its_prompt(plan: Any, sample: Any) -> None:
    sampler = make_sampler("dps", plan(["math"] * 2, prompts_per_step=1))
    sampler.observe(*outcomes(sample, {"math-1": 1}, 1))
    assert sampler._belief[1].tolist() == [0, 0, 1]


def test_what_was_seen_fades_towards_the_prior(plan: Any, sample: Any) -> None:
    """A prior of ½ and a decay of ¼: counts of a prompt that is not asked stay where they are."""
    given = {"prior": 0.5, "decay": 0.25}
    sampler = make_sampler("dps", plan(["math"] * 2, prompts_per_step=1), **given)
    sampler.observe(*outcomes(sample, {"math-1": 1}, 1))
    assert sampler._alpha[0].flatten().tolist() == pytest.approx([0.5] * 9)
    before = sampler._alpha[1].clone()
    sampler.observe(*outcomes(sample, {"math-0": 1}, 1))
    torch.testing.assert_close(sampler._alpha[1], 0.25 * before + 0.75 * 0.5)


def test_of_all_equal_the_first_that_were_shuffled_are_chosen(plan: Any) -> None:
    """Two hundred that nobody has asked yet."""
    sampler = make_sampler("dps", plan(["math"] * 200, prompts_per_step=50), candidates=4)
    drawn = shuffled(range(200), torch.Generator().manual_seed(3))[:50]
    chosen = prompts(sampler.choose(1, 50, torch.Generator().manual_seed(3)))
    assert chosen == [f"math-{i}" for i in drawn]
    assert sampler.places([]).dtype == torch.long
