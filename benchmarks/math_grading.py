"""Responses graded a second: our MATH grader against math-verify called plainly.

``python -m benchmarks.math_grading [DATA_DIR]`` grades eight responses to each of MATH-500's
problems as a policy under training gives them: right ones, equal ones in other words, wrong ones.
Without DATA_DIR (a folder with ``math500/test.jsonl``) it makes up problems of the same kinds.
The problems are dealt out to rounds, so that neither side meets a text of an earlier one, and who
begins alternates: other work on the machine then falls on both. The ratio is the median.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from pathlib import Path

from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.math import Math

ROUNDS = 5
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


def plain(problems: list[Problem], given: list[str]) -> tuple[float, list[bool]]:
    from math_verify import parse, verify

    start = time.perf_counter()
    scores = [
        bool(verify(parse(f"\\boxed{{{problem.answer}}}"), parse(response)))
        for problem, response in zip(problems, given, strict=True)
    ]
    return time.perf_counter() - start, scores


def ours(problems: list[Problem], given: list[str]) -> tuple[float, list[bool]]:
    start = time.perf_counter()
    grades = Math().grade(problems, given)
    seconds = time.perf_counter() - start
    return seconds, [grade.outcome is Outcome.CORRECT for grade in grades]


def main() -> None:
    rng = random.Random(0)
    pool = problems()
    warm = [Problem("math/warm", "math", "math", "", r"\frac{1}{2}")] * 2
    for grader in (plain, ours):
        grader(warm, [r"\boxed{\frac{2}{4}}", r"\boxed{\sqrt{2}}"])
    ratios, same, count = [], 0, 0
    print("math-verify/s  ours/s  ratio  load")
    for number in range(ROUNDS):
        part = pool[number::ROUNDS]
        pairs = [(problem, text) for problem in part for text in responses(problem, part, rng)]
        chosen, given = [p for p, _ in pairs], [text for _, text in pairs]
        order = (plain, ours) if number % 2 else (ours, plain)
        took = {grader: grader(chosen, given) for grader in order}
        (theirs, scores), (mine, grades) = took[plain], took[ours]
        same += sum(a == b for a, b in zip(scores, grades, strict=True))
        count += len(pairs)
        ratios.append(theirs / mine)
        speeds = f"{len(pairs) / theirs:13.1f} {len(pairs) / mine:7.1f}"
        print(f"{speeds} {ratios[-1]:6.2f} {os.getloadavg()[0]:5.1f}")
    print(f"{count} responses, the same verdict on {same}")
    print(f"from {min(ratios):.2f} to {max(ratios):.2f}")
    print(f"ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
