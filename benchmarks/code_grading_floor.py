"""What programs and their tests cost by themselves, with no grader around them.

``benchmarks.code_grading`` runs this as a file in a bare interpreter (``python -S``) and writes a
list of ``[code, prelude, tests, entry point]`` to it as JSON; all are trusted. It answers with the
processor seconds of all of them in one interpreter, and each in a fork of it, the least that a
process of its own costs.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys
import time


def grade(code: str, prelude: str, tests: str, entry_point: str) -> None:
    """Load a program and run its tests in this process."""
    program: dict[str, object] = {"__name__": "program"}
    judge: dict[str, object] = {"__name__": "tests"}
    exec(compile(code, "<program>", "exec", dont_inherit=True), program)  # noqa: S102 - trusted
    for source in (prelude, tests):
        exec(compile(source, "<tests>", "exec", dont_inherit=True), judge)  # noqa: S102 - trusted
    check = judge["check"]
    judge[entry_point] = program[entry_point]
    with contextlib.redirect_stdout(io.StringIO()):
        check(program[entry_point])  # type: ignore[operator]


def processor() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    programs = json.load(sys.stdin)
    gc.freeze()
    begun, ticks = time.process_time(), processor()
    for program in programs:
        grade(*program)
    within = time.process_time() - begun
    for program in programs:
        child = os.fork()
        if child == 0:
            grade(*program)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit("a canonical solution failed")
    forked = processor() - ticks - within
    print(json.dumps({"within": within, "forked": forked}))


if __name__ == "__main__":
    main()
