"""On the same responses we say what lm-eval's own tasks say, example by example.

Completions go through the whole of a task of lm-eval: its rows, filters and metrics. The recorded
ones were written by SmolLM2-135M-Instruct (Apache-2.0) to questions made up for this file.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness.scoring.lm_eval_backend import judge
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.grading import last_boxed
from srpo_bench.tasks.gsm8k import flexible
from tests.tasks.test_gsm8k import GOLD, OTHERS
from tests.tasks.test_gsm8k import RESPONSES as NUMBERS

pytestmark = pytest.mark.integration
DATA = Path(__file__).resolve().parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
Pairs = list[tuple[Problem, str]]


def recorded(task: str) -> Pairs:
    """A model's responses to made-up problems."""
    pairs = []
    for line in (Path(__file__).parent / "recorded" / f"{task}.jsonl").open():
        row = json.loads(line)
        problem = Problem(
            row["id"], task, "math", row["question"], row["answer"],
            meta={"solution": row["solution"]},
        )  # fmt: skip
        pairs += [(problem, response) for response in row["responses"]]
    return pairs


def gold(number: str | None) -> dict[str, Any]:
    return {"answer": str(number), "meta": {"solution": f"So it is.\n#### {number}"}}


def gsm8k_disagreements(pairs: Pairs) -> list[tuple[str, str, str]]:
    problems, responses = [p for p, _ in pairs], [r for _, r in pairs]
    theirs = judge("gsm8k", problems, responses)
    assert set(theirs) == {"exact_match,strict-match", "exact_match,flexible-extract"}
    ours = registry.get("gsm8k").variants(problems, responses)
    assert set(ours) == {"strict-match", "flexible-extract"}
    return [
        (name, p.id, r)
        for name, verdicts in ours.items()
        for (p, r), we, they in zip(pairs, verdicts, theirs[f"exact_match,{name}"], strict=True)
        if we != (they == 1)
    ]


def test_gsm8k_on_hard_cases_and_on_what_a_model_wrote() -> None:
    made_up = Problem("made-up", "gsm8k", "math", "?", "18", meta={"solution": GOLD})
    written = recorded("gsm8k")
    # each response also against the number it ends in, so that a good part of them is right
    own = [(replace(p, **gold(flexible(r))), r) for p, r in written]
    pairs = [(made_up, response) for response in NUMBERS] + written + own
    assert gsm8k_disagreements(pairs) == []


def test_the_reward_beside_flexible_extract() -> None:
    """They differ on the cases that are named, and on nothing that a model wrote."""
    made_up = Problem("made-up", "gsm8k", "math", "?", "18", meta={"solution": GOLD})
    pairs = [(made_up, response) for response in NUMBERS] + recorded("gsm8k")
    problems, responses = [p for p, _ in pairs], [r for _, r in pairs]
    graded = registry.get("gsm8k").grade(problems, responses)
    theirs = judge("gsm8k", problems, responses)["exact_match,flexible-extract"]
    differ = {
        response
        for response, grade, score in zip(responses, graded, theirs, strict=True)
        if (grade.outcome is Outcome.CORRECT) != (score == 1)
    }
    assert differ == OTHERS


@needs_data
def test_gsm8k_on_every_gold_solution_right_and_given_to_the_next_problem() -> None:
    problems = registry.get("gsm8k").load("test", DATA)
    solutions = [p.meta["solution"] for p in problems]
    shifted = solutions[1:] + solutions[:1]
    pairs = list(zip(problems * 2, solutions + shifted, strict=True))
    assert gsm8k_disagreements(pairs) == []


