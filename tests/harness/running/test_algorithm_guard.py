from __future__ import annotations

from collections import Counter, OrderedDict

import pytest
import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, PromptInfo, Rollouts, Totals
from srpo_bench.algorithms.registry import algorithm_names, get
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.running import algorithm_guard as guard
from tests.harness.wrong import KINDS, Keeps

POOL = tuple(PromptInfo(f"p{i}", "math" if i % 2 else "code") for i in range(6))
PLAN = RunInfo(POOL, prompts_per_step=3, group_size=8, steps=10, max_new_tokens=4)


def walk(name: str) -> Batch:
    """What the loop does with a method, once; log-probs of −1 stand for the policy."""
    kind = KINDS.get(name) or get(name)
    rng = torch.Generator()
    algorithm = guard.make(kind, {}, PLAN)
    chosen = guard.choose(algorithm, 3, rng, {p.id for p in POOL})
    mask = torch.ones(24, 4, dtype=torch.bool)
    tokens, group = torch.ones(24, 4, dtype=torch.long), torch.arange(3).repeat_interleave(8)
    cut = torch.zeros(24, dtype=torch.bool)
    rollouts = Rollouts(chosen, [[1]] * 3, group, tokens, mask, -mask.float(), cut)
    reward = torch.arange(24.0) % 2
    grades = Grades(reward, reward)
    batch = guard.weigh(algorithm, rollouts, grades, lambda r: -r.mask.float(), rng)
    assert isinstance(batch, Batch)
    logp = (-batch.rollouts.mask.float()).requires_grad_()
    guard.loss(algorithm, logp, logp.detach(), batch, Totals.of(batch, 4))
    guard.progress(algorithm)
    guard.restore(algorithm, guard.state(algorithm))
    return batch


@pytest.mark.parametrize("name", algorithm_names())
def test_every_method_of_the_house_passes(name: str) -> None:
    assert len(walk(name)) == 24


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"endless", "steep"}))
def test_a_fault_is_one_sentence_with_the_methods_name(name: str) -> None:
    with pytest.raises(RunError) as error:
        walk(name)
    assert str(error.value) == f"Algorithm '{name}' {KINDS[name].sentence}"


def test_containers_of_plain_values_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"a": [1, (2.0, None)], "b": OrderedDict(c=torch.ones(2)), "d": Counter("ab"), "e": {1}}
    monkeypatch.setattr(Keeps, "state_dict", lambda self: state)
    assert guard.state(guard.make(Keeps, {}, PLAN)) is state
