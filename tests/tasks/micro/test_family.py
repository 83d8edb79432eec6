"""The three families: splits, prompts, and grades of both ways to answer."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from typing import Any

import pytest

from srpo_bench.tasks.base import Outcome, Problem, Split
from srpo_bench.tasks.micro.corpus import FAMILIES, examples
from srpo_bench.tasks.micro.family import SIZES, MicroTask, bucket
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k
from srpo_bench.tasks.micro.humaneval import INPUTS, MicroHumanEval, program
from srpo_bench.tasks.micro.math import MicroMath, MicroMathEasy

SPLITS: tuple[Split, ...] = ("train", "dev", "test")
MATH = [MicroGsm8k(), MicroMath()]
GOLDEN = {
    "micro-gsm8k": "5f0cf3cab6fe6fab",
    "micro-math": "ed47b14b80bae8b6",
    "micro-humaneval": "ad43d4c0a2bfb07f",
}

each_family = pytest.mark.parametrize("task", FAMILIES, ids=lambda task: task.name)
each_math_family = pytest.mark.parametrize("task", MATH, ids=lambda task: task.name)


@each_family
def test_splits_are_balanced_in_every_prefix(task: MicroTask) -> None:
    for split in SPLITS:
        problems = task.load(split)
        assert len(problems) == SIZES[split]
        for size in (4, 100, len(problems)):
            counts = Counter(p.level for p in problems[:size])
            assert counts == {str(level): size // 4 for level in (1, 2, 3, 4)}


@each_family
def test_splits_and_corpus_are_disjoint(task: MicroTask) -> None:
    questions = [p.question for split in SPLITS for p in task.load(split)]
    ids = [p.id for split in SPLITS for p in task.load(split)]
    assert len(set(ids)) == len(ids)
    seen_in_pretraining = {e.prompt for e, _ in zip(examples(0), range(3000), strict=False)}
    assert not seen_in_pretraining & set(questions)


@each_family
def test_splits_are_the_same_everywhere(task: MicroTask) -> None:
    """A changed digest means changed problems: old comparisons no longer match new ones."""
    text = "\n".join(f"{p.id} {p.question} {p.answer}" for s in SPLITS for p in task.load(s))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == GOLDEN[task.name]


def test_tasks_that_draw_the_same_problems_are_alike() -> None:
    other: Any = MicroMath()
    other.levels = (1,)
    assert MicroMath() == MicroMath()
    assert MicroMath() != other
    assert MicroMath() != MicroGsm8k()


def test_the_easy_family_has_the_beginning_of_the_careful_way_in_its_question() -> None:
    whole, begun = (task.draw(random.Random(4), 2) for task in (MicroMath(), MicroMathEasy()))
    assert begun.question + begun.careful == whole.question + whole.careful
    assert begun.question != whole.question


def test_surface_changes_do_not_leave_the_bucket() -> None:
    """The same sum about other people and things belongs to the same split."""
    rng, task = random.Random(0), MicroGsm8k()
    by_content: dict[str, set[str]] = {}
    for _ in range(3000):
        item = task.draw(rng, 1)
        by_content.setdefault(item.content, set()).add(item.question)
    repeated = {content for content, questions in by_content.items() if len(questions) > 1}
    assert repeated
    train = {p.id.split("/", 1)[1] for p in task.load("train")}
    assert {bucket(task.name, content) for content in repeated & train} == {"train"}


@each_math_family
def test_careful_is_right_quick_is_right_guess_is_wrong(task: MicroTask) -> None:
    rng = random.Random(5)
    for level in (1, 2, 3, 4) * 25:
        item = task.draw(rng, level)
        problem = _problem(task, item)
        grades = task.grade([problem] * 3, [item.careful, item.quick, item.guess])
        assert [g.outcome for g in grades] == [Outcome.CORRECT, Outcome.CORRECT, Outcome.WRONG]
        assert [g.format for g in grades] == [1.0, 1.0, 1.0]
        assert grades[0].answer == item.answer


def test_code_ways_grade_in_the_sandbox() -> None:
    task, rng = MicroHumanEval(), random.Random(6)
    items = [task.draw(rng, level) for level in (1, 2, 3, 4)]
    problems = [_problem(task, item) for item in items]
    for way, outcome in (
        ("careful", Outcome.CORRECT),
        ("quick", Outcome.CORRECT),
        ("guess", Outcome.WRONG),
    ):
        grades = task.grade(problems, [getattr(item, way) for item in items])
        assert [(g.outcome, g.format) for g in grades] == [(outcome, 1.0)] * 4
    broken = task.grade(problems[:1], ["    return (n +"])[0]
    assert (broken.outcome, broken.format) == (Outcome.UNPARSEABLE, 0.0)


def test_hidden_tests_tell_each_output_from_its_neighbour() -> None:
    """The tests' source is ours, so running it here is safe."""
    rng, task = random.Random(9), MicroHumanEval()
    for level in (1, 2, 3, 4) * 10:
        item = task.draw(rng, level)
        space: dict[str, Any] = {}
        exec(item.question + item.careful + "\n" + item.answer, space)  # noqa: S102
        right = {n: space[item.meta["entry_point"]](n) for n in INPUTS}
        space["check"](right.__getitem__)
        for n in INPUTS:
            off_by_one = right | {n: right[n] + 1}
            with pytest.raises(AssertionError):
                space["check"](off_by_one.__getitem__)


