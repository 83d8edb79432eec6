"""What it cost to reach a target: on every axis, at other targets, task by task."""

from __future__ import annotations

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.report.unit import beside
from srpo_bench.results.statistics.contrast import AxisContrast
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.text import NAMES, amount, level, p_value, percent, ratio


def table(a: Analysis) -> Table:
    """Cost to target on every axis."""
    rows, marks = [], []
    for arm, judge in a.judges.items():
        for axis, cell in judge.contrast.axes.items():
            if not cell.ratio.n:
                continue  # there is no target to reach
            rows.append(
                (
                    NAMES[axis],
                    arm,
                    _change(cell.ratio, cell.bound),
                    *_spent(axis, cell),
                    ratio(cell.ratio),
                    p_value(cell.p),
                    str(cell.ratio.n),
                )
            )
            marks.append(((arm, cell.ratio),))
    against = f"against {a.baseline}"
    columns = (
        *("cost to target", "arm", against, "spent", f"{a.baseline} spent"),
        *("ratio", "p", "pairs"),
    )
    note = (
        "What an arm's runs had spent, on average, where its mean curve crosses the target, or (>) "
        "at its end where it does not. With the 95 % interval, which reaches over both estimators'."
    )
    only = ("ratio", "p", "pairs", *_one_arm(a))
    return Table(
        *("costs", "Cost to target", columns, tuple(rows), note, only, tuple(marks)),
        beside=against,
    )


def grid(a: Analysis) -> Table:
    """Steps over the grid of targets."""
    points = [(arm, label, c) for arm in a.grid for label, c in a.points(arm)]
    rows = [
        (
            label,
            level(c.target),
            arm,
            _change(c.ratio, c.steps.bound if c.steps else ""),
            ratio(c.ratio),
            p_value(c.steps.p) if c.steps else "–",
            *(f"{count} of {c.n}" for count in c.reached),
        )
        for arm, label, c in points
    ]
    columns = (
        *("which", "target", "arm", f"steps against {a.baseline}", "ratio", "p"),
        *("reached", f"{a.baseline} reached"),
    )
    note = (
        f"Gain: {a.baseline}'s, from its accuracy at the start to that at the end. Named "
        "beforehand: when the comparison was planned, before any run. Exploratory: named after "
        "the runs were made, so that it decides nothing."
    )
    return Table(
        "grid",
        "Other targets",
        columns,
        tuple(rows),
        note if any(a.named.values()) else "",
        ("ratio", "p", *_one_arm(a)),
        tuple(((arm, c.ratio),) for arm, _, c in points),
        beside=f"steps against {a.baseline}",
    )


def by_task(a: Analysis) -> Table:
    """Steps to each task's own target."""
    rows: list[tuple[str, ...]] = []
    marks: list[tuple[tuple[str, Estimate], ...]] = []
    for arm, t in a.tasks.items():
        for task, c in t.contrasts.items():
            measured = _change(c.ratio, c.steps.bound if c.steps else "")
            rows.append((task, arm, level(c.target), measured, ratio(c.ratio)))
            marks.append(((arm, c.ratio),))
        rows += [(task, arm, "no gain told apart from none", "–", "–") for task in t.without_gain]
        marks += [() for _ in t.without_gain]
        mean = t.geometric_mean
        if len(t.contrasts) > 1:  # of one task it is that task's ratio
            rows.append(("geometric mean", arm, "", _change(mean, t.bound), ratio(mean)))
            marks.append(((arm, mean),))
        better = percent(t.improvement)
        rows.append(("probability of improvement", arm, "", better, ratio(t.improvement)))
        marks.append(())
    columns = ("task", "arm", "target", f"steps against {a.baseline}", "ratio")
    note = "Probability of improvement: that a run ends more accurate than one of the baseline."
    only = ("ratio", *_one_arm(a))
    title = "Steps to target by task"
    return Table("task-steps", title, columns, tuple(rows), note, only, tuple(marks))


def _spent(axis: str, cell: AxisContrast) -> list[str]:
    """What challenger and baseline had spent; ``> 25.6k`` at the end of one that does not cross."""
    costs = zip((cell.challenger, cell.baseline), cell.race.speed.arrived, strict=True)
    return [f"{'' if crossed else '> '}{amount(axis, cost)}" for cost, crossed in costs]


def _change(e: Estimate, bound: str = "") -> str:
    """``13 % fewer (9 to 17)``."""
    return beside(e, bound) if e.value >= 0 else "–"


def _one_arm(a: Analysis) -> tuple[str, ...]:
    """The column that says nothing where there is one challenger."""
    return ("arm",) if len(a.judges) == 1 else ()
