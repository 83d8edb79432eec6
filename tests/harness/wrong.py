"""Algorithms and samplers that are wrong, each in its own way. ``sentence``: how its run must end.

A file of its own, so that it can be installed as somebody's package.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, ClassVar

import torch

from srpo_bench.algorithms.base import Settings
from srpo_bench.algorithms.batch import Batch
from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.shuffled import Shuffled


class Wrong(GRPO):
    sentence: ClassVar[str]

    def weigh(self, *arguments: Any) -> Any:
        return self.spoil(super().weigh(*arguments))

    def spoil(self, batch: Batch) -> Any:
        return batch


class Makes(Wrong):
    name = "makes"
    sentence = "raised KeyError in __init__: 'prompt 7'"

    def __init__(self, *arguments: Any) -> None:
        raise KeyError("prompt 7")


class Notes(Wrong):
    name = "notes"
    sentence = "raised ZeroDivisionError in notes: division by zero"
    notes = property(lambda self: 1 / 0)  # type: ignore[assignment]


class Weighs(Wrong):
    name = "weighs"
    sentence = "raised SystemExit in weigh: 3"

    def spoil(self, batch: Batch) -> Any:
        sys.exit(3)


class Silent(Wrong):
    name = "silent"
    sentence = "returned a NoneType from weigh, not a Batch."

    def spoil(self, batch: Batch) -> Any:
        return None


class Nan(Wrong):
    name = "nan"
    sentence = "returned advantage with values that are not finite."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, advantage=batch.advantage * torch.nan)


class Long(Wrong):
    name = "long"
    sentence = "returned advantage of shape (48,) where the rollouts need (24,)."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, advantage=batch.advantage.repeat(2))


class Matrix(Wrong):
    name = "matrix"
    sentence = "returned weight of shape (24, 1) where the rollouts need (24,)."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, weight=batch.weight[:, None])


class Listed(Wrong):
    name = "listed"
    sentence = "returned weight as a list, not as a tensor."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, weight=batch.weight.tolist())


class Unfair(Wrong):
    name = "unfair"
    sentence = "returned a negative weight."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, weight=-batch.weight)


class Gaps(Wrong):
    """Trains on some tokens of a response, and says so where it must not."""

    name = "gaps"
    sentence = (
        "returned a mask with gaps, and a response is read without any; where a token is not to "
        "count, make its correction 0."
    )

    def spoil(self, batch: Batch) -> Any:
        mask = batch.rollouts.mask.clone()
        mask[0, 0] = False
        return replace(batch, rollouts=replace(batch.rollouts, mask=mask))


class AsksGaps(Wrong):
    """Asks what the policy says of every other token."""

    name = "asks-gaps"
    sentence = "asked for log-probs of " + Gaps.sentence.removeprefix("returned ")

    def weigh(self, *arguments: Any) -> Any:
        rollouts, _, logp, _ = arguments
        logp(replace(rollouts, mask=rollouts.mask & (torch.arange(4) % 2 > 0)))
        return super().weigh(*arguments)


class Halved(Wrong):
    name = "halved"
    sentence = "returned advantage of shape (24,) where the rollouts need (12,)."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, rollouts=batch.rollouts.pick(torch.arange(12)))


class Torn(Wrong):
    name = "torn"
    sentence = "returned a batch without rollouts of shape (rows, tokens)."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, rollouts=replace(batch.rollouts, tokens=batch.rollouts.group))


class Grouped(Wrong):
    name = "grouped"
    sentence = "returned groups that are not among its 3 prompts."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, rollouts=replace(batch.rollouts, group=batch.rollouts.group + 9))


class Metric(Wrong):
    name = "metric"
    sentence = "returned the metric 'x' as a Tensor, not a finite number."

    def spoil(self, batch: Batch) -> Any:
        return replace(batch, metrics={"x": torch.ones(2)})


class Loses(Wrong):
    name = "loses"
    sentence = "raised IndexError in loss: list index out of range"

    def loss(self, *arguments: Any) -> Any:
        return [][1]


class NanLoss(Wrong):
    name = "nan-loss"
    sentence = "returned a loss of nan."

    def loss(self, *arguments: Any) -> Any:
        value, metrics = super().loss(*arguments)
        return value * torch.nan, metrics


class Vector(Wrong):
    name = "vector"
    sentence = "returned a loss of shape (3,), not a scalar."

    def loss(self, *arguments: Any) -> Any:
        value, metrics = super().loss(*arguments)
        return value.repeat(3), metrics


class Number(Wrong):
    name = "number"
    sentence = "returned a tuple from loss, not (tensor, metrics)."

    def loss(self, *arguments: Any) -> Any:
        value, metrics = super().loss(*arguments)
        return value.item(), metrics


class NanMetric(Wrong):
    name = "nan-metric"
    sentence = "returned the metric 'kl' as nan, not a finite number."

    def loss(self, *arguments: Any) -> Any:
        value, _ = super().loss(*arguments)
        return value, {"kl": float("nan")}


class Steep(Wrong):
    name = "steep"
    sentence = "gave a gradient of norm nan."

    def loss(self, logp: torch.Tensor, *rest: Any) -> Any:
        return (logp * 0).sqrt().sum(), {}  # finite, with a slope of 0 · ∞


class Saves(Wrong):
    name = "saves"
    sentence = "raised OSError in state_dict: no"

    def state_dict(self) -> Any:
        raise OSError("no")


class Keeps(Wrong):
    name = "keeps"
    sentence = "keeps a Wrong in its state; a state is made of plain values, lists, dicts, tensors."

    def state_dict(self) -> Any:
        return {"order": [{"of": Wrong.__new__(Wrong)}]}


class Forgets(Wrong):
    name = "forgets"
    sentence = "raised KeyError in load_state_dict: 'gone'"

    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise KeyError("gone")


KINDS = {kind.name: kind for kind in Wrong.__subclasses__()}


class WrongSampler(Shuffled[Settings]):
    sentence: ClassVar[str]


class Chooses(WrongSampler):
    name = "chooses"
    sentence = "raised ZeroDivisionError in choose: division by zero"

    def choose(self, *arguments: Any) -> Any:
        return 1 / 0


class Strangers(WrongSampler):
    name = "strangers"
    sentence = "chose 'zzz', which is no prompt of the pool."

    def choose(self, step: int, n: int, rng: torch.Generator) -> Any:
        return [Group("zzz", 8)] * n


class Names(WrongSampler):
    name = "names"
    sentence = "chose a str, not a Group."

    def choose(self, *arguments: Any) -> Any:
        return [group.prompt for group in super().choose(*arguments)]


class Sizes(WrongSampler):
    name = "sizes"
    sentence = "wants 0 responses of a prompt."

    def choose(self, *arguments: Any) -> Any:
        return [Group(group.prompt, 0) for group in super().choose(*arguments)]


class Fewer(WrongSampler):
    name = "fewer"
    sentence = "chose 1 prompts where 3 were asked for."

    def choose(self, step: int, n: int, rng: torch.Generator) -> Any:
        return super().choose(step, 1, rng)


class Extra(WrongSampler):
    name = "extra"
    sentence = "chose 4 prompts where 3 were asked for."

    def choose(self, step: int, n: int, rng: torch.Generator) -> Any:
        return super().choose(step, 4, rng)


class Zero(WrongSampler):
    name = "zero"
    sentence = "chose 0 prompts where 3 were asked for."

    def choose(self, *arguments: Any) -> Any:
        return []


class Nothing(WrongSampler):
    name = "nothing"
    sentence = "raised TypeError in choose: 'NoneType' object is not iterable"

    def choose(self, *arguments: Any) -> Any:
        return None


class Endless(WrongSampler):
    name = "endless"
    sentence = "asked for 3 more groups after 192 in one step; 64 batches of them are the limit."

    def observe(self, *arguments: Any) -> Any:
        return More(3)


class Negative(WrongSampler):
    name = "negative"
    sentence = "asked for 0 more groups."

    def observe(self, *arguments: Any) -> Any:
        return More(0)


class Blind(WrongSampler):
    name = "blind"
    sentence = "returned a NoneType from observe, not Kept or More."

    def observe(self, *arguments: Any) -> Any:
        return None


class Empty(WrongSampler):
    name = "empty"
    sentence = "kept no response."

    def observe(self, *arguments: Any) -> Any:
        return Kept(*arguments).pick(torch.arange(0))


class Uneven(WrongSampler):
    name = "uneven"
    sentence = "kept 12 responses with other numbers of grades."

    def observe(self, rollouts: Any, grades: Any) -> Any:
        return Kept(rollouts.pick(torch.arange(12)), grades)


class Invents(WrongSampler):
    name = "invents"
    sentence = "kept responses that it was not shown."

    def observe(self, rollouts: Any, grades: Any) -> Any:
        return Kept(replace(rollouts, serial=rollouts.serial + 1), grades)


class Epochs(WrongSampler):
    name = "epochs"
    sentence = "gives None as pool_size or epoch, not a whole number."
    epoch = None  # type: ignore[assignment]


class Tells(WrongSampler):
    name = "tells"
    sentence = "returned the metric 'x' as nan, not a finite number."

    def metrics(self) -> dict[str, float]:
        return {"x": float("nan")}


class Hoards(WrongSampler):
    name = "hoards"
    sentence = "keeps a Group in its state; a state is made of plain values, lists, dicts, tensors."

    def state_dict(self) -> Any:
        return {"last": Group("a", 1)}


class Loads(WrongSampler):
    name = "loads"
    sentence = "raised KeyError in load_state_dict: 'gone'"

    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise KeyError("gone")


SAMPLERS = {kind.name: kind for kind in WrongSampler.__subclasses__()}
