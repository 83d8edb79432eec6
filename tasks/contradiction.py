"""Questions that stand in a set twice, with answers that differ."""

from __future__ import annotations

from collections.abc import Sequence

from srpo_bench.tasks.base import Problem


def contradictions(problems: Sequence[Problem]) -> str:
    """A sentence about a task's training problems that contradict each other; empty where none do.

    Which answer is right, nobody here knows, so nothing is left out. Answers are compared as they
    are written; programs are not, for their answers are tests, of which two sets may both be right.
    """
    first: dict[str, Problem] = {}
    pairs = [
        (other, problem)
        for problem in problems
        if problem.kind != "code"
        and (other := first.setdefault(problem.question, problem)).answer != problem.answer
    ]
    if not pairs:
        return ""
    (one, two), n = pairs[0], len({problem.question for _, problem in pairs})
    questions = "a training question" if n == 1 else f"{n:,} training questions"
    return (
        f"{one.task} has {questions} twice with different answers, so one of them rewards what is "
        f"wrong ({one.id}: {one.answer!r:.40}; {two.id}: {two.answer!r:.40})."
    )
