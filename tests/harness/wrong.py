"""Methods that are wrong, each in its own way. ``sentence``: what its run must end with.

A file of its own, so that it can be installed as somebody's package.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, ClassVar

import torch

from srpo_bench.algorithms.batch import Batch, More
from srpo_bench.algorithms.grpo import GRPO


class Wrong(GRPO):
    sentence: ClassVar[str]

    def weigh(self, *arguments: Any) -> Any:
        batch = super().weigh(*arguments)
        assert isinstance(batch, Batch)
        return self.spoil(batch)

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


class Chooses(Wrong):
    name = "chooses"
    sentence = "raised ZeroDivisionError in choose: division by zero"

    def choose(self, n: int, rng: torch.Generator) -> Any:
        return 1 / 0


class Strangers(Wrong):
    name = "strangers"
    sentence = "chose 'zzz', which is no prompt of the pool."

    def choose(self, n: int, rng: torch.Generator) -> Any:
        return ["zzz"] * n


class Fewer(Wrong):
    name = "fewer"
    sentence = "chose 1 prompts where 3 were asked for."

    def choose(self, n: int, rng: torch.Generator) -> Any:
        return super().choose(1, rng)


class Extra(Wrong):
    name = "extra"
    sentence = "chose 4 prompts where 3 were asked for."

    def choose(self, n: int, rng: torch.Generator) -> Any:
        return super().choose(4, rng)


class Zero(Wrong):
    name = "zero"
    sentence = "chose 0 prompts where 3 were asked for."

    def choose(self, n: int, rng: torch.Generator) -> Any:
        return []


class Nothing(Wrong):
    name = "nothing"
    sentence = "raised TypeError in choose: 'NoneType' object is not iterable"

    def choose(self, n: int, rng: torch.Generator) -> Any:
        return None


class Weighs(Wrong):
    name = "weighs"
    sentence = "raised SystemExit in weigh: 3"

    def spoil(self, batch: Batch) -> Any:
        sys.exit(3)


class Silent(Wrong):
    name = "silent"
    sentence = "returned a NoneType from weigh, not a Batch or More."

    def spoil(self, batch: Batch) -> Any:
        return None


class Endless(Wrong):
    name = "endless"
    sentence = "asked for 3 more prompts after 192 in one step; 64 batches of them are the limit."

    def spoil(self, batch: Batch) -> Any:
        return More(3)


class Negative(Wrong):
    name = "negative"
    sentence = "asked for 0 more prompts."

    def spoil(self, batch: Batch) -> Any:
        return More(0)


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


class Epochs(Wrong):
    name = "epochs"
    sentence = "gives None as pool_size or epoch, not a whole number."
    epoch = None  # type: ignore[assignment]


class Forgets(Wrong):
    name = "forgets"
    sentence = "raised KeyError in load_state_dict: 'gone'"

    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise KeyError("gone")


KINDS = {kind.name: kind for kind in Wrong.__subclasses__()}
