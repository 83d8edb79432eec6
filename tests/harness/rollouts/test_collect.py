"""What a response is cut at depends on how it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import AddedToken

from srpo_bench.harness.config import Data, Reward
from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.rollouts import aside
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Grade, Outcome, Problem


class Scripted:
    """An engine that says what it is told to, and remembers the stops it was given."""

    def __init__(self, tokens: list[list[int]]) -> None:
        self.tokens, self.stops = tokens, [("",)]

    def generate(self, prompts, n, sampling, generator, stops=(), ended=None) -> Completions:  # type: ignore[no-untyped-def]
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
    assert policy.chat == (style == "chat")  # so that the end of a turn ends a response


def test_the_token_that_ends_a_response_is_no_part_of_its_text(tiny_folder: Path) -> None:
    """Whether the tokenizer calls it special or not; within a text such a token is text."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.tokenizer.add_tokens([AddedToken("<end>", special=False)])
    end = policy.tokenizer.convert_tokens_to_ids("<end>")
    policy.model.generation_config.eos_token_id = [1, end]
    nine = policy.encode("9")
    engine = Scripted([[*nine, end], [*nine, 1], nine, [end, *nine, end], [end]])
    task = registry.get("micro-math")
    collector = Collector(policy, engine, {"micro-math": task}, Data())  # type: ignore[arg-type]
    made = collector.generate(task.load("dev")[:1], 5, Sampling(1.0, 1.0, 4), torch.Generator())
    assert made.texts == ["9", "9", "9", "<end>9", ""]


def test_an_engine_that_says_nothing_before_the_end_is_counted_then(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    engine, counted = Scripted([policy.encode("a"), policy.encode("b")]), []
    tasks = {"micro-math": registry.get("micro-math")}
    collector = Collector(policy, engine, tasks, Data(), count=counted.append)  # type: ignore[arg-type]
    problems = tasks["micro-math"].load("dev")[:2]
    collector.generate(problems, 1, Sampling(1.0, 1.0, 4), torch.Generator())
    assert counted == [2]


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


def test_what_is_graded_aside_is_begun_while_the_rest_is_sampled(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "LOT", 2)
    policy = load_policy(tiny_folder, "float32", "cpu")
    tasks = {name: registry.get(name) for name in ("micro-gsm8k", "micro-humaneval")}
    texts: list[str] = []
    begun_first: list[int] = []

    def grade(problems: list[Problem], responses: list[str]) -> list[Grade]:
        texts.extend(responses)
        pairs = zip(problems, responses, strict=True)
        return [Grade(Outcome.CORRECT, answer=f"{p.id}: {text}") for p, text in pairs]

    class Watched(TorchEngine):
        def generate(self, *words: Any) -> Completions:
            found = super().generate(*words)
            aside.aside(lambda: None).result()
            begun_first.append(len(texts))
            return found

    monkeypatch.setattr(tasks["micro-humaneval"], "grade", grade)
    collector = Collector(policy, Watched(policy, 64), tasks, Data())
    mixed = [task.load("dev")[i] for i in (0, 1, 2) for task in tasks.values()]
    generator = torch.Generator().manual_seed(0)
    lot = collector.grade(collector.generate(mixed, 4, Sampling(1.0, 1.0, 20), generator))
    (early,) = begun_first
    assert early == len(texts) == 12
    programs = [row for row in range(24) if lot.problem(row).task == "micro-humaneval"]
    assert sorted(texts) == sorted(lot.texts[row] for row in programs)
    for row in programs:
        assert lot.grades[row].answer == f"{lot.problem(row).id}: {lot.texts[row]}"
    assert {lot.grades[row].outcome for row in range(24) if row not in programs} <= {
        Outcome.WRONG,
        Outcome.UNPARSEABLE,
    }


def lot(name: str, texts: list[str], ours: bool = False) -> GradedCompletions:
    """Responses of one problem, of as many tokens as they have letters."""
    lengths = torch.tensor([len(text) for text in texts])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    responses = Completions(mask.long(), mask, -1.0 * mask, lengths > 2)
    grades = [Grade(Outcome.CORRECT, fields={text: 0.5}, answer=text) for text in texts]
    problem = Problem(name, "t", "math", "", "")
    group, learner = torch.zeros(len(texts)).long(), -2.0 * mask if ours else None
    return GradedCompletions([problem], [[7]], group, responses, texts, grades, learner)


def test_lots_are_joined_response_by_response() -> None:
    one, two, three = lot("p", ["a", "bb"], True), lot("q", ["ccc"], True), lot("p", ["d"], True)
    assert GradedCompletions.join([one]) is one
    for merge, names, group in ((False, ["p", "q", "p"], [0, 0, 1, 2]),
                                (True, ["p", "q"], [0, 0, 1, 0])):  # fmt: skip
        whole = GradedCompletions.join([one, two, three], merge)
        assert [problem.id for problem in whole.problems] == names
        assert whole.group.tolist() == group
        assert whole.texts == ["a", "bb", "ccc", "d"]
        assert [grade.answer for grade in whole.grades] == whole.texts
        assert whole.responses.mask.sum(1).tolist() == [1, 2, 3, 1]
        assert whole.responses.truncated.tolist() == [False, False, True, False]
        assert whole.learner_logp is not None
        assert whole.learner_logp.tolist() == (-2.0 * whole.responses.mask).tolist()
        assert whole.responses.logp.tolist() == (-1.0 * whole.responses.mask).tolist()
    assert GradedCompletions.join([lot("p", ["a"]), lot("q", ["b"])]).learner_logp is None


def test_a_field_that_a_grade_does_not_carry_is_nothing() -> None:
    grades = lot("p", ["a", "bb"]).rewards(Reward())
    assert {name: found.tolist() for name, found in grades.fields.items()} == {
        "a": [0.5, 0.0], "bb": [0.0, 0.5],
    }  # fmt: skip
    assert (grades.texts, grades.answers) == (["a", "bb"], ["a", "bb"])
    assert grades.accuracy.tolist() == grades.reward.tolist() == [1.0, 1.0]
