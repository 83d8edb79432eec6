"""Is the micro base a testbed? ``python -m benchmarks.micro_base [FOLDER] [--problems N] [--k K]``.

Samples the base on dev problems at temperature 1 and prints, by family and level, avg@k, pass@k and
response length, then what each way of answering scores when its first token is forced. Last line:
careful over quick, ``ratio X``.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import torch

from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.micro import shipped_base
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.streams import stream
from srpo_bench.tasks.base import Problem
from srpo_bench.tasks.micro.corpus import FAMILIES
from srpo_bench.tasks.micro.family import MicroTask

Rows = list[tuple[bool, int]]
"""(correct, response tokens) of each response to one problem."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, default=shipped_base())
    arguments.add_argument("--problems", type=int, default=200, help="dev problems a family")
    arguments.add_argument("--k", type=int, default=8, help="samples a problem")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    policy = load_policy(options.folder, "float32", "cpu")
    totals: dict[str, list[float]] = defaultdict(list)
    print("task             level  avg@k  pass@k  tokens  careful  tokens  quick  tokens")
    for task in FAMILIES:
        problems = task.load("dev")[: options.problems]
        free = measure(policy, task, problems, options.k)
        careful, quick = (
            measure(policy, task, problems, 2, opening) for opening in openings(policy, task)
        )
        for level in ("1", "2", "3", "4", ""):
            chosen = [i for i, p in enumerate(problems) if level in ("", p.level)]
            values = figures(free, careful, quick, chosen)
            print(line(task.name, level or "all", values))
            if not level:
                for name, value in values.items():
                    totals[name].append(value)
    means = {name: fmean(values) for name, values in totals.items()}
    print(line("mean", "", means))
    print(f"ratio {means['careful'] / max(means['quick'], 1e-9):.2f}")


def openings(policy: Policy, task: MicroTask) -> tuple[int, int]:
    """The first tokens of a careful and of a quick answer."""
    item = task.draw(random.Random(0), level=1)
    return policy.encode(item.careful)[0], policy.encode(item.quick)[0]


def measure(
    policy: Policy, task: MicroTask, problems: Sequence[Problem], k: int, opening: int | None = None
) -> list[Rows]:
    """k graded responses a problem, with their first token given or not."""
    given = [] if opening is None else [opening]
    prompts = [policy.encode(task.render(p)) + given for p in problems]
    responses = TorchEngine(policy, rows_at_once=1024).generate(
        prompts, k, Sampling(1.0, 1.0, task.max_new_tokens), stream(0, "evaluation")
    )
    rows = [given + t[m].tolist() for t, m in zip(responses.tokens, responses.mask, strict=True)]
    repeated = [p for p in problems for _ in range(k)]
    grades = task.grade(repeated, [policy.decode(r) for r in rows])
    graded = [(g.accuracy == 1, len(r)) for g, r in zip(grades, rows, strict=True)]
    return [graded[i : i + k] for i in range(0, len(graded), k)]


def figures(
    free: list[Rows], careful: list[Rows], quick: list[Rows], chosen: list[int]
) -> dict[str, float]:
    """The figures of one line of the table, over the problems ``which``."""

    def mean(rows: list[Rows], column: int) -> float:
        return fmean(row[column] for i in chosen for row in rows[i])

    return {
        "avg": mean(free, 0),
        "pass": fmean(any(right for right, _ in free[i]) for i in chosen),
        "tokens": mean(free, 1),
        "careful": mean(careful, 0),
        "careful tokens": mean(careful, 1),
        "quick": mean(quick, 0),
        "quick tokens": mean(quick, 1),
    }


def line(task: str, level: str, values: dict[str, float]) -> str:
    """One line of the table: shares in percent, lengths in tokens."""
    cells = [f"{v:7.1f}" if "tokens" in k else f"{100 * v:6.1f}%" for k, v in values.items()]
    return f"{task:16} {level:5} " + " ".join(cells)


if __name__ == "__main__":
    main()
