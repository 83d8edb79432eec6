"""Which solutions become lessons, and of what, without a model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.growing import lessons as module
from srpo_bench.harness.growing.lessons import Lesson, record
from srpo_bench.harness.growing.recipe import Recipe
from srpo_bench.harness.streams import stream
from srpo_bench.tasks.base import Problem


def problem(name: str, task: str = "t") -> Problem:
    return Problem(name, task, "math", name, "")


def writer(context: float = 5) -> Any:
    """Letters are tokens; a solution is the problem's name twice; 0 ends it."""
    made = object.__new__(module._Writer)
    made.context, made.end = context, 0
    made.tokenizer = lambda text, add_special_tokens: {
        "input_ids": [1] * add_special_tokens + list(text)
    }
    solution = lambda problem, style: f"{style}{problem.id * 2}"  # noqa: E731
    made.tasks = {"t": SimpleNamespace(solution=solution)}
    made.prompts = SimpleNamespace(style="", encode=lambda problem: [9] * len(problem.id))
    return made


def test_a_lesson_ends_and_fits_the_context_to_the_last_token() -> None:
    """A name of n letters is a prompt of n, a response of 2 n + 1."""
    left_out = {"c": "before"}
    found = writer(7).fitting([problem(n) for n in ("a", "bb", "ccc", "c")], left_out)
    assert [(x.problem.id, x.prompt, x.response) for x in found] == [
        ("a", [9], ["a", "a", 0]), ("bb", [9, 9], ["b", "b", "b", "b", 0]),
    ]  # fmt: skip
    assert left_out == {"c": "before", "ccc": "longer than the model's context of 7"}


@pytest.mark.parametrize(("known", "context"), [(64, 64), (None, float("inf"))])
def test_a_context_that_nothing_says_has_no_end(
    known: int | None, context: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, answer in (("open_tokenizer", None), ("Prompts", None), ("model_class", ("config",)),
                         ("context_of", known)):  # fmt: skip
        monkeypatch.setattr(module, name, lambda *_, answer=answer, **__: answer)
    monkeypatch.setattr(module._Writer, "_end", lambda *_: 3)
    made = module._Writer({}, Recipe(model="m", tasks=("t",)), Path("base"))
    assert (made.context, made.end) == (context, 3)


@pytest.mark.parametrize(
    ("style", "turn", "ends", "end"),
    [
        ("chat", 7, [1], 7),
        ("chat", None, [1, 2], 2),
        ("base", 7, [1, 2], 2),
        ("base", 7, [4, 5], 4),
    ],
)
def test_what_ends_a_lesson(
    style: str, turn: int | None, ends: list[int], end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def end_tokens(generation: Any, tokenizer: Any, chat: bool) -> list[int]:
        asked.append(chat)
        return ends

    monkeypatch.setattr(module, "turn_end", lambda _: turn)
    monkeypatch.setattr(module, "open_generation", lambda _: None)
    monkeypatch.setattr(module, "end_tokens", end_tokens)
    made = writer()
    made.tokenizer, made.prompts.style = SimpleNamespace(eos_token_id=2), style
    assert made._end(Path("base")) == end
    assert not any(asked)
    ends.clear()
    if end != 7:
        with pytest.raises(UserError, match="has no end token"):
            made._end(Path("base"))


def test_lessons_are_groups_of_one_response() -> None:
    made = record([Lesson(problem("a"), [9], [1, 2, 3]), Lesson(problem("b"), [8, 8], [4])])
    assert made.tokens.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert made.mask.tolist() == [[True] * 3, [True, False, False]]
    assert (made.tokens.dtype, made.mask.dtype, made.truncated.dtype) == (
        torch.long, torch.bool, torch.bool,
    )  # fmt: skip
    assert (made.prompts, made.prompt_tokens, made.group.tolist()) == (
        ["a", "b"],
        [[9], [8, 8]],
        [0, 1],
    )
    assert not made.logp.any()
    assert not made.truncated.any()


def test_what_is_shown_is_drawn_by_the_seed_and_what_is_scored_never_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten of a source with a dev split of three, of which two are measured; p3 is held out."""
    scored_on: list[list[str]] = []
    splits = {"train": [problem(f"p{i}") for i in range(10)],
              "dev": [problem(f"d{i}") for i in range(3)]}  # fmt: skip
    tasks = {"t": SimpleNamespace(procedural=False), "drawn": SimpleNamespace(procedural=True)}

    def shared(train: list[Problem], scored: list[Problem], by_name: Any) -> dict[str, str]:
        assert by_name is tasks
        scored_on.append([p.id for p in scored])
        return {"p3": "it is scored"}

    def fitting(problems: list[Problem], left_out: dict[str, str]) -> list[Lesson]:
        return [Lesson(p, [], []) for p in problems]

    monkeypatch.setattr(module, "tasks_of", lambda _: tasks)
    monkeypatch.setattr(module, "_load", lambda recipe, task, split: splits[split])
    monkeypatch.setattr(module, "_held_out", lambda *_: [problem("h"), problem("x", "drawn")])
    monkeypatch.setattr(module, "shared", shared)
    monkeypatch.setattr(module, "_Writer", lambda *_: SimpleNamespace(fitting=fitting))
    recipe = Recipe(model="m", tasks=("t",), held_out=("t",), checked=2, seed=5, examples=4)
    found = module.lessons(recipe, Path("base"))
    order = torch.randperm(10, generator=stream(5, "pool")).tolist()
    assert [x.problem.id for x in found.shown] == [f"p{i}" for i in order if i != 3][:4]
    assert [x.problem.id for x in found.unseen] == ["d0", "d1"]
    assert found.left_out == {"p3": "it is scored"}
    assert scored_on == [["d0", "d1", "d2", "h", "x"]]


def test_what_is_measured_is_of_all_tasks_alike() -> None:
    """Of the first sixty-four of two tasks' dev splits none would be of the second's."""
    one, two = ([problem(f"{name}{i}") for i in range(n)] for name, n in (("a", 2), ("b", 4)))
    assert [p.id for p in module._in_turn([one, two])] == ["a0", "b0", "a1", "b1", "b2", "b3"]
    assert module._in_turn([one]) == one


def test_as_many_as_are_wanted_or_all_there_are() -> None:
    def enough(examples: int | None, there: int) -> int:
        wanted: Any = SimpleNamespace(examples=examples)
        return module._enough(wanted, there)

    assert [enough(None, 3), enough(3, 3), enough(1, 3), enough(None, 1)] == [3, 3, 1, 1]
    for examples, there in ((4, 3), (None, 0)):
        with pytest.raises(UserError, match=f"more than the {there} solutions there are"):
            enough(examples, there)


def test_a_twentieth_of_the_updates_is_warm_up() -> None:
    recipe = Recipe(model="m", tasks=("t",), lr=0.5)
    assert [recipe.optim(n).warmup_updates for n in (19, 20, 39, 40, 41)] == [0, 1, 1, 2, 2]
    assert (recipe.optim(40).lr, recipe.optim(40).schedule) == (0.5, "linear")
