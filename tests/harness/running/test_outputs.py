"""Token entropies and hidden states for a loss that asks; weights of its own that are trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Batch, Totals
from srpo_bench.algorithms.grpo_token import GRPOToken, GRPOTokenSettings
from srpo_bench.harness.config import Optim
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.reading import respond
from srpo_bench.harness.running.learner import Learner
from tests.harness.running.test_learner import PLAN, batch_of

INFO = RunInfo(**{**vars(PLAN), "hidden_size": 32})


class Critic(GRPOToken):
    """An entropy bonus, and a value head that learns the advantage."""

    reads_outputs = True

    def __init__(self, settings: GRPOTokenSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self.value = torch.nn.Linear(info.hidden_size, 1)
        torch.nn.init.zeros_(self.value.weight)
        self.seen: list[float] = []

    def parameters(self) -> list[torch.nn.Parameter]:
        return list(self.value.parameters())

    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        loss, metrics = super().loss(logp, ref_logp, batch, totals)
        assert batch.outputs is not None
        entropy, hidden = batch.outputs.entropy, batch.outputs.hidden
        value = self.value(hidden).squeeze(-1)
        mask = batch.rollouts.mask
        error = ((value - batch.advantage[:, None]) ** 2 * mask).sum() / totals.tokens
        self.seen.append(float(entropy.detach().sum()))
        return loss + error - 0.01 * entropy.sum() / totals.tokens, metrics


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_entropies_and_states_are_those_of_the_model(tiny_folder: Path, temperature: float) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu", temperature)
    rollouts = batch_of(policy, GRPOToken(GRPOTokenSettings(), PLAN)).rollouts
    logp, outputs = policy.outputs(rollouts)
    torch.testing.assert_close(logp, policy.logp(rollouts))
    logits = respond(policy.model, policy.model, rollouts, policy.layout, policy.device)
    by_hand = torch.distributions.Categorical(logits=logits / temperature).entropy()
    torch.testing.assert_close(outputs.entropy, by_hand * rollouts.mask)
    again = policy.model.get_output_embeddings()(outputs.hidden) * rollouts.mask[..., None]
    torch.testing.assert_close(again, logits * rollouts.mask[..., None])
    assert (outputs.hidden[~rollouts.mask] == 0).all()


def test_weights_of_an_algorithms_own_are_trained_beside_the_policys(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    critic = Critic(GRPOTokenSettings(), INFO)
    batch = batch_of(policy, critic)
    optim = Optim(lr=1e-2, micro_batch_tokens=1)
    learner = Learner(policy, None, optim, 10, max_tokens=16, own=critic.parameters())
    learner.update(batch, critic)
    assert len(critic.seen) > 1  # several micro-batches, each with its own outputs
    assert critic.value.weight.abs().max() > 0
    state: dict[str, Any] = learner.state_dict()["optimizer"]
    assert len(state["state"]) == len(list(policy.model.parameters())) + 2


def test_an_entropy_bonus_and_a_value_head_see_responses_without_advantage(
    tiny_folder: Path,
) -> None:
    """A plain clipped loss adds nothing for them, and they are left out of its forward pass."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    read: dict[type, set[int]] = {}
    for kind in (Critic, GRPOToken):

        class Watched(kind):  # type: ignore[valid-type, misc]
            shown: set[int] = read.setdefault(kind, set())

            def loss(self, *given: Any) -> tuple[Tensor, dict[str, float]]:
                self.shown.update(given[2].rollouts.serial.tolist())
                return super().loss(*given)

        algorithm = Watched(GRPOTokenSettings(), INFO)
        batch = batch_of(policy, algorithm)
        rows = torch.arange(len(batch))
        batch.rollouts.serial, batch.advantage = rows, (rows % 2).float()
        batch.weight[3] = 0.0
        own = algorithm.parameters()
        Learner(policy, None, Optim(lr=1e-9), 10, 16, own).update(batch, algorithm)
    assert read[Critic] == set(range(len(batch))) - {3}
    assert read[GRPOToken] == set(range(1, len(batch), 2)) - {3}


def test_who_does_not_ask_gets_none(tiny_folder: Path) -> None:
    class Looks(GRPOToken):
        def loss(self, *given: Any) -> tuple[Tensor, dict[str, float]]:
            assert given[2].outputs is None
            return super().loss(*given)

    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.outputs = None  # type: ignore[method-assign, assignment]  # nobody may call it
    plain = Looks(GRPOTokenSettings(), PLAN)
    Learner(policy, None, Optim(), 10, max_tokens=16).update(batch_of(policy, plain), plain)
