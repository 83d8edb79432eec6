"""Why the verdict is what it is: every condition with its number, what would make it hold, and the
task that decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from srpo_bench.results.judgement.headroom import Headroom
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.starving import Starving
from srpo_bench.results.progress import ENDED
from srpo_bench.results.report.analysis import Analysis, task_names
from srpo_bench.results.report.unit import change, changes
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast, estimate
from srpo_bench.results.statistics.inference import mean
from srpo_bench.results.statistics.race import MARGIN, MIN_PAIRS, MIN_REACHED
from srpo_bench.results.text import number, pairs_told, points, signed, some

State = Literal["yes", "no", "unknown"]
FINISHED = "Finished"
STATES: dict[bool | None, State] = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True)
class Check:
    """A condition: does it hold, what was found, and what is asked."""

    name: str
    state: State
    found: str
    asked: str
    remedy: str = ""
    """What would make it hold, of a condition that does not and without which there is no verdict;
    settings are those of ``bench compare``."""


def checks(a: Analysis, arm: str) -> list[Check]:
    """The headline claim's conditions on one challenger, in the order a verdict needs them."""
    judge = a.judges[arm]
    rows = [_finished(a, arm), _matched(judge)]
    if a.gain is None:
        return rows
    c = judge.contrast
    more = "more seeds (`--seeds`)"
    rows += [
        _check("Pairs", c.n >= MIN_PAIRS, pairs_told(c.n), f"at least {MIN_PAIRS}", more),
        *_looks(c),
        *_baseline(a, c),
        *_room(judge.headroom),
        _fed(judge.starving),
    ]
    threshold = 1.0 if a.threshold is None else a.threshold
    cell = c.axes.get(a.axis)
    if cell is None or not cell.ratio.n:
        return rows
    return [*rows, *_interval(cell, threshold), *_kept(c, cell)]


def remedies(checks: Sequence[Check]) -> str:
    """What a verdict would take; empty where nothing of a plan's would, and while runs are under
    way, since a condition may still come to hold."""
    told = [check.remedy for check in checks if check.remedy]
    if not told or any(check.name == FINISHED and check.state == "no" for check in checks):
        return ""
    return (
        f"What a verdict would take: {'; '.join(told)}. Settings that are chosen after a look at "
        "these runs belong in a comparison of their own, on other seeds."
    )


def deciding(a: Analysis, arm: str) -> str:
    """The task that carries the difference, in a sentence; empty with fewer than two tasks.

    Accuracy is the plain mean over tasks, so the arms' gap at a step is the mean of the tasks' own.
    """
    tasks, pair = task_names(a.comparison), a.judges[arm].contrast
    if len(tasks) < 2 or not np.isfinite(step := pair.baseline_steps):
        return ""
    seeds = pair.seeds
    gaps = {t: _at(a, arm, t, seeds, step) - _at(a, a.baseline, t, seeds, step) for t in tasks}
    total = float(np.mean(list(gaps.values())))
    side = 1 if total >= 0 else -1
    first, *_, last = sorted(gaps, key=lambda t: -side * gaps[t])
    short = pair.steps is not None and pair.steps.bound in ("upper", "neither")
    there = "ends" if short else "has spent what it spends to target"
    where = f"At step {number(step)}, where {a.baseline} {there}"
    return (
        f"{where}, {arm} is {100 * abs(total):.1f} points {'ahead' if side > 0 else 'behind'}: "
        f"{first} decides, with {signed(gaps[first])} points; {last} adds least, with "
        f"{signed(gaps[last])}."
    )


def _at(a: Analysis, arm: str, task: str, seeds: tuple[int, ...], step: float) -> float:
    runs = [r for r in a.comparison.of(arm) if r.seed in seeds]
    at = [np.interp(step, r.evals.step, r.evals.tasks[task]) for r in runs]
    return float(np.mean(at))


def _check(name: str, holds: bool | None, value: str, needed: str, remedy: str = "") -> Check:
    return Check(name, STATES[holds], value, needed, remedy if holds is False else "")


def _finished(a: Analysis, arm: str) -> Check:
    runs = a.comparison.of(a.baseline) + a.comparison.of(arm)
    ended = [r for r in runs if r.state in ENDED]
    failed = sum(r.state == "failed" for r in ended)
    value = f"{len(ended)} of {len(runs)} runs" + (f", {failed} of them failed" if failed else "")
    return _check(FINISHED, len(ended) == len(runs), value, "all")


def _matched(judge: Judge) -> Check:
    proof = judge.matched
    if proof:
        return _check("Matched", True, f"{proof.fields} of {proof.fields} fields equal", "all")
    lacking = [*proof.differing, *proof.unknown]
    value = some(lacking) or "no contract"
    if proof.copies:
        value = some(proof.copies)
    if judge.vouched:
        return _check("Matched", None, f"vouched for, not proved: {value}", "all fields equal")
    remedy = "runs of one plan, which `bench compare` matches by construction"
    if not (proof.differing or proof.copies):
        remedy += "; or your word for what is only unknown (`--vouch-matched`)"
    return _check("Matched", False, f"differ or unknown: {value}", "all fields equal", remedy)


def _looks(c: Contrast) -> list[Check]:
    """Seeds that were added after a look, which asks for wider intervals."""
    if c.first_look is None:
        return []
    value = f"{c.first_look} pairs were looked at before others were added"
    needed = f"intervals that hold at every look: two-sided p {c.alpha:.2g}"
    return [_check("Looks", True, value, needed)]


