from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import replace
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, PromptInfo, Rollouts, Totals
from srpo_bench.algorithms.registry import algorithm_names, get, get_sampler, sampler_names
from srpo_bench.algorithms.samplers.base import Kept
from srpo_bench.harness.errors import RunError, naming
from srpo_bench.harness.running import algorithm_guard as guard
from srpo_bench.harness.running import method_guard, sampler_guard
from tests.harness.wrong import KINDS, SAMPLERS, Keeps

POOL = tuple(PromptInfo(f"p{i}", "math" if i % 2 else "code") for i in range(6))
PLAN = RunInfo(POOL, prompts_per_step=3, group_size=8, steps=10, max_new_tokens=4)


def walk(name: str, sampler: str = "shuffled") -> Batch:
    """What the loop does with a pair of methods, once; log-probs of −1 stand for the policy."""
    kind = KINDS.get(name) or get(name)
    rng = torch.Generator()
    algorithm = method_guard.make(kind, {}, PLAN)
    chooser = method_guard.make(SAMPLERS.get(sampler) or get_sampler(sampler), {}, PLAN)
    groups = sampler_guard.choose(chooser, 1, chooser.first_round, rng, {p.id for p in POOL})
    sizes = torch.tensor([group.size for group in groups])
    group = torch.arange(len(groups)).repeat_interleave(sizes)
    rows = len(group)
    mask, tokens = torch.ones(rows, 4, dtype=torch.bool), torch.ones(rows, 4, dtype=torch.long)
    rollouts = Rollouts(
        [group.prompt for group in groups],
        [[1]] * len(groups),
        group,
        tokens,
        mask,
        -mask.float(),
        torch.zeros(rows, dtype=torch.bool),
        serial=torch.arange(rows),
    )
    reward = torch.arange(float(rows)) % 2
    answer = sampler_guard.observe(chooser, rollouts, Grades(reward, reward))
    if isinstance(answer, Kept):
        rollouts, reward = answer.rollouts, answer.grades.reward
    sampler_guard.progress(chooser)
    grades = Grades(reward, reward)
    batch = guard.weigh(algorithm, rollouts, grades, lambda r: -r.mask.float(), rng)
    logp = (-batch.rollouts.mask.float()).requires_grad_()
    guard.loss(algorithm, logp, logp.detach(), batch, Totals.of(batch, 4))
    method_guard.restore(algorithm, method_guard.state(algorithm))
    method_guard.restore(chooser, method_guard.state(chooser))
    return batch


@pytest.mark.parametrize("name", algorithm_names())
def test_every_method_of_the_house_passes(name: str) -> None:
    assert len(walk(name)) == 24


@pytest.mark.parametrize("name", sampler_names())
def test_every_sampler_of_the_house_passes(name: str) -> None:
    assert len(walk("grpo", name)) >= 9


@pytest.mark.parametrize("name", sorted(SAMPLERS.keys() - {"endless"}))
def test_a_samplers_fault_is_one_sentence_with_its_name(name: str) -> None:
    with pytest.raises(RunError) as error:
        walk("grpo", name)
    assert str(error.value) == f"Sampler '{name}' {SAMPLERS[name].sentence}"


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"steep"}))
def test_a_fault_is_one_sentence_with_the_methods_name(name: str) -> None:
    with pytest.raises(RunError) as error:
        walk(name)
    assert str(error.value) == f"Algorithm '{name}' {KINDS[name].sentence}"


def test_containers_of_plain_values_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"a": [1, (2.0, None)], "b": OrderedDict(c=torch.ones(2)), "d": Counter("ab"), "e": {1}}
    monkeypatch.setattr(Keeps, "state_dict", lambda self: state)
    assert method_guard.state(method_guard.make(Keeps, {}, PLAN)) is state


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reward": torch.zeros(3)}, r"reward of shape \(3,\) where the rollouts need \(24,\)"),
        ({"reward": torch.full((24,), float("nan"))}, "reward with values that are not finite"),
        ({"costs": {"dollars": 1.0}}, "a cost 'dollars' of 1.0; booked are flops, verifier_calls"),
        ({"costs": {"flops": -1.0}}, "a cost 'flops' of -1.0"),
        ({"costs": {"flops": float("inf")}}, "a cost 'flops' of inf"),
    ],
)
def test_a_reward_or_cost_of_ones_own_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], sentence: str
) -> None:
    kind = get("grpo-token")
    weigh = kind.weigh
    monkeypatch.setattr(kind, "weigh", lambda *given: replace(weigh(*given), **changes))
    with pytest.raises(RunError, match=f"Algorithm 'grpo-token' returned {sentence}"):
        walk("grpo-token")


def test_costs_may_be_nothing_or_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = {"flops": 0.5, "tokens_generated": 0.0}
    kind = get("grpo-token")
    weigh = kind.weigh
    monkeypatch.setattr(kind, "weigh", lambda *given: replace(weigh(*given), costs=costs))
    assert walk("grpo-token").costs == costs


def test_groups_count_from_nothing_to_the_last_prompt() -> None:
    def fault(*groups: int) -> str:
        rows = len(groups)
        mask = torch.ones(rows, 1, dtype=torch.bool)
        rollouts = Rollouts(
            ["p", "q"], [[1]] * 2, torch.tensor(groups), mask.long(), mask, -mask.float(),
            torch.zeros(rows, dtype=torch.bool), serial=torch.arange(rows),
        )  # fmt: skip
        return guard._fault(Batch(rollouts, torch.ones(rows), torch.zeros(rows), {}))

    assert fault(0, 1) == fault(1, 1) == fault() == ""
    assert fault(0, 2) == fault(-1, 0) == "groups that are not among its 2 prompts"


def test_what_a_plug_in_says_is_cut_at_one_length() -> None:
    with pytest.raises(RunError) as told, naming("It", "weigh"):
        raise ValueError("x" * 501)
    assert str(told.value) == f"It raised ValueError in weigh: {'x' * 500}"