BOXES = [
    (r"\frac{1}{2}", r"\frac{1}{2}"), (r"\frac{1}{2}", "0.5"), (r"\frac{1}{2}", r"\dfrac{1}{2}"),
    (r"\frac{1}{2}", "1/2"), (r"\frac{1}{2}", r"\frac12"), (r"\frac{1}{2}", r"\frac{2}{4}"),
    (r"\frac{1}{2}", r"\frac{1}{3}"), ("42", " 42 "), ("42", "x = 42"),
    ("42", r"42\text{ cm}"), ("42", r"42^\circ"), ("42", r"\$42"), ("42", "42.0"), ("42", "43"),
    ("42", r"\text{42}"), ("42", r"6 \times 7"), ("42", "40+2"), ("1000", "1,000"),
    ("1000", "10^3"), ("1,000", "1000"), (r"2\sqrt{3}", r"\sqrt{12}"), (r"2\sqrt{3}", r"2\sqrt3"),
    (r"2\sqrt{3}", "3.4641"), (r"\left( 3, \frac{\pi}{2} \right)", r"(3, \pi/2)"),
    ("(2,5]", "(2, 5]"), ("(2,5]", "[2,5]"),
    (r"\{1,2,3\}", r"\{3,2,1\}"), ("1,2,3", "1, 2, 3"), ("1,2,3", "3, 2, 1"),
    (r"\text{even}", "even"), (r"\text{even}", r"\text{odd}"), (r"\text{(B)}", "B"),
    ("x^2+2x+1", "(x+1)^2"), ("y = 2x + 3", "y=2x+3"), ("y = 2x + 3", "2x+3"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}"),
    (r"11\frac{1}{2}", "11.5"), (r"-\frac{2}{3}", r"\frac{-2}{3}"),
    (r"5\pm\sqrt{2}", r"5 + \sqrt{2}, 5 - \sqrt{2}"), ("101_2", "101_2"), ("101_2", "101"),
    ("0.33", r"\frac{1}{3}"), (r"90^\circ", "90"),
    (r"3\text{ hours}", "3"), ("i", "i"), (r"\infty", r"\infty"),
]  # fmt: skip
"""(gold, what stands in the box)."""

READ_HERE = [
    (r"\frac{1}{2}", r"50\%"), (r"10\%", "10"), (r"10\%", "0.1"), ("(2,5]", r"2 < x \le 5"),
    ("42", "42."), ("1234", r"1\,234"), ("42", "42°"), ("14-i", "14.0-1.0i"), ("42", "42 dollars"),
    (r"\text{June 20}", "June 20"),
]  # fmt: skip
"""Right here, unread there: a box holds what its writer meant, whatever ends it."""

REFUSED_HERE = [
    ("42", r"42 \text{ million}"), ("42", r"\neq 42"), ("42", r"42 \text{ is wrong}"),
    ("42", "7777 = 42"), ("42", r"42 \ldots"), ("52_8", "52_9"), (r"1/2^{99}", r"1/2^{98}"),
]  # fmt: skip
"""Right there, since what stands beside a number is not read; another answer here."""

NO_BOX = [
    r"The probability is $\frac{1}{2}$.", "The probability is 1/2.", r"$\frac{1}{2}$",
    r"Final Answer: The final answer is $\frac{1}{2}$. I hope it is correct.",
    "It is not 1/3 but 1/2.", r"$\boxed{\frac{1}{2}}$ or $\boxed{}$",
]  # fmt: skip
"""Right by lm-eval's math_verify, which reads any mathematics of the response; we want a box."""

SAME = [
    r"First $\boxed{\frac{1}{3}}$, no: $\boxed{\frac{1}{2}}$.", r"\boxed{\frac{1}{2}} as $3+4=7$",
    r"First $\boxed{\frac{1}{2}}$, no: $\boxed{\frac{1}{3}}$.", r"\boxed{\frac{1}{2", "", "none",
    r"\boxed{}", r"$\boxed 3$",
]  # fmt: skip


def problem(gold: str) -> Problem:
    solution = f"Working it out gives $\\boxed{{{gold}}}$."
    return Problem(f"made-up {gold}", "math", "math", "?", gold, meta={"solution": solution})


def boxed_as(box: str) -> str:
    return f"So it is $\\boxed{{{box}}}$."


def math_verdicts(pairs: Pairs) -> list[bool]:
    problems, responses = [p for p, _ in pairs], [r for _, r in pairs]
    return [g.accuracy == 1 for g in registry.get("math").grade(problems, responses)]


def lm_eval_says(task: str, metric: str, pairs: Pairs) -> list[bool]:
    if task == "minerva_math500":
        try:
            import lm_eval.tasks.minerva_math.utils  # noqa: F401
        except (ImportError, AssertionError):
            pytest.skip("lm-eval's minerva_math needs antlr4-python3-runtime 4.11")
    scores = judge(task, [p for p, _ in pairs], [r for _, r in pairs])
    return [score == 1 for score in scores[f"{metric},none"]]


