"""Methods that keep their promises pass; each fault of a plug-in is found and named."""

from __future__ import annotations

import random
import time
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Batch, Totals
from srpo_bench.algorithms.grpo_token import GRPOToken
from srpo_bench.algorithms.samplers.base import Group
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.harness.config import Arm
from srpo_bench.harness.running.promises import check

pytestmark = pytest.mark.integration


class Forgets(GRPOToken):
    """Its baseline is a running mean that no checkpoint holds."""

    mean = 0.0

    def weigh(self, *given: Any) -> Batch:
        batch = super().weigh(*given)
        self.mean = 0.5 * self.mean + 0.1 * float(batch.advantage.abs().mean()) + 0.05
        batch.advantage = batch.advantage - self.mean
        return batch


class ForgetsLater(GRPOToken):
    """Its warm-up lasts longer than any trial."""

    weighed = 0

    def weigh(self, *given: Any) -> Batch:
        batch = super().weigh(*given)
        self.weighed += 1
        self.largest = batch.advantage.max()  # set anew in every step: nothing is forgotten
        if self.weighed > 100:
            batch.advantage = batch.advantage / 2
        return batch


class DrawsAnywhere(GRPOToken):
    def weigh(self, *given: Any) -> Batch:
        batch = super().weigh(*given)
        batch.advantage = batch.advantage + 0.1 * torch.rand(len(batch))
        return batch


class DividesByItself(GRPOToken):
    """The line that everybody writes first."""

    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        mask = batch.rollouts.mask
        objective = (logp - batch.rollouts.logp).exp() * batch.advantage[:, None]
        return -(objective * mask).sum() / mask.sum(), {}


class FirstRowWins(GRPOToken):
    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        batch = batch.rows(torch.arange(len(batch)))
        batch.advantage[0] += 3.0
        return super().loss(logp, ref_logp, batch, totals)


class Imitates(GRPOToken):
    """A term that is not the advantage's: the likelihood of every response."""

    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        loss, metrics = super().loss(logp, ref_logp, batch, totals)
        return loss - (logp * batch.rollouts.mask).sum() / totals.tokens, metrics


class ImitatesAll(Imitates):
    reads_outputs = True


class Detached(GRPOToken):
    """Its loss is a number."""

    def loss(self, *given: Any) -> Any:
        value, metrics = super().loss(*given)
        return value.detach(), metrics


class ReadsTheClock(GRPOToken):
    def weigh(self, *given: Any) -> Batch:
        batch = super().weigh(*given)
        batch.advantage = batch.advantage * (1 + time.time() % 1)
        return batch


class RemembersInItsClass(GRPOToken):
    seen: ClassVar[set[str]] = set()

    def weigh(self, *given: Any) -> Batch:
        batch = super().weigh(*given)
        batch.advantage = batch.advantage * (2.0 if self.seen & {*batch.rollouts.prompts} else 1.0)
        self.seen.update(batch.rollouts.prompts)
        return batch


class TakesThreads(GRPOToken):
    def weigh(self, *given: Any) -> Batch:
        torch.set_num_threads(torch.get_num_threads() + 1)
        return super().weigh(*given)


class TakesDoubles(GRPOToken):
    def weigh(self, *given: Any) -> Batch:
        torch.set_default_dtype(torch.float64)
        return super().weigh(*given)


class Raises(GRPOToken):
    def weigh(self, *given: Any) -> Batch:
        raise ZeroDivisionError("oh")


class ForgetsItsPlace(Shuffled):
    """A sampler that counts, and does not save its count."""

    asked = 0

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        self.asked += 1
        prompts = [p.id for p in self.info.pool]
        return self.groups(prompts[(self.asked + i) % len(prompts)] for i in range(n))


class RollsDice(Shuffled):
    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        random.random()
        return super().choose(step, n, rng)


def faults(
    monkeypatch: pytest.MonkeyPatch, kind: Any = None, sampler: Any = None
) -> dict[str, str]:
    """Promise -> fault, of grpo-token with another algorithm or sampler in its place."""
    if kind:
        monkeypatch.setattr("srpo_bench.harness.running.methods.get", lambda name: kind)
    if sampler:
        chosen = lambda algorithm, name: (sampler, {})  # noqa: E731
        monkeypatch.setattr("srpo_bench.harness.running.methods.sampler_of", chosen)
    before = (torch.get_default_dtype(), torch.get_num_threads())
    found = {p.name: p.fault for p in check(Arm(name="x", algorithm="grpo-token")) if p.fault}
    assert (torch.get_default_dtype(), torch.get_num_threads()) == before
    return found


@pytest.mark.parametrize("name", ["grpo", "srpo"])
def test_methods_of_ours_keep_every_promise(name: str) -> None:
    settings = {"beta": 0.04} if name == "grpo" else {}
    promises = check(Arm(name=name, algorithm=name, settings=settings))
    assert [p.fault for p in promises] == [""] * 9


@pytest.mark.parametrize(
    ("kind", "promise", "words"),
    [
        (Forgets, "a resumed run goes on to the same bits", "belongs in state_dict"),
        (
            ForgetsLater,
            "a resumed run goes on to the same bits",
            "ForgetsLater.weighed is 1 instead of 5 after a stop",
        ),
        (DrawsAnywhere, "draws come from the generator that is given", "weigh draws from a global"),
        (DividesByItself, "the loss adds up over micro-batches", "divide by the totals"),
        (FirstRowWins, "the order of a batch's rows does not matter", "neighbours"),
        (Imitates, "responses of advantage 0 add nothing to the loss", "unless the method says"),
        (Raises, "it runs", "raised ZeroDivisionError in weigh: oh"),
        (TakesDoubles, "it runs", "Error: "),
        (Detached, "it learns", "its loss has no gradient in any of 5 steps"),
        (ReadsTheClock, "the same seed gives the same bits", "reads a clock"),
        (RemembersInItsClass, "the same seed gives the same bits", "outside of its instance"),
        (TakesThreads, "the process's switches are left as they are", "weigh sets threads"),
    ],
)
def test_a_fault_is_found_and_named(
    kind: Any, promise: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words in faults(monkeypatch, kind)[promise]


def test_a_method_that_says_so_sees_every_response(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, ImitatesAll) == {}


@pytest.mark.parametrize(
    ("sampler", "promise", "words"),
    [
        (ForgetsItsPlace, "a resumed run goes on to the same bits", "after a stop"),
        (RollsDice, "draws come from the generator that is given", "choose draws from a global"),
    ],
)
def test_samplers_are_tried_too(
    sampler: Any, promise: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words in faults(monkeypatch, sampler=sampler)[promise]
