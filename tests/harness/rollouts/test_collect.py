"""What a response is cut at depends on how it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from srpo_bench.harness.config import Data
from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.rollouts.collect import Collector
from srpo_bench.tasks import registry


class Scripted:
    """An engine that says what it is told to, and remembers the stops it was given."""

    def __init__(self, tokens: list[list[int]]) -> None:
        self.tokens, self.stops = tokens, [("",)]

    def generate(self, prompts, n, sampling, generator, stops=()) -> Completions:  # type: ignore[no-untyped-def]
        self.stops = list(stops)
        width = max(map(len, self.tokens))
        tokens = torch.tensor([row + [0] * (width - len(row)) for row in self.tokens])
        mask = torch.arange(width) < torch.tensor([len(row) for row in self.tokens])[:, None]
        return Completions(tokens, mask, torch.zeros(tokens.shape), torch.zeros(len(tokens)).bool())

    def sync(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize(("style", "kept"), [("base", "a b"), ("chat", "a b\ndef x")])
def test_stop_strings_belong_to_base_style_prompts(
    tiny_folder: Path, style: str, kept: str
) -> None:
    """A chat answer defines the whole function: cutting it at a ``def`` would leave nothing."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    task = registry.get("humaneval")
    engine = Scripted([policy.encode("a b\ndef x")])
    collector = Collector(policy, engine, {"humaneval": task}, Data(style=style))  # type: ignore[arg-type]
    problem = task.load("test")[0]
    if style == "chat":  # the tiny tokenizer has no template
        collector.prompts._kept[problem.task, problem.id] = [3, 4]
    completions = collector.generate([problem], 1, Sampling(1.0, 1.0, 16), torch.Generator())
    assert completions.texts == [kept]
    assert engine.stops == [task.stops(collector.prompts.style)]


def test_grades_come_back_in_the_order_of_the_responses(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    tasks = {name: registry.get(name) for name in ("micro-gsm8k", "micro-math")}
    collector = Collector(policy, TorchEngine(policy, 8), tasks, Data())
    mixed = [tasks[n].load("dev")[i] for i in (0, 1) for n in ("micro-math", "micro-gsm8k")]
    completions = collector.generate(
        mixed, 1, Sampling(1.0, 1.0, 4), torch.Generator().manual_seed(0)
    )
    completions.texts = [
        mixed[0].meta["solution"], "#### 1000000", "nothing", mixed[3].meta["solution"]
    ]  # fmt: skip
    collector.grade(completions)
    assert [g.outcome.value for g in completions.grades] == [
        "correct",
        "wrong",
        "unparseable",
        "correct",
    ]
