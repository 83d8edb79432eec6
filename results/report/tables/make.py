"""The tables: built once, written as CSV, HTML, Markdown and LaTeX."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from srpo_bench.results import text
from srpo_bench.results.report.analysis import Analysis, task_names
from srpo_bench.results.report.tables import benchmarks, ladder, tuning
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.inference import of
from srpo_bench.results.statistics.mismatch import mismatches
from srpo_bench.results.statistics.scores import at_end
from srpo_bench.results.statistics.steps import crossing
from srpo_bench.results.text import NAMES, short

LATEX = ("arms", "costs", "tasks", "benchmarks", "references")
"""Tables that are written for papers too."""


def arms(a: Analysis) -> Table:
    """What each arm did."""
    rows = []
    for name, r in a.arms.items():
        s, done = r.survival, r.states.get("done", 0)
        rows.append(
            (
                name if r.algorithm == name else f"{name} ({r.algorithm})",
                f"{done} of {sum(r.states.values())}",
                text.percent(r.base),
                text.percent(r.final),
                f"{s.reached} of {s.n}",
                text.steps(s.median),
                text.steps(s.rmst),
            )
        )
    columns = (
        "arm",
        "runs done",
        "accuracy at start",
        "accuracy at end",
        "reached target",
        "median",
        "mean",
    )
    note = (
        "A run has reached the target where its own isotonic curve does: reached, and kept. Median "
        "(Kaplan–Meier) and mean (restricted to the budget) of those steps describe the runs; the "
        "verdict reads the arms' mean curves."
    )
    return Table("arms", "The arms", columns, tuple(rows), note)


def costs(a: Analysis) -> Table:
    """Cost to target on every axis."""
    rows = []
    for arm, judge in a.judges.items():
        for axis, cell in judge.contrast.axes.items():
            rows.append(
                (
                    NAMES[axis],
                    arm,
                    short(cell.challenger),
                    short(cell.baseline),
                    text.ratio(cell.ratio),
                    text.p_value(cell.p),
                    str(cell.ratio.n),
                )
            )
    columns = ("cost to target", "arm", "spent", f"{a.baseline} spent", "ratio", "p", "pairs")
    note = (
        "What an arm's runs had spent, on average, where its mean curve crosses the target, or at "
        "its end where it does not. Ratio with its 95 % interval, which reaches over both "
        "estimators'; p: two-sided, of equal cost, the larger of the two."
    )
    return Table("costs", "Cost to target", columns, tuple(rows), note)


def grid(a: Analysis) -> Table:
    """Steps over the grid of targets."""
    rows = [
        (
            label,
            f"{100 * c.target:.1f} %",
            arm,
            text.ratio(c.ratio),
            text.p_value(c.steps.p) if c.steps else "–",
            *(text.percent(of(count, c.n)) for count in c.reached),
        )
        for arm in a.grid
        for label, c in a.points(arm)
    ]
    columns = ("which", "target", "arm", "ratio", "p", "reached", f"{a.baseline} reached")
    note = (
        f"Gain: {a.baseline}'s, from its accuracy at the start to that at the end. Named "
        "beforehand: when the comparison was planned, before any run. Exploratory: named after "
        "the runs were made, so that it decides nothing."
    )
    return Table(
        "grid", "Other targets", columns, tuple(rows), note if any(a.named.values()) else ""
    )


def tasks(a: Analysis) -> Table:
    """Accuracy at the end by task."""
    names = list(a.arms)
    rows = [
        (task, *(text.percent(a.arms[n].tasks[task]) for n in names))
        for task in task_names(a.comparison)
    ]
    if len(rows) > 1:
        rows.append(("interquartile mean", *(text.percent(a.arms[n].iqm) for n in names)))
    return Table("tasks", "Accuracy at the end", ("task", *names), tuple(rows))


def task_steps(a: Analysis) -> Table:
    """Steps to each task's own target."""
    rows = []
    for arm, t in a.tasks.items():
        for task, c in t.contrasts.items():
            rows.append((task, arm, f"{100 * c.target:.1f} %", text.ratio(c.ratio)))
        rows += [(task, arm, "no gain told apart from none", "–") for task in t.without_gain]
        rows.append(("geometric mean", arm, "", text.ratio(t.geometric_mean)))
        rows.append(("probability of improvement", arm, "", text.ratio(t.improvement)))
    columns = ("task", "arm", "target", f"ratio of steps to {a.baseline}'s")
    note = "Probability of improvement: that a run ends more accurate than one of the baseline."
    return Table("task-steps", "Steps to target by task", columns, tuple(rows), note)


def claims(a: Analysis) -> Table:
    """Claim, measured, verdict, why."""
    rows = [
        (v.label, v.challenger, v.claim, v.measured, v.verdict.replace("-", " "), v.reason)
        for verdicts in a.claims.values()
        for v in verdicts
    ]
    columns = ("claim", "arm", "what is claimed", "measured here", "verdict", "why")
    return Table("claims", "Claims", columns, tuple(rows))


def totals(a: Analysis) -> Table:
    """The ledger."""
    names = dict.fromkeys(k for r in a.arms.values() for k in r.totals)
    rows = [
        (
            k.replace("_", " "),
            *(short(r.totals[k]) if k in r.totals else "–" for r in a.arms.values()),
        )
        for k in names
    ]
    note = "Sums over all runs of an arm, responses that were thrown away included."
    return Table("ledger", "What it all cost", ("", *a.arms), tuple(rows), note)


