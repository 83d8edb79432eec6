"""Untrusted code runs here and nowhere else. Nothing here knows a benchmark.

``run_programs`` grades model-written programs against hidden tests. What it protects, and how:

* the machine: bubblewrap (no network, no home, read-only system, private /tmp, own processes) or,
  where that is refused, Landlock; on top an allow-list of system calls, no capabilities, and hard
  limits of CPU time, memory, file size and open files;
* the verdict: tests run in another process than the program, which only ever answers calls with
  plain values; it never sees a test, an expected value, or the channel a verdict travels on.

What it does not cover: faults of the kernel itself, and a program that tells from its inputs
alone which answers are wanted. Without bubblewrap it may ask whether a file outside exists, though
not read or list any (docs/reliability.md).
"""

from srpo_bench.tasks.sandbox.modes import OPT_IN, Isolation, isolation
from srpo_bench.tasks.sandbox.pool import Sandbox, run_programs, waiting_for_verdicts
from srpo_bench.tasks.sandbox.worker import Limits, Program, Verdict

__all__ = [
    "OPT_IN",
    "Isolation",
    "Limits",
    "Program",
    "Sandbox",
    "Verdict",
    "isolation",
    "run_programs",
    "waiting_for_verdicts",
]