def test_math_is_math_verify_wherever_there_is_a_box() -> None:
    """lm-eval's minerva_math: no disagreement on boxes, and the known ones without."""
    half = problem(r"\frac{1}{2}")
    boxes = [*BOXES, *READ_HERE, *REFUSED_HERE]
    boxed = [(problem(gold), boxed_as(box)) for gold, box in boxes]
    boxed += [(p, r) for p, r in recorded("math") if last_boxed(r)]
    boxed += [(p, f"{r}\nThe answer is \\boxed{{{p.answer}}}.") for p, r in recorded("math")]
    boxed += [(half, response) for response in SAME]
    no_box = [(half, response) for response in NO_BOX]
    pairs = [*boxed, *no_box, (problem("42"), r"\fbox{42}")]
    ours, theirs = math_verdicts(pairs), lm_eval_says("minerva_math500", "math_verify", pairs)
    only_we = {r for (_, r), we, they in zip(pairs, ours, theirs, strict=True) if we and not they}
    only_they = {r for (_, r), we, they in zip(pairs, ours, theirs, strict=True) if they and not we}
    # the MATH paper's grader takes \fbox too; math-verify does not
    assert only_we == {r"\fbox{42}", *(boxed_as(box) for _, box in READ_HERE)}
    assert only_they == {*NO_BOX, *(boxed_as(box) for _, box in REFUSED_HERE)}
    assert any(ours)
    assert not all(ours)


def test_a_response_without_a_box_is_wrong_here_and_may_be_right_there() -> None:
    """What a model really wrote: every disagreement is of that one kind."""
    pairs = recorded("math")
    ours, theirs = math_verdicts(pairs), lm_eval_says("minerva_math500", "math_verify", pairs)
    for (_, response), we, they in zip(pairs, ours, theirs, strict=True):
        assert we == they or (they and not last_boxed(response)), response


def disagreements_on_boxes(task: str, form: str) -> set[tuple[str, str]]:
    """(gold, box) that lm-eval's exact_match, told the answer as it wants it, says otherwise of."""
    boxed = [(problem(gold), f"$\\boxed{{{box}}}$") for gold, box in BOXES]
    told = [(problem(gold), form.format(box.strip())) for gold, box in BOXES]
    ours, theirs = math_verdicts(boxed), lm_eval_says(task, "exact_match", told)
    return {pair for pair, we, they in zip(BOXES, ours, theirs, strict=True) if we != they}


BEYOND_SUBTRACTION = {
    (r"\left( 3, \frac{\pi}{2} \right)", r"(3, \pi/2)"), (r"\{1,2,3\}", r"\{3,2,1\}"),
    ("1,2,3", "3, 2, 1"), (r"11\frac{1}{2}", "11.5"),
    (r"5\pm\sqrt{2}", r"5 + \sqrt{2}, 5 - \sqrt{2}"),
}  # fmt: skip
"""minerva_math's exact_match simplifies a difference, which tuples and sets do not have."""

BEYOND_TEXT = BEYOND_SUBTRACTION | {
    (r"\frac{1}{2}", r"\frac{2}{4}"), ("42", "42.0"), ("42", r"\text{42}"), ("42", r"6 \times 7"),
    ("42", "40+2"), ("1000", "1,000"), ("1000", "10^3"), ("1,000", "1000"),
    (r"2\sqrt{3}", r"\sqrt{12}"), (r"\text{even}", "even"), (r"\text{(B)}", "B"),
    ("x^2+2x+1", "(x+1)^2"), (r"-\frac{2}{3}", r"\frac{-2}{3}"), ("101_2", "101"),
}  # fmt: skip
"""hendrycks_math compares normalised text: equal values in other words are wrong there."""


def test_math_beside_the_older_exact_matches() -> None:
    """They never read a box: they want "Final Answer: …", or the text between dollar signs."""
    assert disagreements_on_boxes("hendrycks_math500", "${}$") == BEYOND_TEXT
    minerva = "Final Answer: The final answer is ${}$. I hope it is correct."
    assert disagreements_on_boxes("minerva_math500", minerva) == BEYOND_SUBTRACTION


@needs_data
def test_math_on_gold_solutions_right_and_given_to_the_next_problem() -> None:
    problems = registry.get("math").load("test", DATA)[::5]  # all 500 agree too, in a minute
    solutions = [p.meta["solution"] for p in problems]
    shifted = solutions[1:] + solutions[:1]
    pairs = list(zip(problems * 2, solutions + shifted, strict=True))
    ours, theirs = math_verdicts(pairs), lm_eval_says("minerva_math500", "math_verify", pairs)
    disagreements = {
        (p.id, i >= len(problems))
        for i, ((p, _), we, they) in enumerate(zip(pairs, ours, theirs, strict=True))
        if we != they
    }
    assert disagreements == set()
