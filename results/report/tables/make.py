"""The tables: built once, written as CSV, HTML, Markdown and LaTeX."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from srpo_bench.results import text
from srpo_bench.results.judgement.targets import is_there
from srpo_bench.results.progress import ENDED
from srpo_bench.results.report import answer, words
from srpo_bench.results.report.analysis import Analysis, task_names
from srpo_bench.results.report.crossing import steps_told
from srpo_bench.results.report.style import FEW
from srpo_bench.results.report.tables import along, benchmarks, costs, ladder, tuning
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.report.unit import beside
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.mismatch import mismatches
from srpo_bench.results.statistics.scores import at_end
from srpo_bench.results.statistics.steps import crossing
from srpo_bench.results.text import amount, number, short

LATEX = ("arms", "costs", "tasks", "benchmarks", "references")
"""Tables that are written for papers too."""


def arms(a: Analysis) -> Table:
    """What each arm did."""
    rows, there = [], is_there(a.targets, a.gain)
    for name, r in a.arms.items():
        s, ended = r.survival, r.states.keys() <= set(ENDED)
        rows.append(
            (
                _called(a, name, r.algorithm),
                f"{r.states.get('done', 0)} of {sum(r.states.values())}",
                text.percent(r.base),
                text.percent(r.final),
                f"{s.reached} of {s.n}{'' if ended else ' so far'}" if there else "–",
                steps_told(a, name),
            )
        )
    columns = (
        *("arm", "runs done", "accuracy at start", "accuracy at end"),
        *("reached target", "steps to target"),
    )
    note = (
        "A run has reached the target where its own isotonic curve does: reached, and kept. Steps "
        "to target are those of the arm's mean curve, which the verdict reads; each run's own "
        "stand under every run."
    )
    marks = tuple(((name, r.final),) for name, r in a.arms.items())
    parts = ("arms", "The arms", columns, tuple(rows), note)
    return Table(*parts, marks=marks, beside="accuracy at end", ratios=False)


def verdicts(a: Analysis) -> Table:
    """The headline claim, arm by arm; the page shows it where there are several."""
    every = answer.headlines(a) if len(a.judges) > 1 else []
    cells = [a.judges[h.challenger].contrast.axes.get(a.axis) for h in every]
    rows = [
        (
            h.challenger,
            h.verdict.replace("-", " "),
            beside(cell.ratio, cell.bound) if cell and h.measured else "–",
            text.percent(a.arms[h.challenger].final),
            h.ratio,
        )
        for h, cell in zip(every, cells, strict=True)
    ]
    against = f"{a.axis} to target against {a.baseline}"
    columns = ("arm", "verdict", against, "accuracy at the end", "ratio")
    family = sum(p == p for p in a.p_steps.values())
    note = (
        f"Whether an arm takes as many steps as {a.baseline} is asked of all {family} at once "
        "(Holm), so an interval on one side of equal need not tell the two apart."
    )
    shown = note if family > 1 else ""
    parts = ("verdicts", "The claim, arm by arm", columns, tuple(rows), shown, ("ratio",))
    marks = tuple(
        ((h.challenger, c.ratio),) if c else () for h, c in zip(every, cells, strict=True)
    )
    return Table(*parts, marks=marks, beside=against)


def tasks(a: Analysis) -> Table:
    """Accuracy at the end by task."""
    names = list(a.arms)
    rows = [
        (task, *(text.percent(a.arms[n].tasks[task]) for n in names))
        for task in task_names(a.comparison)
    ]
    marks = [tuple((n, a.arms[n].tasks[task]) for n in names) for task, *_ in rows]
    if len(rows) > 1:
        rows.append(("interquartile mean", *(text.percent(a.arms[n].iqm) for n in names)))
        marks.append(tuple((n, a.arms[n].iqm) for n in names))
    note = "Mean of the last two evaluations."
    columns = ("task", *names)
    return Table(
        *("tasks", "Accuracy at the end", columns, tuple(rows), note),
        marks=tuple(marks) if len(names) <= FEW else (),
        ratios=False,
    )


def claims(a: Analysis) -> Table:
    """Claim, measured, verdict, why, of the arms that a claim is about."""
    rows = [
        (v.label, v.challenger, v.claim, v.measured, v.verdict.replace("-", " "), v.reason)
        for arm in answer.judged(a)
        for v in a.claims[arm]
    ]
    columns = ("claim", "arm", "what is claimed", "measured here", "verdict", "why")
    return Table("claims", "Claims", columns, tuple(rows))


def totals(a: Analysis) -> Table:
    """The ledger."""
    names = dict.fromkeys(k for r in a.arms.values() for k in r.totals)
    rows = [
        (
            k.replace("_", " "),
            *(_total(k, r.totals[k]) if k in r.totals else "–" for r in a.arms.values()),
        )
        for k in names
    ]
    note = (
        "Sums over all runs of an arm, responses that were thrown away included. Runs side by side "
        "stretch each other's seconds by the wall clock; processor seconds, whose sum leaves "
        "evaluation out, tell the work."
    )
    return Table("ledger", "What it all cost", ("what", *a.arms), tuple(rows), note)


def _total(name: str, value: float) -> str:
    return amount("flops", value) if name == "flops" else short(value)


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
        *("arm", "fewer prompts than a batch", "a prompt twice in a step", "no gradient"),
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
    late = a.comparison.plan.get("added") or []
    seeds = {seed for addition in late for seed in addition.get("seeds", [])}
    arms = {arm for addition in late for arm in addition.get("arms", [])}
    rows = tuple(_run(a, run, run.seed in seeds or run.arm in arms) for run in a.comparison.runs)
    columns = ("run", "state", "last step", "accuracy at end", "steps to target", "between")
    return Table("runs", "Every run", columns, rows)


def everything(a: Analysis) -> list[Table]:
    """All tables, in the order of the page."""
    makers = (
        *(verdicts, arms, along.table, costs.table, costs.grid, ladder.table, tuning.table),
        *(benchmarks.measured, benchmarks.reported, tasks, costs.by_task, claims),
        *(totals, health, mismatch, contract, data, runs),
    )
    return [make(a) for make in makers]


def _run(a: Analysis, run: Run, added: bool) -> tuple[str, ...]:
    later = ", added later" if added else ""
    if not len(run.evals):
        return (run.name, run.state + later, "–", "–", "–", words.reason(run))
    why = f": {words.reason(run)}" if run.reason and run.state == "failed" else ""
    state = run.state + why + later
    end = f"{100 * at_end(run):.1f} %"
    if not is_there(a.targets, a.gain):
        return (run.name, state, f"{run.last_step:g}", end, "–", "–")
    cross = crossing(run.evals, a.target)
    if not cross.reached:
        return (run.name, state, f"{run.last_step:g}", end, f"> {cross.at:g}", "not reached")
    between = f"{number(cross.low, 4)} and {number(cross.high, 4)}"
    return (run.name, state, f"{run.last_step:g}", end, number(cross.at, 4), between)


def _called(a: Analysis, arm: str, algorithm: str) -> str:
    """An arm with its algorithm, where its name is another, and its own of the optimiser."""
    runs = a.comparison.of(arm)
    own = {k: v for k, v in runs[0].settings.items() if k.startswith("optim.")} if runs else {}
    extra = [algorithm] * (algorithm != arm) + [f"{name}={value:g}" for name, value in own.items()]
    return f"{arm} ({', '.join(extra)})" if extra else arm


def _often(share: float) -> str:
    if share != share:
        return "–"
    return "< 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:12]}…" if len(text) == 64 else text


def _some(values: Sequence[Any]) -> str:
    return " / ".join(_plain(v) for v in values[:4])