def _baseline(a: Analysis, c: Contrast) -> list[Check]:
    assert a.gain is not None
    gained = mean(a.gain.by_seed, floor=a.gain.error)
    learns = _check(
        "The baseline learns",
        bool(gained.low > 0) if gained.has_interval else None,
        points(gained),
        "a gain told apart from none",
        "a longer training, or a finer evaluation (`evaluation.problems`, `evaluation.k`)",
    )
    if c.steps is None:
        return [learns]
    share, fell = c.baseline_share, bool(c.steps.race.collapsed[1])
    arrives: bool | None = share >= MIN_REACHED and not fell
    runs = a.comparison.of(a.baseline)
    under_way = sum(run.state not in ENDED for run in runs)
    if not arrives and not fell and share + under_way / max(len(runs), 1) >= MIN_REACHED:
        arrives = None  # those that are under way may still arrive
    value = f"{100 * share:.0f} % of its runs" + (", and it collapses" if fell else "")
    value += f"; under way: {under_way}" if under_way else ""
    needed = f"{100 * MIN_REACHED:.0f} % of its runs, and no collapse"
    lower = "a target that nearly all of the baseline's runs keep (`--target`)"
    remedy = f"{lower}, or a training that goes on until they end alike"
    if fell:
        remedy = "a lower learning rate (`bench tune`), or a budget that ends before it falls"
    return [learns, _check("It reaches the target", arrives, value, needed, remedy)]


def _room(room: Headroom) -> list[Check]:
    share, known = f"{100 * room.share:.3g} % of the baseline's steps", np.isfinite(room.limit)
    within = f"by step {number(room.limit)}, {share}" if known else f"within {share}, not known yet"
    first = room.first
    sooner = (
        "a rule that can act sooner (a smaller pool, `data.pool_size`, makes an epoch shorter), "
        "or a longer way to the target (a lower learning rate)"
    )
    if first is None:
        rule = _check("Headroom", None, "when the rule can act is not recorded", within)
    elif first == np.inf:
        rule = _check("Headroom", False, "the method's rule never acts", within, sooner)
    else:
        value = (
            f"the method's rule can act from step {number(first)}"
            if first
            else "nothing to wait for"
        )
        holds = first <= room.limit if known else None
        rule = _check("Headroom", holds, value, within, sooner)
    second, often = (
        room.second_evaluation,
        "earlier evaluations (`evaluation.early_every` and `early_until`)",
    )
    if np.isnan(second):
        return [rule, _check("Cadence", False, "there is no second evaluation", within, often)]
    value = f"the second evaluation is at step {second:g}"
    holds = bool(second <= room.limit) if known else None
    return [rule, _check("Cadence", holds, value, within, often)]


def _fed(fed: Starving) -> Check:
    """Health: prompts enough to train on, by the plan; a challenger that starves is judged."""
    short = fed.challenger_steps.short
    value = f"short of prompts in {100 * short:.0f} % of {fed.challenger}'s steps"
    if np.isnan(short):
        value = "prompts in the pool are not recorded"
    if fed.at is not None and fed.lacking:
        value = f"the plan starves it from step {number(fed.at)}"
    needed = f"a batch of live prompts up to step {number(fed.crossing)}, the baseline's crossing"
    if np.isnan(fed.crossing):
        value, needed = "not known yet", "a batch of live prompts up to the baseline's crossing"
    holds = None if np.isnan(short) and not fed.lacking else not fed.lacking
    return _check("Health", holds, value, needed, "a larger pool (`data.pool_size`)")


def _interval(cell: AxisContrast, threshold: float) -> list[Check]:
    """The interval, its two estimators, and the pairs that arrived: all on one side?"""
    claimed = f"all on one side of {change(threshold)}"
    race, ratio, arrived = cell.race, cell.ratio, estimate(cell.race.among_arrived)
    every, among_arrived = (int(x.side(threshold)) for x in (race.speed, race))
    parts = {"crossing": race.speed.crossing, "inversion": race.speed.inversion}
    by_estimator = "; ".join(
        f"by {name} {changes(replace(ratio, low=float(x.low), high=float(x.high)))}"
        for name, x in parts.items()
    )
    some_pairs = f"{changes(arrived)}, {arrived.n} pairs" if arrived.n else "in no pair did both"
    agree = every != 0 if ratio.has_interval else None
    return [
        _check("Interval", every != 0, changes(ratio), claimed),
        _check("Second test", agree, by_estimator, "the same side"),
        _check("Among those that arrive", among_arrived != 0, some_pairs, "the same side"),
        *_missing(cell, threshold, every),
    ]


def _missing(cell: AxisContrast, threshold: float, side: int) -> list[Check]:
    """The interval with the runs that are missing at their worst and at their best."""
    if cell.extremes is None:
        return []
    ends = [changes(estimate(race.speed)) for race in cell.extremes]
    holds = side != 0 and all(int(race.side(threshold)) == side for race in cell.extremes)
    value = f"at their worst {ends[0]}; at their best {ends[1]}"
    return [_check("Whatever is missing", holds, value, "the same side")]


def _kept(c: Contrast, cell: AxisContrast) -> list[Check]:
    """What only a support asks for."""
    race, n = cell.race, len(cell.race.arrived[0])
    arrive = int(race.arrived[0].sum())
    end = mean(race.final, floor=float(race.error))
    margin = 100 * MARGIN * float(race.gain.mean())
    needed = f"no worse than −{margin:.1f} points" if margin > 0 else "a gain of the baseline's"
    fell = bool(race.collapsed[0])
    return [
        _check(
            f"{c.challenger} arrives",
            float(race.reach[0]) >= MIN_REACHED,
            f"{arrive} of {n} runs",
            f"{100 * MIN_REACHED:.0f} % of them, for a support",
        ),
        _check(
            f"{c.challenger} keeps it",
            bool(race.as_good) and not fell,
            f"{points(end)} at the end" + (", and it collapses" if fell else ""),
            f"{needed}, for a support",
        ),
    ]
