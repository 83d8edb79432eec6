"""Updates do not depend on how the batch was cut, and rows without a gradient cost nothing."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, PromptInfo, Rollouts
from srpo_bench.algorithms.registry import get
from srpo_bench.harness.config import Optim
from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.running.learner import Learner, learning_rate, move, trim

PROMPTS = ["2+2=", "a", "who is ", "12*12"]
G = 4
PLAN = RunInfo(tuple(PromptInfo(p, "math") for p in PROMPTS), 4, G, 10, 16)


def batch_of(policy: Policy, algorithm: Any) -> Batch:
    prompts = [policy.encode(p) for p in PROMPTS]
    engine = TorchEngine(policy, 64)
    generator = torch.Generator().manual_seed(1)
    r = engine.generate(prompts, G, Sampling(1.0, 1.0, 16), generator)
    group = torch.arange(4).repeat_interleave(G)
    rollouts = Rollouts(PROMPTS, prompts, group, r.tokens, r.mask, r.logp, r.truncated)
    accuracy = torch.tensor([1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0]).float()
    batch = algorithm.weigh(
        rollouts, Grades(accuracy, accuracy), lambda x: policy.logp_of(x, 64), generator
    )
    assert isinstance(batch, Batch)
    return batch


def updated(folder: Path, name: str, **changes: Any) -> tuple[list[torch.Tensor], Any]:
    policy, reference = (load_policy(folder, "float32", "cpu") for _ in range(2))
    kind = get(name)
    algorithm = kind(kind.Settings(), PLAN)
    optim = Optim(lr=1e-2, max_grad_norm=1e9).model_copy(update=changes)
    batch = batch_of(policy, algorithm)
    learner = Learner(policy, reference, optim, updates_planned=10, max_tokens=16)
    update = learner.update(batch, algorithm)
    return [p.grad.clone() for p in policy.model.parameters()], update


@pytest.mark.parametrize("name", ["grpo", "grpo-token", "dr_grpo", "gspo"])
def test_gradient_does_not_depend_on_the_micro_batches(tiny_folder: Path, name: str) -> None:
    whole, update = updated(tiny_folder, name)
    cut, again = updated(tiny_folder, name, micro_batch_tokens=40)
    assert update.grad_norm > 0
    assert math.isclose(update.loss, again.loss, rel_tol=1e-4, abs_tol=1e-6)
    for a, b in zip(whole, cut, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-3)
    for key, value in update.metrics.items():
        assert math.isclose(value, again.metrics[key], rel_tol=1e-3, abs_tol=1e-6), key


def test_the_recorded_loss_is_the_sum_of_its_pieces(tiny_folder: Path) -> None:
    """Every response as good as any: −1 a token at a ratio of 1, whatever the cut."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    algorithm = get("grpo-token")(get("grpo-token").Settings(), PLAN)
    batch = batch_of(policy, algorithm)
    batch.advantage = torch.ones_like(batch.advantage)
    batch.weight = torch.ones_like(batch.weight)
    for cut in ({}, {"micro_batch_tokens": 40}):
        optim = Optim(lr=1e-12).model_copy(update=cut)
        learner = Learner(policy, None, optim, updates_planned=10, max_tokens=16)
        assert learner.update(batch, algorithm).loss == pytest.approx(-1, abs=1e-4)


@pytest.mark.parametrize("name", ["grpo-token", "gspo"])
def test_a_correction_stays_with_its_tokens_in_every_cut(tiny_folder: Path, name: str) -> None:
    """Rows are regrouped, cut into micro-batches and trimmed: the gradient is the same."""
    gradients = []
    for cut in ({}, {"micro_batch_tokens": 40}):
        policy = load_policy(tiny_folder, "float32", "cpu")
        algorithm = get(name)(get(name).Settings(), PLAN)
        batch = batch_of(policy, algorithm)
        r = batch.rollouts
        r.correction = torch.rand(r.logp.shape, generator=torch.Generator().manual_seed(0))
        optim = Optim(lr=1e-2, max_grad_norm=1e9).model_copy(update=cut)
        Learner(policy, None, optim, updates_planned=10, max_tokens=16).update(batch, algorithm)
        gradients.append([p.grad.clone() for p in policy.model.parameters()])
    for whole, pieces, plain in zip(*gradients, updated(tiny_folder, name)[0], strict=True):
        torch.testing.assert_close(whole, pieces, atol=1e-5, rtol=1e-3)
        assert not torch.allclose(whole, plain, atol=1e-5, rtol=1e-3)


