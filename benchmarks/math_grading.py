"""Responses graded a second: our MATH grader against math-verify called plainly.

``python -m benchmarks.math_grading [DATA_DIR]`` grades eight responses to each of MATH-500's
problems as a policy under training gives them: right ones, equal ones in other words, wrong ones.
Without DATA_DIR (a folder with ``math500/test.jsonl``) it makes up problems of the same kinds.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.math import Math

_MADE_UP = (r"\frac{%d}{7}", r"%d\sqrt{3}", r"\left( %d, \frac{\pi}{2} \right)", "%d", "x^2+%d")


def problems() -> list[Problem]:
    if len(sys.argv) > 1:
        return Math().load("test", Path(sys.argv[1]))
    golds = [form % n for n in range(2, 102) for form in _MADE_UP]
    return [Problem(f"math/{i}", "math", "math", "", gold) for i, gold in enumerate(golds)]


def responses(problem: Problem, others: list[Problem], rng: random.Random) -> list[str]:
    """Eight: three as the gold answer, two rewritten, two wrong, one without a box."""
    gold = problem.answer
    rewritten = [gold.replace(r"\frac", r"\dfrac") + " ", f"({gold})"]
    wrong = [rng.choice(others).answer, str(rng.randrange(100))]
    boxes = [gold, gold, gold, *rewritten, *wrong]
    return [f"Thus \\boxed{{{box}}}." for box in boxes] + ["I do not know."]


def plain(asked: list[Problem], given: list[str]) -> tuple[float, list[bool]]:
    from math_verify import parse, verify

    start = time.perf_counter()
    scores = [
        bool(verify(parse(f"\\boxed{{{problem.answer}}}"), parse(response)))
        for problem, response in zip(asked, given, strict=True)
    ]
    return time.perf_counter() - start, scores


def main() -> None:
    rng = random.Random(0)
    pool = problems()
    pairs = [(problem, text) for problem in pool for text in responses(problem, pool, rng)]
    asked, given = [p for p, _ in pairs], [text for _, text in pairs]
    plain(asked[:8], given[:8])
    Math().grade(asked[:8], given[:8])  # both are warm
    theirs, scores = plain(asked, given)
    start = time.perf_counter()
    grades = Math().grade(asked, given)
    mine = time.perf_counter() - start
    same = sum((g.outcome is Outcome.CORRECT) == s for g, s in zip(grades, scores, strict=True))
    print(f"{len(pairs)} responses, the same verdict on {same}")
    print(f"math-verify, plainly: {len(pairs) / theirs:8.1f} responses/s")
    print(f"our grader:           {len(pairs) / mine:8.1f} responses/s")
    print(f"ratio {theirs / mine:.2f}")


if __name__ == "__main__":
    main()
