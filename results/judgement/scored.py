"""Claims about scores: within a margin of another arm's, or above them.

Where both arms' records hold the number right of k for every problem, the test is over problems,
paired, with seeds as rows of the same table: a single released model has no seeds to be paired by.
Otherwise it is over seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from srpo_bench.results.judgement.claims import Equivalence, Superiority
from srpo_bench.results.judgement.finding import Finding, place, ruled
from srpo_bench.results.judgement.rules import Ruling, too_few
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics import sampling, scores
from srpo_bench.results.statistics.inference import Estimate, differs, equivalence, mean
from srpo_bench.results.statistics.problems import Counts, Paired, paired
from srpo_bench.results.statistics.sequential import first_look, tail_of
from srpo_bench.results.text import points

MIN_PROBLEMS = 30
"""Fewer give no verdict: the interval over problems is a normal one."""


def test(comparison: Comparison, challenger: str, claim: Equivalence | Superiority) -> Finding:
    """The challenger's scores against the comparator's."""
    other = comparison.spelled(claim.comparator)
    if challenger == other:
        return _none(f"{other} is what the claim compares with, not what it is made of")
    arms = [[r for r in comparison.of(a) if r.state == "done"] for a in (challenger, other)]
    if not all(arms):
        return _none(f"there are no finished runs of {other} here")
    done = [run for runs in arms for run in runs]
    score = scores.scorer(done, claim.tasks)
    scores_by_run = {run.name: score(run) for run in done}
    if np.isnan(list(scores_by_run.values())).any():
        return _none(f"not every run was scored on {', '.join(claim.tasks)}")
    tables = [_over_problems(arms[0], arms[1], task) for task in claim.tasks]
    paired_tables = [table for table in tables if table is not None]
    pairs = len({run.seed for run in arms[0]} & {run.seed for run in arms[1]})
    tail = tail_of(pairs, first_look(comparison.plan, challenger, other))
    measured = f"{challenger} less {other}: "
    if len(paired_tables) == len(tables):
        return _by_problem(measured, paired_tables, claim, tail)

    def scored(run: Run) -> float:
        return scores_by_run.get(run.name, float("nan"))

    d = scores.differences(comparison, (challenger, other), scored, scored)
    floor = sampling.variance(done) / max(len(d.complete), 1)
    if isinstance(claim, Equivalence):
        result = equivalence(d.complete, claim.margin, 2 * tail, floor)
        interval = partial(mean, level=1 - 4 * tail, floor=floor)
        p, measured = result.p, measured + points(result.difference)
    else:
        interval = partial(mean, level=1 - 2 * tail, floor=floor)
        p, measured = differs(d.complete, floor), measured + points(interval(d.complete))
    finding = ruled(measured, d, interval, _within(claim), p, too_few(len(d.complete)))
    return replace(finding, p_of=_null(claim))


def _by_problem(
    measured: str, tables: Sequence[Paired], claim: Equivalence | Superiority, tail: float
) -> Finding:
    """Over the problems of all tasks, which weigh the same whatever their size."""
    from scipy.special import ndtr, ndtri

    value = float(np.mean([t.difference.value for t in tables]))
    error = float(np.sqrt(sum(t.stderr**2 for t in tables))) / len(tables)
    n = sum(t.difference.n for t in tables)
    half = ndtri(1 - (2 * tail if isinstance(claim, Equivalence) else tail)) * error
    estimate = Estimate(value, value - half, value + half, n, "over problems")
    if isinstance(claim, Equivalence):
        p = float(ndtr((abs(value) - claim.margin) / error))
    else:
        p = float(2 * ndtr(-abs(value) / error))
    measured += f"{points(estimate)} over {n} problems, taken for a sample of their kind"
    if n < MIN_PROBLEMS:
        reason = f"{n} problems, and a verdict over problems needs at least {MIN_PROBLEMS}"
        return Finding(Ruling("no-verdict", reason), difference=estimate, p=p, p_of=_null(claim))
    side = place(estimate, _within(claim))
    ruling = {
        "inside": Ruling("supported", measured),
        "across": Ruling("inconclusive", f"{measured}; the interval does not settle it"),
    }.get(side, Ruling("refuted", measured))
    return Finding(ruling, difference=estimate, p=p, p_of=_null(claim))


def _over_problems(ours: Sequence[Run], theirs: Sequence[Run], task: str) -> Paired | None:
    """One task's paired test; None where the records do not make one."""
    sides = [{run.seed: run for run in runs} for runs in (ours, theirs)]
    common = sorted(sides[0].keys() & sides[1].keys())
    if len(common) < max(len(sides[0]), len(sides[1])) and 1 not in map(len, sides):
        return None
    tables, ks = [], []
    for side in sides:
        runs = [side[s] for s in common] if len(common) == len(side) else list(side.values())
        recorded = [_score(run, task) for run in runs]
        if any(not score.get("correct") for score in recorded):
            return None
        if len({(len(score["correct"]), score["k"]) for score in recorded}) > 1:
            return None
        counts: Counts = np.array([score["correct"] for score in recorded], dtype=np.int64)
        tables.append(counts)
        ks.append(int(recorded[0]["k"]))
    if tables[0].shape[1] != tables[1].shape[1]:
        return None
    return paired(tables[0], ks[0], tables[1], ks[1])


def _score(run: Run, task: str) -> Mapping[str, Any]:
    return run.final.get(task) or run.evals.last.get(task) or {}


def _within(claim: Equivalence | Superiority) -> tuple[float, float]:
    return (-claim.margin, claim.margin) if isinstance(claim, Equivalence) else (0.0, np.inf)


def _null(claim: Equivalence | Superiority) -> str:
    if isinstance(claim, Equivalence):
        return f"they lie {100 * claim.margin:g} points apart or more; two one-sided"
    return "no difference; two-sided"


def _none(reason: str) -> Finding:
    return Finding(Ruling("no-verdict", reason))