def test_a_docstring_says_what_the_careful_body_does() -> None:
    item = next(
        p for p in MicroHumanEval().load("train") if p.level == "2" and "double" in p.question
    )
    assert len(item.meta["solution"].splitlines()) == 4
    assert "    n *= 2\n" in item.meta["solution"]


@pytest.mark.parametrize(
    ("response", "outcome", "answer"),
    [
        ("#### 12", Outcome.CORRECT, "12"),
        ("#### 11\n#### 12", Outcome.CORRECT, "12"),
        ("#### 12\n#### 11", Outcome.WRONG, "11"),
        ("12", Outcome.UNPARSEABLE, None),
        ("", Outcome.UNPARSEABLE, None),
        ("#### 12 apples", Outcome.UNPARSEABLE, None),
        ("####" * 5000, Outcome.UNPARSEABLE, None),
        ("#### " + "1" * 5000, Outcome.UNPARSEABLE, None),
    ],
)
def test_word_problems_take_the_last_marked_line(
    response: str, outcome: Outcome, answer: str | None
) -> None:
    problem = Problem("x", "micro-gsm8k", "math", "", "12")
    [grade] = MicroGsm8k().grade([problem], [response])
    assert (grade.outcome, grade.answer) == (outcome, answer)
    assert grade.format == float(answer is not None)


@pytest.mark.parametrize(
    ("response", "outcome", "answer"),
    [
        (r"\boxed{7}", Outcome.CORRECT, "7"),
        (r"\boxed{8} no, \boxed{7}", Outcome.CORRECT, "7"),
        (r"\boxed{7} no, \boxed{8}", Outcome.WRONG, "8"),
        (r"\boxed{}", Outcome.UNPARSEABLE, None),
        ("7", Outcome.UNPARSEABLE, None),
        (r"\boxed{" * 5000, Outcome.UNPARSEABLE, None),
    ],
)
def test_maths_takes_the_last_box(response: str, outcome: Outcome, answer: str | None) -> None:
    problem = Problem("x", "micro-math", "math", "", "7")
    [grade] = MicroMath().grade([problem], [response])
    assert (grade.outcome, grade.answer) == (outcome, answer)


def test_expressions_mean_the_chain() -> None:
    for problem in MicroMath().load("dev"):
        body = problem.question.split(" ", 1)[1].rstrip(".\n")
        left, _, right = body.partition("=")
        value = eval(left, {"x": int(problem.answer)})  # noqa: S307 - our own text
        assert value == int(right or problem.answer)


@each_family
def test_shots_are_worked_problems_of_the_train_split(task: MicroTask) -> None:
    problem, train = task.load("dev")[0], task.load("train")
    prompt = task.render(problem, shots=2)
    assert isinstance(prompt, str)
    assert prompt.startswith(train[0].question + train[0].meta["solution"])
    assert prompt.endswith(problem.question)
    own = task.render(train[0], shots=1)
    assert isinstance(own, str)
    assert own.count(train[0].question) == 1


@each_family
def test_chat_style_is_one_user_turn(task: MicroTask) -> None:
    problem = task.load("dev")[0]
    assert task.render(problem, "chat") == [{"role": "user", "content": problem.question}]


def _problem(task: MicroTask, item: Any) -> Problem:
    return Problem(item.content, task.name, task.kind, item.question, item.answer, meta=item.meta)


def test_a_chat_models_code_block_is_read_and_a_bare_body_is_what_it_was() -> None:
    task = MicroHumanEval()
    problem = task.load("dev")[0]
    body = problem.meta["solution"]
    whole = problem.question + body
    use = f"```python\nprint({problem.meta['entry_point']}(3))\n```"
    asked = f"Sure:\n```python\n{whole}\n```\nTry it:\n{use}"
    wrong = asked.replace(body, "    return None")
    right, block, other = task.grade([problem] * 3, [body, asked, wrong])
    assert [right.outcome, block.outcome, other.outcome] == [
        *[Outcome.CORRECT] * 2,
        Outcome.WRONG,
    ]
    for response in (body, body + "\n\ndef f(n):\n    return n", "x", "return n", ""):
        assert program(problem, response).code == problem.question + response
