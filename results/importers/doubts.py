"""What looks wrong in what was read, though it may be right: reported, never corrected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import sqrt
from statistics import fmean

from srpo_bench.results.importers.record import AXES, Record
from srpo_bench.results.importers.shelf import Run, Shelf

SMALL = 0.01
NEAR, ENOUGH = 0.95, 3
"""Of the standard deviation of one answer, what passes for it; and the evaluations that show it."""
MANY = 1e6
"""Answers that no evaluation asks for."""
LONG, OFTEN = 10, 0.6
"""Evaluations from which, and the share of them from which repeats are told."""
FAR = 20.0
"""Times that two accuracies differ by where one may be in percent (a hundredfold)."""
SPENT, EARLY = 0.5, 0.2
"""The share of a run's cost that no run has spent within that share of its steps."""
SAME = 5
"""Different accuracies in a curve that another run does not repeat by chance."""
PERCENT = re.compile(r"%|percent|pct", re.I)


def doubts(shelf: Shelf, columns: Iterable[str], scale: float) -> list[str]:
    """Sentences about what seems to be something else than it was read as."""
    largest: dict[str, float] = {}
    of_task: dict[str, float] = {}
    curves: dict[int, Run] = {}
    twins: list[tuple[Run, Run]] = []
    early: list[str] = []
    sentences = []
    for run in shelf.runs:
        groups = list(shelf.evaluations(run))
        curve = [fmean(r.accuracy for r in group) for group in groups]
        sentences += _deviations(run, [r for group in groups for r in group])
        largest[run[0]] = max(largest.get(run[0], 0.0), *curve)
        sentences += [*_outliers(run, curve), *_repeated(run, curve)]
        early += _early(run, groups)
        shape = hash(tuple((group[0].step, now) for group, now in zip(groups, curve, strict=True)))
        if (other := curves.setdefault(shape, run)) != run and len(set(curve)) >= SAME:
            twins.append((other, run))
        for record in (r for group in groups for r in group if r.accuracy):
            of_task[record.task] = max(of_task.get(record.task, 0.0), record.accuracy)
    units = [*_low(largest), *(_low(of_task) if scale < 1 else [])]
    whole = [*_twins(twins), *_totals(early), *units, *_unscaled(largest, columns, scale)]
    return [*sentences, *whole]


def _outliers(run: Run, curve: list[float]) -> list[str]:
    """Evaluations far below both of their neighbours. None right says so beside neighbours only
    that chance does not bring down to it."""
    odd = [
        now
        for before, now, after in zip(curve, curve[1:], curve[2:], strict=False)
        if FAR * (now or SMALL) <= min(before, after)
    ]
    if not odd:
        return []
    return [
        f"{run[0]}, seed {run[1]}: {len(odd)} of {len(curve)} accuracies are far below both of "
        f"their neighbours (the first is {100 * odd[0]:.3g} %): percent and fractions in one log, "
        "or an evaluation that failed?"
    ]


def _repeated(run: Run, curve: list[float]) -> list[str]:
    """A curve most of which repeats the evaluation before it, not for having reached an end."""
    same = sum(before == now and 0 < now < 1 for before, now in pairwise(curve))
    if len(curve) < LONG or same < OFTEN * (len(curve) - 1):
        return []
    return [
        f"{run[0]}, seed {run[1]}: {same} of {len(curve)} accuracies repeat the one before: filled "
        "in between evaluations? Then keep the steps that were evaluated, for a curve in stairs is "
        "read as it stands."
    ]


def _deviations(run: Run, records: list[Record]) -> list[str]:
    """Standard errors of one answer, or of a million, evaluation by evaluation."""
    told = [(r.stderr, sqrt(r.accuracy * (1 - r.accuracy))) for r in records if r.stderr]
    if len(told) < ENOUGH:
        return []
    if all(MANY * error**2 < one**2 for error, one in told):
        return [
            f"{run[0]}, seed {run[1]}: every stderr is that of more than a million answers (the "
            f"first is {told[0][0]:.3g}): in fractions, and the accuracy in percent?"
        ]
    if not all(error >= NEAR * one for error, one in told):
        return []
    return [
        f"{run[0]}, seed {run[1]}: every stderr is that of one single answer (the first is "
        f"{told[0][0]:.3g}): a standard deviation? Then divide it by the root of the number of "
        "answers."
    ]


def _totals(early: list[str]) -> list[str]:
    """Once for all runs and axes."""
    more = f" (more that are so: {len(early) - 1})" * (len(early) > 1)
    said = "what one step costs? They must be running totals."
    return [f"{early[0]}{more}: {said}"] if early else []


def _early(run: Run, groups: list[list[Record]]) -> list[str]:
    """Costs most of which are there when training has hardly begun."""
    return [
        f"{run[0]}, seed {run[1]}: {spent:.10g} of {total:.10g} {axis} are spent by step {step} of "
        f"{groups[-1][0].step}"
        for axis in AXES
        for step, spent, total in _first(groups, axis)
        if step <= EARLY * groups[-1][0].step and spent >= SPENT * total
    ]


def _first(groups: list[list[Record]], axis: str) -> list[tuple[int, float, float]]:
    """Step, running total and whole of the first evaluation that had cost anything."""
    told = [(r.step, v) for group in groups for r in group if (v := getattr(r, axis)) is not None]
    steps = {step for step, _ in told}
    costly = [(step, spent) for step, spent in told if spent > 0]
    return [(*costly[0], told[-1][1])] if costly and len(steps) >= ENOUGH else []


def _twins(twins: list[tuple[Run, Run]]) -> list[str]:
    """Runs of one curve; several seeds of one arm that are so may be no several runs."""
    if not twins:
        return []
    one, other = twins[0]
    more = f" (more that do so: {len(twins) - 1})" * (len(twins) > 1)
    return [
        f"{other[0]}, seed {other[1]}, repeats {one[0]}, seed {one[1]}, step by step{more}: one "
        "log under two names?"
    ]


def _low(largest: Mapping[str, float]) -> list[str]:
    """Of arms or data sets: those that stay below 1 % beside one that does not."""
    best = max(largest.values(), default=0.0)
    low = [name for name, value in largest.items() if value < SMALL and FAR * value <= best]
    if not low or best < SMALL:
        return []
    top = max(largest, key=lambda name: largest[name])
    return [
        f"{', '.join(low)} never gets above 1 %, {top} reaches {100 * best:.3g} %: is one in "
        "fractions and the other in percent? --scale holds for all that is read."
    ]


def _unscaled(largest: Mapping[str, float], columns: Iterable[str], scale: float) -> list[str]:
    best = max(largest.values())
    named = [c for c in columns if PERCENT.search(c)]
    if scale == 1 and named:
        return [
            f"'{named[0]}' sounds like percent and was read as fractions, the largest "
            f"{100 * best:.3g} %; if it is percent, add --scale 0.01."
        ]
    if scale < 1 and best < SMALL:
        return [
            f"With --scale {scale:g} no accuracy is above {100 * best:.2g} %: were they fractions "
            "already?"
        ]
    return []