def mismatch(a: Analysis) -> Table:
    """Engine against learner, where the two were compared."""
    rows = [
        (
            arm,
            f"{m.mean:.2g}",
            f"{m.largest:.2g}",
            f"{m.kl:.2g}",
            f"{m.worst_kl:.2g}",
            f"{100 * m.ess_token:.1f} %",
            f"{100 * m.ess_sequence:.1f} %",
        )
        for arm, m in mismatches(a.comparison).items()
    ]
    columns = (
        *("arm", "mean |Δ|", "largest |Δ|", "KL", "KL at the worst step"),
        *("effective tokens", "effective responses"),
    )
    note = (
        "Δ: log-prob of a sampled token, learner less engine, in nats. KL(engine ‖ learner) a "
        "token, k3 estimate. Effective: sample size that importance weights learner/engine leave "
        "of the tokens, and of whole responses. Means over steps and seeds."
    )
    return Table("mismatch", "Engine against learner", columns, tuple(rows), note)


def health(a: Analysis) -> Table:
    """What ailed training, arm by arm."""
    rows = [
        (
            arm,
            *(
                f"{_often(getattr(h.before, name))} / {_often(getattr(h.whole, name))}"
                for name in ("short", "repeated", "flat", "hopeless", "solved", "cut")
            ),
            {True: "yes", False: "no", None: "–"}[h.collapsed],
        )
        for arm, h in a.health.items()
        if h.whole.steps
    ]
    columns = (
        *("arm", "fewer prompts than a batch", "a prompt twice in a batch", "no gradient"),
        *("groups all wrong", "groups all right", "responses cut off", "collapses"),
    )
    note = (
        f"Before the stroke up to {a.baseline}'s crossing, which decides a verdict, after it over "
        "the whole budget. The first three are shares of an arm's steps. Where a method's rule, "
        f"run on {a.baseline}'s records, would have left less than a batch before that crossing, "
        "the plan starves it and there is no verdict; a challenger that starves otherwise is "
        "judged."
    )
    return Table("health", "Health of the runs", columns, tuple(rows), note)


def contract(a: Analysis) -> Table:
    """What was equal, field by field."""
    fields = dict.fromkeys([*a.comparison.contract, *a.matched.differing, *a.matched.unknown])
    rows = []
    for field in fields:
        if field in a.matched.differing:
            value, state = _some(a.matched.differing[field]), "differs"
        elif field in a.matched.unknown:
            value, state = "", "unknown"
        else:
            value, state = _plain(a.comparison.contract.get(field)), "equal"
        rows.append((field, value, state))
    return Table("contract", "What was matched", ("field", "value", "runs"), tuple(rows))


def data(a: Analysis) -> Table:
    """Where the problems come from."""
    rows = [
        (
            d["task"],
            d["role"],
            d["split"],
            d["source"],
            _plain(d["sha256"] or d["revision"] or "–"),
            {True: "yes", False: "no", None: "–"}[d["official"]],
            str(d["loaded"]),
            str(d["used"]),
            str(d["excluded"]),
        )
        for d in a.comparison.plan.get("data", [])
    ]
    columns = (
        *("task", "for", "split", "source", "sha256 or revision", "official"),
        *("problems", "asked", "left out"),
    )
    note = (
        "Official: the published data, by its checksum or pinned revision. Left out: training "
        "problems that also stand in a set that is scored (contamination) or are too long to ask."
    )
    return Table("data", "Where the problems come from", columns, tuple(rows), note)


def runs(a: Analysis) -> Table:
    """Every run."""
    rows = tuple(_run(a, run) for run in a.comparison.runs)
    columns = ("run", "state", "last step", "accuracy at end", "steps to target", "between")
    return Table("runs", "Every run", columns, rows)


def everything(a: Analysis) -> list[Table]:
    """In the order of the page."""
    makers = (
        *(arms, costs, grid, ladder.table, tuning.table, benchmarks.measured, benchmarks.reported),
        *(tasks, task_steps, claims, totals, health, mismatch, contract, data, runs),
    )
    return [make(a) for make in makers]


def _run(a: Analysis, run: Run) -> tuple[str, ...]:
    if not len(run.evals):
        return (run.name, run.state, "–", "–", "–", run.reason)
    state = f"{run.state}: {run.reason}" if run.reason and run.state == "failed" else run.state
    end = f"{100 * at_end(run):.1f} %"
    if not a.gain:
        return (run.name, state, f"{run.last_step:g}", end, "–", "–")
    found = crossing(run.evals, a.target)
    if not found.reached:
        return (run.name, state, f"{run.last_step:g}", end, f"> {found.at:g}", "not reached")
    between = f"{found.low:.4g} and {found.high:.4g}"
    return (run.name, state, f"{run.last_step:g}", end, f"{found.at:.4g}", between)


def _often(share: float) -> str:
    return "–" if share != share else f"{100 * share:.3g} %"


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:12]}…" if len(text) == 64 else text


def _some(values: Sequence[Any]) -> str:
    return " / ".join(_plain(v) for v in values[:4])
