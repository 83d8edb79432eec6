from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.batch import Batch, Grades, Rollouts
from tests.algorithms.pair import Pair
from tests.examples import examples

STEPS = 14


def _make(plan: Any, name: str = "srpo", **settings: Any) -> Pair:
    return Pair.make(name, plan(["math"] * 8, steps=STEPS), **settings)


def _drifted(rollouts: Rollouts) -> torch.Tensor:
    """A policy that has left every response by up to 0.4 nats a token, by its first token."""
    shift = 0.4 * (rollouts.tokens[:, :1] % 7) / 6
    return rollouts.logp + shift


def _run(
    arm: Pair, sample: Any, grade: Any, start: int = 0, stop: int = STEPS
) -> Iterator[tuple[Rollouts, Grades, Batch]]:
    for step in range(start, stop):
        groups = arm.sampler.choose(step + 1, 4, torch.Generator().manual_seed(step))
        rollouts = sample([group.prompt for group in groups], 4, seed=step)
        grades = grade(rollouts, seed=step)
        rng = torch.Generator().manual_seed(100 + step)
        arm.sampler.observe(rollouts, grades)
        batch = arm.algorithm.weigh(rollouts, grades, _drifted, rng)
        yield rollouts, grades, batch


@examples(30)
@given(
    fraction=st.sampled_from([0.1, 0.25, 1.0]),
    history_steps=st.integers(1, 6),
    max_drift=st.sampled_from([0.05, 0.2, 10.0]),
    solved_at=st.sampled_from([0.6, 0.95]),
)
def test_what_is_replayed_is_eligible_and_as_it_was_stored(
    fraction: float,
    history_steps: int,
    max_drift: float,
    solved_at: float,
    plan: Any,
    sample: Any,
    grade: Any,
) -> None:
    arm = _make(
        plan,
        replay_fraction=fraction,
        history_steps=history_steps,
        max_drift=max_drift,
        solved_at=solved_at,
    )
    s = arm.algorithm.settings
    decay, eps = s.success_decay, s.score_eps
    past: list[tuple[Rollouts, Grades]] = []
    rate: dict[str, float] = {}
    replayed_ever = 0
    for step, (rollouts, grades, batch) in enumerate(_run(arm, sample, grade)):
        for group, prompt in enumerate(rollouts.prompts):
            mean = grades.accuracy[rollouts.group == group].mean().item()
            rate[prompt] = decay * rate.get(prompt, mean) + (1 - decay) * mean
        fresh, r = len(rollouts), batch.rollouts
        assert torch.equal(r.logp[:fresh], rollouts.logp)
        assert (batch.weight[:fresh] == 1).all()
        assert len(batch) - fresh <= round(fraction * fresh)
        marks = set()
        for row in range(fresh, len(batch)):
            # Every stored response carries its step and row in its tokens.
            mark = int(r.tokens[row, 0])
            marks.add(mark)
            origin, grading = past[mark // 1000]
            at = mark % 1000
            for name in ("tokens", "mask", "logp"):
                assert torch.equal(getattr(r, name)[row], getattr(origin, name)[at])
            prompt = r.prompts[r.group[row]]
            assert prompt == origin.prompts[origin.group[at]]
            assert grading.accuracy[at] == 1
            assert not r.truncated[row]
            assert 1 <= step - mark // 1000 <= history_steps
            p = rate[prompt]
            assert p < solved_at
            assert 0.4 * (mark % 7) / 6 <= max_drift + 1e-6
            expected = (1 - p) / (p * (1 - p) + eps) ** 0.5
            assert batch.advantage[row].item() == pytest.approx(expected, rel=1e-4)
            assert 0 < batch.weight[row] <= 1
        assert len(marks) == len(batch) - fresh  # without replacement
        assert batch.metrics.get("replayed", 0) == len(marks)
        past.append((rollouts, grades))
        replayed_ever += len(marks)
    assert replayed_ever > 0


def test_weights_undo_the_priorities(plan: Any, sample: Any, grade: Any) -> None:
    arm = _make(plan, replay_fraction=1.0, priority_alpha=0.6, importance_beta=1.0)
    s = arm.algorithm.settings
    for step, (rollouts, _, batch) in enumerate(_run(arm, sample, grade)):
        rows = slice(len(rollouts), None)
        age = step - batch.rollouts.tokens[rows, 0] // 1000
        score = batch.advantage[rows] * torch.exp2(-age / s.half_life)
        product = batch.weight[rows] * score**s.priority_alpha
        torch.testing.assert_close(product, product[:1].expand_as(product))
    assert len(batch.weight[rows]) > 1


def test_without_replay_it_is_srpo_paper_bit_for_bit(plan: Any, sample: Any, grade: Any) -> None:
    runs = zip(
        _run(_make(plan, replay_fraction=0.0), sample, grade),
        _run(_make(plan, "srpo-paper"), sample, grade),
        strict=True,
    )
    for (ours, _, batch), (theirs, _, paper) in runs:
        assert ours.prompts == theirs.prompts
        assert torch.equal(batch.advantage, paper.advantage)
        assert torch.equal(batch.weight, paper.weight)
        assert torch.equal(batch.rollouts.logp, paper.rollouts.logp)
        assert batch.metrics == paper.metrics


def test_policy_is_asked_about_few_responses_only(plan: Any, sample: Any, grade: Any) -> None:
    arm = _make(plan, max_drift=10.0)
    for _, _, batch in _run(arm, sample, grade):
        assert batch.metrics.get("replay_scored", 0) <= round(0.25 * 16)


def test_where_the_policy_has_left_everything_nothing_is_replayed(
    plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(plan)
    for step in range(1, 4):
        batch = arm.step(step, sample, grade, lambda r: r.logp - 1.0)
    assert len(batch) == 16
    assert batch.metrics["replayed"] == 0
    assert batch.metrics["replay_scored"] > 0


def test_age_counts_steps_since_a_response_was_sampled(plan: Any, sample: Any) -> None:
    """What is replayed at step 2 was sampled at step 1: age 1, so half a life is half a score."""
    arm = _make(plan, replay_fraction=1.0, half_life=1.0, importance_beta=1.0, max_drift=10.0)
    told = []
    for step in (1, 2, 3):
        rollouts = sample([f"math-{2 * step}", f"math-{2 * step + 1}"], 4, seed=step)
        rollouts.truncated[:] = False
        correct = (torch.arange(8) % 4 == 0).float()
        rng = torch.Generator().manual_seed(step)
        grades = Grades(correct, correct)
        batch = arm.algorithm.weigh(rollouts, grades, lambda r: r.logp, rng)
        told.append([batch.metrics.get(f"replay_{key}") for key in ("age", "weight")])
        if step == 3:  # two good ones of age 1 and two of age 2: s = a/2 and a/4, so w = 1/2 and 1
            assert sorted(batch.weight[8:].tolist()) == pytest.approx([0.5**0.6, 0.5**0.6, 1, 1])
    assert told == [[None, None], [1.0, 1.0], [1.5, pytest.approx((1 + 0.5**0.6) / 2)]]


@pytest.mark.parametrize(
    ("settings", "replayed"),
    [
        ({"max_drift": 1.0, "solved_at": 0.5}, 0),  # one of two: it is solved
        ({"max_drift": 1.0, "solved_at": 0.51}, 1),
        ({"max_drift": 1.0, "priority_alpha": 0.0}, 1),  # a wrong one is worth nothing, too
        ({"max_drift": 0.25}, 1),  # the policy is a quarter of a nat away
        ({"max_drift": 0.249}, 0),
    ],
)
def test_what_may_be_replayed_at_its_bounds(
    settings: dict[str, float], replayed: int, plan: Any, sample: Any
) -> None:
    """One prompt, a right and a wrong response, asked twice."""
    arm = Pair.make(
        "srpo", plan(["math"], prompts_per_step=1, group_size=2), replay_fraction=1.0, **settings
    )
    for step in range(2):
        rollouts = sample(["math-0"], 2, seed=step)
        rollouts.truncated[:], rollouts.logp = False, -0.5 * rollouts.mask
        right = torch.tensor([1.0, 0.0])
        batch = arm.algorithm.weigh(
            rollouts, Grades(right, right), lambda r: r.logp - 0.25, torch.Generator()
        )
    assert batch.metrics.get("replayed", 0) == replayed
