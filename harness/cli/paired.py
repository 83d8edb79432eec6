"""Two sides problem by problem, as a person reads them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from srpo_bench.harness.cli.tables import console, plain
from srpo_bench.results.outcomes import TaskTest, compare, known_to_differ, read_side
from srpo_bench.results.text import p_value, points

PHASES = {"final": "the final scoring", "evaluation": "evaluations while training"}


def show_paired(ours: Path, theirs: Path, as_json: bool) -> None:
    """Read two records, and print a line a task.

    Raises:
        ResultsError: there is nothing to compare.
    """
    a, b = read_side(ours), read_side(theirs)
    phase, tests = compare(a, b)
    differ = known_to_differ(a, b, phase)
    if as_json:
        sides = {"ours": a.label, "theirs": b.label, "phase": phase}
        print(
            json.dumps(
                {**sides, "known_to_differ": differ, "tests": [asdict(test) for test in tests]},
                indent=2,
            )
        )
        return
    print(f"A: {a.label}\nB: {b.label}\nOf {PHASES[phase]}, on the problems that both were asked.")
    if differ:
        print(f"Known to differ, A and B: {'; '.join(differ)}.")
    table = plain("task")
    for column in ("n", "k", "seeds", "A", "B"):
        table.add_column(column, justify="right")
    for column in ("A less B", "better on A : B", "p", "test"):
        table.add_column(column, no_wrap=True)
    for test in tests:
        table.add_row(*_row(test))
    console().print(table)
    print(
        "Intervals are 95 %, over problems"
        f"{' and seeds' if any(test.seeds > 1 for test in tests) else ''}; "
        "p is two-sided, of no difference."
    )


def _row(test: TaskTest) -> tuple[str, ...]:
    result, (k, other) = test.result, test.k
    return (
        test.task,
        str(result.difference.n),
        str(k) if k == other else f"{k}, {other}",
        str(test.seeds),
        f"{100 * result.ours:.1f} %",
        f"{100 * result.theirs:.1f} %",
        points(result.difference),
        f"{result.better} : {result.worse}",
        p_value(result.p),
        result.test,
    )