def test_everything_of_a_batch_moves_to_the_device(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    batch = batch_of(policy, get("grpo")(get("grpo").Settings(), PLAN))
    moved = move(batch, torch.device("meta"))
    for record in (moved, moved.rollouts):
        tensors = [v for v in vars(record).values() if isinstance(v, torch.Tensor)]
        assert {t.device.type for t in tensors} == {"meta"}
    assert batch.rollouts.correction.device.type == "cpu"


def test_rows_without_advantage_are_skipped_unless_a_kl_term_reads_them(tiny_folder: Path) -> None:
    """Groups 1 and 2 are all wrong and all correct: half of the responses carry no advantage."""
    _, without = updated(tiny_folder, "grpo-token")
    _, with_kl = updated(tiny_folder, "grpo")
    assert without.tokens_forward < with_kl.tokens_forward
    assert without.tokens_reference == 0
    assert with_kl.tokens_reference == with_kl.tokens_forward


def test_an_on_policy_ratio_starts_at_one(tiny_folder: Path) -> None:
    _, update = updated(tiny_folder, "grpo-token")
    assert update.metrics["clip_fraction"] == 0


def test_two_updates_a_step_move_twice(tiny_folder: Path) -> None:
    _, update = updated(tiny_folder, "grpo-token", updates_per_step=2)
    assert update.updates == 2


def test_fewer_groups_than_shares_are_an_update_each(tiny_folder: Path) -> None:
    """Dynamic sampling may keep one group of four: one update, and its loss, not a quarter."""
    updates = []
    for shares in (1, 4):
        policy = load_policy(tiny_folder, "float32", "cpu")
        algorithm = get("dapo")(get("dapo").Settings(), PLAN)
        batch = batch_of(policy, algorithm)
        batch.advantage = torch.ones_like(batch.advantage)
        kept = batch.rows((batch.rollouts.group == 2).nonzero()[:, 0])
        optim = Optim(lr=1e-2).model_copy(update={"updates_per_step": shares})
        learner = Learner(policy, None, optim, updates_planned=10, max_tokens=16)
        updates.append(learner.update(kept, algorithm))
    assert updates[0] == updates[1]
    assert updates[1].updates == 1


def test_a_loss_that_is_not_finite_names_the_algorithm(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    kind = get("grpo-token")

    class Broken(kind):  # type: ignore[misc, valid-type]
        name = "broken"

        def loss(self, *args: Any) -> Any:
            value, metrics = super().loss(*args)
            return value * float("nan"), metrics

    algorithm = Broken(kind.Settings(), PLAN)
    learner = Learner(policy, None, Optim(lr=1e-2), updates_planned=10, max_tokens=16)
    before = [p.detach().clone() for p in policy.model.parameters()]
    with pytest.raises(RunError, match="'broken' returned a loss of nan"):
        learner.update(batch_of(policy, algorithm), algorithm)
    for old, new in zip(before, policy.model.parameters(), strict=True):
        assert torch.equal(old, new)


def test_learning_rate_schedules() -> None:
    optim = Optim(lr=2.0, warmup_updates=4)
    assert [learning_rate(optim, i, 12) for i in range(5)] == [0.5, 1.0, 1.5, 2.0, 2.0]
    linear = optim.model_copy(update={"schedule": "linear"})
    assert [learning_rate(linear, i, 12) for i in (4, 8, 12)] == [2.0, 1.0, 0.0]
    cosine = optim.model_copy(update={"schedule": "cosine"})
    assert math.isclose(learning_rate(cosine, 8, 12), 1.0)


def test_a_resumed_learner_moves_as_one_that_never_stopped(tiny_folder: Path) -> None:
    """Even where the next batch has no gradient at all and AdamW's momentum alone moves."""
    kind = get("grpo-token")
    algorithm = kind(kind.Settings(), PLAN)
    optim = Optim(lr=1e-2)
    first = load_policy(tiny_folder, "float32", "cpu")
    batch = batch_of(first, algorithm)
    flat = replace(batch, advantage=torch.zeros_like(batch.advantage))
    learner = Learner(first, None, optim, updates_planned=10, max_tokens=16)
    learner.update(batch, algorithm)
    state, weights = copy.deepcopy((learner.state_dict(), first.model.state_dict()))
    learner.update(flat, algorithm)

    second = load_policy(tiny_folder, "float32", "cpu")
    second.model.load_state_dict(weights)
    resumed = Learner(second, None, optim, updates_planned=10, max_tokens=16)
    resumed.load_state_dict(state)
    resumed.update(flat, algorithm)
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
        assert not torch.equal(value, weights[name])


def test_a_batch_of_empty_responses_keeps_one_column(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    batch = batch_of(policy, get("grpo-token")(get("grpo-token").Settings(), PLAN))
    batch.rollouts.mask[:] = False
    r = trim(batch).rollouts
    assert {x.shape[1] for x in (r.tokens, r.mask, r.logp, r.correction)} == {1}


def test_rows_of_a_group_stand_together_in_their_order(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    batch = batch_of(policy, get("grpo-token")(get("grpo-token").Settings(), PLAN))
    learner = Learner(policy, None, Optim(micro_batch_tokens=10**6), 4, 16)
    mixed = batch.rows(torch.tensor([0, 4, 8, 12] * 50))
    mixed.rollouts.serial = torch.arange(200)
    (micro,) = learner.micro_batches(mixed, every_row=True)
    order = [4 * i + group for group in range(4) for i in range(50)]
    assert micro.rollouts.serial.tolist() == order
