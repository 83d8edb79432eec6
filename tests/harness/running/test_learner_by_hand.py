"""One optimiser update against AdamW as its paper writes it, shares against separate learners."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm
from srpo_bench.algorithms.batch import Batch, Totals
from srpo_bench.algorithms.registry import get
from srpo_bench.harness.config import Optim
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.running.learner import Learner, Update, learning_rate
from tests.harness.pretended import CUDA, pretended_cuda
from tests.harness.running.test_learner import PLAN, batch_of


def algorithm_of(name: str) -> Algorithm[Any]:
    kind = get(name)
    return kind(kind.Settings(), PLAN)


def weights(policy: Policy) -> list[Tensor]:
    return [p.detach().clone() for p in policy.model.parameters()]


def gradient(policy: Policy, batch: Batch, name: str) -> list[Tensor]:
    """Of the loss of a whole batch, written down without the learner."""
    policy.model.zero_grad()
    totals = Totals(float(batch.weight.sum()), float(batch.weight @ lengths(batch)), 16)
    loss, _ = algorithm_of(name).loss(policy.logp(batch.rollouts), None, batch, totals)
    loss.backward()  # type: ignore[no-untyped-call]
    return [p.grad.clone() for p in policy.model.parameters()]


def lengths(batch: Batch) -> Tensor:
    return batch.rollouts.mask.sum(1).float()


def test_updates_are_adamw_on_clipped_gradients_at_the_schedules_rate(tiny_folder: Path) -> None:
    """Loshchilov and Hutter 2019, algorithm 2; every setting is one that matters here."""
    optim = Optim(
        lr=0.002,
        betas=(0.7, 0.8),
        eps=1e-4,
        weight_decay=0.3,
        max_grad_norm=0.05,
        schedule="linear",
        warmup_updates=2,
    )
    policy = load_policy(tiny_folder, "float32", "cpu")
    batch = batch_of(policy, algorithm_of("grpo-token"))
    learner = Learner(policy, None, optim, updates_planned=4, max_tokens=16)
    by_hand = load_policy(tiny_folder, "float32", "cpu")
    theta = weights(by_hand)
    m, v = ([torch.zeros_like(w) for w in theta] for _ in range(2))
    for t, rate in enumerate((0.001, 0.002, 0.002, 0.001), start=1):
        batch = replace(batch, advantage=-batch.advantage)  # so that what is remembered matters
        update = learner.update(batch, algorithm_of("grpo-token"))
        g = gradient(by_hand, batch, "grpo-token")
        norm = math.sqrt(sum(float(x.double().square().sum()) for x in g))
        assert norm > 0.06  # so it is clipped
        assert update.grad_norm == pytest.approx(norm, rel=1e-3)
        assert update.lr == pytest.approx(rate)
        g = [x * 0.05 / norm for x in g]
        m = [0.7 * a + 0.3 * x for a, x in zip(m, g, strict=True)]
        v = [0.8 * b + 0.2 * x * x for b, x in zip(v, g, strict=True)]
        theta = [
            w * (1 - rate * 0.3) - rate * (a / (1 - 0.7**t)) / ((b / (1 - 0.8**t)).sqrt() + 1e-4)
            for w, a, b in zip(theta, m, v, strict=True)
        ]
        for parameter, value in zip(by_hand.model.parameters(), theta, strict=True):
            parameter.data.copy_(value)
        for ours, theirs in zip(weights(policy), theta, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def halves(batch: Batch) -> list[Batch]:
    """Groups 0, 2 and groups 1, 3: of 4 responses each."""
    rows = [torch.tensor([*range(4 * i, 4 * i + 4), *range(4 * i + 8, 4 * i + 12)]) for i in (0, 1)]
    return [batch.rows(index) for index in rows]


def parts_by_hand(folder: Path, name: str, order: list[int]) -> tuple[list[Tensor], list[Update]]:
    """A learner of one update a step that is given the halves one by one."""
    policy = load_policy(folder, "float32", "cpu")
    algorithm = algorithm_of(name)
    parts = halves(batch_of(policy, algorithm))
    optim = Optim(lr=1e-2, schedule="linear")
    learner = Learner(policy, None, optim, updates_planned=8, max_tokens=16)
    return_ = [learner.update(parts[i], algorithm) for i in order]
    return weights(policy), return_


@pytest.mark.parametrize("name", ["grpo-token", "dr_grpo"])
@pytest.mark.parametrize("iterations", [1, 2])
def test_shares_and_iterations_are_separate_updates_one_after_another(
    tiny_folder: Path, name: str, iterations: int
) -> None:
    """Shares of whole groups with totals of their own; each iteration goes through them again."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    algorithm = algorithm_of(name)
    optim = Optim(lr=1e-2, schedule="linear", updates_per_step=2, num_iterations=iterations)
    learner = Learner(policy, None, optim, updates_planned=8, max_tokens=16)
    together = learner.update(batch_of(policy, algorithm), algorithm)
    expected, apart = parts_by_hand(tiny_folder, name, [0, 1] * iterations)
    for ours, theirs in zip(weights(policy), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
    n = 2 * iterations
    assert together.updates == learner.updates_done == optim.updates_a_step == n
    for field in ("loss", "grad_norm"):
        mean = sum(getattr(u, field) for u in apart) / n
        assert getattr(together, field) == pytest.approx(mean, rel=1e-4, abs=1e-7)
    assert together.lr == apart[-1].lr == pytest.approx(1e-2 * (1 - (n - 1) / 8))
    assert together.tokens_forward == sum(u.tokens_forward for u in apart)
    for key, value in together.metrics.items():
        mean = sum(u.metrics[key] for u in apart) / n
        assert value == pytest.approx(mean, rel=1e-3, abs=1e-6), key


def test_a_second_pass_is_off_policy(tiny_folder: Path) -> None:
    """The old log-probs stay those of the sampling policy, so the ratio leaves 1."""
    found = []
    for iterations in (1, 2):
        policy = load_policy(tiny_folder, "float32", "cpu")
        algorithm = algorithm_of("grpo-token")
        batch = batch_of(policy, algorithm)
        optim = Optim(lr=1e-2, num_iterations=iterations)
        learner = Learner(policy, None, optim, updates_planned=8, max_tokens=16)
        found.append(learner.update(batch, algorithm).metrics["ratio_deviation"])
    assert found[0] < 1e-5 < 1e-3 < found[1]


def test_a_resumed_learner_is_where_it_was_on_its_schedule(tiny_folder: Path) -> None:
    optim = Optim(lr=0.8, schedule="linear", updates_per_step=2)
    algorithm = algorithm_of("grpo-token")
    policy = load_policy(tiny_folder, "float32", "cpu")
    batch = replace(batch_of(policy, algorithm), advantage=torch.zeros(16))
    learner = Learner(policy, None, optim, updates_planned=8, max_tokens=16)
    assert learner.update(batch, algorithm).lr == pytest.approx(0.8 * (1 - 1 / 8))
    resumed = Learner(policy, None, optim, updates_planned=8, max_tokens=16)
    resumed.load_state_dict(learner.state_dict())
    assert resumed.updates_done == 2
    assert resumed.update(batch, algorithm).lr == pytest.approx(0.8 * (1 - 3 / 8))


def test_what_was_read_is_counted_token_by_token(tiny_folder: Path) -> None:
    """Rows with a gradient only, each group's prompt once; or all, where a KL term reads them."""
    policy, reference = (load_policy(tiny_folder, "float32", "cpu") for _ in range(2))
    prompts = [4, 1, 7, 5]  # letters of "2+2=", "a", "who is ", "12*12"
    for name, groups in (("grpo-token", [0, 3]), ("grpo", [0, 1, 2, 3])):
        algorithm = algorithm_of(name)
        worth = torch.tensor([1.0, 0.0, 0.0, -1.0]).repeat_interleave(4)
        batch = replace(batch_of(policy, algorithm), advantage=worth)
        batch.weight[0] = 0.0
        long = lengths(batch).view(4, 4)
        rows = int(long[groups].sum() - long[0, 0])
        optim = Optim(lr=1e-6, micro_batch_tokens=10**6)
        update = Learner(policy, reference, optim, 10, 16).update(batch, algorithm)
        assert update.tokens_forward == rows + sum(prompts[g] for g in groups)
        assert update.tokens_reference == (update.tokens_forward if name == "grpo" else 0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_ends_the_run_before_the_update(
    tiny_folder: Path, value: float
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    learner = Learner(policy, None, Optim(lr=1e-2), updates_planned=4, max_tokens=16)
    before = weights(policy)
    learner.parameters[1].grad.view(-1)[0] = value  # type: ignore[union-attr]
    with pytest.raises(RunError, match="Algorithm 'mine' gave a gradient of norm"):
        learner._step(1e-2, "mine")
    assert learner.updates_done == 0
    assert all(torch.equal(a, b) for a, b in zip(weights(policy), before, strict=True))


def test_weights_without_a_gradient_go_on_by_what_is_remembered(tiny_folder: Path) -> None:
    """AdamW skips a parameter whose gradient is None; one of zero decays and has its momentum."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    algorithm = algorithm_of("grpo-token")
    batch = batch_of(policy, algorithm)
    idle = replace(batch, advantage=torch.zeros(16))
    learner = Learner(policy, None, Optim(lr=1e-2, weight_decay=0.5), 4, 16)
    assert learner.optimizer.param_groups[0]["fused"] is True
    for part, norm in ((batch, None), (idle, 0.0)):
        before = weights(policy)
        update = learner.update(part, algorithm)
        assert norm is None or update.grad_norm == norm
        assert all(not torch.equal(a, b) for a, b in zip(weights(policy), before, strict=True))


def test_the_rate_falls_to_nothing_at_the_end() -> None:
    for schedule, rates in (
        ("constant", [0.25, 0.5, 0.5, 0.5]),
        ("linear", [0.25, 0.5, 0.5, 0.0]),
        ("cosine", [0.25, 0.5, 0.5, 0.0]),
    ):
        optim = Optim(lr=0.5, schedule=schedule, warmup_updates=2)  # type: ignore[arg-type]
        assert [learning_rate(optim, i, 3) for i in range(4)] == pytest.approx(rates)


def test_the_optimizer_has_every_setting() -> None:
    """On ``meta``, which is no CPU: one pass over the weights is left to torch there."""
    policy: Any = SimpleNamespace(
        model=torch.nn.Linear(2, 1, device="meta"), device=torch.device("meta")
    )
    optim = Optim(lr=0.25, betas=(0.5, 0.75), eps=0.125, weight_decay=0.375)
    learner = Learner(policy, None, optim, updates_planned=4, max_tokens=16)
    (group,) = learner.optimizer.param_groups
    assert {k: group[k] for k in ("lr", "betas", "eps", "weight_decay", "fused")} == {
        "lr": 0.25, "betas": (0.5, 0.75), "eps": 0.125, "weight_decay": 0.375, "fused": None,
    }  # fmt: skip
    assert all(p.grad is not None for p in learner.parameters)


def test_a_methods_own_weights_are_trained_where_the_policys_are(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = torch.nn.Parameter(torch.ones(3))
    with pretended_cuda(monkeypatch):
        policy = load_policy(tiny_folder, "float32", "auto")
        learner = Learner(policy, None, Optim(), 4, 16, own=[own])
        assert own.device == policy.device == CUDA
        assert learner.parameters[-1] is own
