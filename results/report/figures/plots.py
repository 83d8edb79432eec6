"""The figures. Each takes an analysis and returns a matplotlib figure, or None: nothing to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from srpo_bench.results import text
from srpo_bench.results.report import answer
from srpo_bench.results.report.analysis import Analysis, task_names
from srpo_bench.results.report.figures import curves, ladder
from srpo_bench.results.report.figures import marks as draw
from srpo_bench.results.report.figures.marks import colour, per_cent
from srpo_bench.results.report.look import banded, look
from srpo_bench.results.report.style import INK, PAPER, SOFT
from srpo_bench.results.statistics import across, scores
from srpo_bench.results.statistics.mismatch import LARGE_KL, mismatches
from srpo_bench.results.statistics.steps import crossing
from srpo_bench.results.text import NAMES

MAX_ROWS = 80
"""Runs that are still legible as rows of a figure."""
SLOWEST = 20.0
"""Times the steps of the fastest, up to which arms are told apart."""


def accuracy(a: Analysis) -> Figure | None:
    """Accuracy against steps: mean, band, target line, each run's crossing."""
    figure, axes = draw.figure(7.6, 4.0)
    drawn = [arm for arm in a.comparison.arms if draw.accuracy(axes, a, arm, "steps")]
    if not drawn:
        return None
    if a.gain:
        draw.crossings(axes, a, drawn)
        for arm in answer.own(a)[:1]:
            draw.claim(axes, a, arm)
    axes.set_xlabel(NAMES["steps"])
    axes.set_ylabel("held-out accuracy")
    draw.legend(axes)
    return figure


def costs(a: Analysis) -> Figure | None:
    """The same against responses, tokens, seconds and FLOPs."""
    shown = [x for x in ("responses", "tokens", "seconds", "flops") if draw.is_recorded(a, x)]
    if not shown:
        return None
    rows = (len(shown) + 1) // 2
    figure, panels = draw.figure(7.6, 2.5 * rows, rows, min(2, len(shown)))
    flat = np.atleast_1d(panels).ravel()
    for axes, axis in zip(flat, shown, strict=False):
        for arm in a.comparison.arms:
            draw.accuracy(axes, a, arm, axis)
        if a.gain:
            axes.axhline(a.target, color=INK, lw=0.8, ls=(0, (4, 3)))
        axes.set_xlabel(NAMES[axis])
        axes.xaxis.set_major_formatter(FuncFormatter(text.short))
    for axes in flat[len(shown) :]:
        axes.set_visible(False)
    figure.supylabel("held-out accuracy", color=SOFT, size="medium")
    draw.legend(flat[0])
    return figure


def ratios(a: Analysis) -> Figure | None:
    """Cost to target, challenger over baseline, on every axis."""
    rows = [
        (axis, arm, judge.contrast.axes[axis].ratio)
        for axis in NAMES
        for arm, judge in a.judges.items()
        if axis in judge.contrast.axes
    ]
    rows = [row for row in rows if row[2].value > 0]
    if not rows:
        return None
    figure, axes = draw.figure(7.6, 1.0 + (0.3 if len(a.judges) < 3 else 0.19) * len(rows))
    y, ticks = 0.0, dict[float, str]()
    for axis in dict.fromkeys(r[0] for r in rows):
        inside = [r for r in rows if r[0] == axis]
        ticks[y + (len(inside) - 1) / 2] = text.SHORT.get(axis, axis)
        for _, arm, ratio in inside:
            draw.whisker(axes, y, ratio, a, arm)
            y += 1
        y += 0.4
    draw.rows(axes, ticks, y - 1.4)
    draw.ratio_axis(axes, [r for _, _, r in rows], a.threshold)
    axes.set_xlabel(f"cost to target relative to {a.baseline} (log scale)")
    draw.legend_once(axes)
    return figure


def grid(a: Analysis) -> Figure | None:
    """Ratio of steps over the grid of targets."""
    if not a.grid:
        return None
    labels, many = [label for label, _ in a.points(next(iter(a.grid)))], len(a.grid)
    n = len(labels)
    figure, axes = draw.figure(7.6, 0.8 + (0.26 if many < 3 else 0.19) * n * max(many, 1.4))
    every = []
    for j, arm in enumerate(a.grid):
        for i, (_, contrast) in enumerate(a.points(arm)):
            ratio = contrast.ratio
            if ratio.value > 0:
                every.append(ratio)
                draw.whisker(axes, i + 0.8 * (j + 0.5) / many - 0.4, ratio, a, arm)
    draw.rows(axes, dict(enumerate(labels)), n - 1)
    draw.ratio_axis(axes, every, a.threshold)
    axes.set_xlabel(f"steps to target relative to {a.baseline} (log scale)")
    draw.legend_once(axes)
    return figure


def survival(a: Analysis) -> Figure | None:
    """Share of runs not yet at the target."""
    if not a.gain:
        return None
    figure, axes = draw.figure(7.6, 3.0)
    for name, arm in a.arms.items():
        s = arm.survival
        if not s.n:
            continue
        seen = max(run.last_step for run in a.comparison.of(name))
        end = min(seen, a.comparison.horizon)  # beyond it nobody was watched
        x, below = np.append(s.steps, end), np.append(s.below, s.below[-1])
        label = f"{name} (n = {s.n})"
        axes.step(x, below, where="post", label=label, **_line(a, name))
        if name in banded(a):
            low, high = np.append(s.low, s.low[-1]), np.append(s.high, s.high[-1])
            axes.fill_between(x, low, high, step="post", color=colour(a, name), alpha=0.12, lw=0)
    axes.set(ylim=(-0.02, 1.03), xlabel=NAMES["steps"], ylabel="not yet at target")
    axes.yaxis.set_major_formatter(per_cent)
    draw.legend(axes)
    return figure


def pairs(a: Analysis) -> Figure | None:
    """Every run's crossing by seed, the evaluations around it, a triangle where there is none."""
    seeds, arms = a.comparison.seeds, a.comparison.arms
    if not a.gain or len(seeds) * len(arms) > MAX_ROWS:
        return None
    figure, axes = draw.figure(7.6, 0.9 + 0.24 * len(seeds) * max(1, len(arms) / 2))
    for arm in arms:
        axes.scatter([], [], color=colour(a, arm), s=25, label=arm)
    for run in (run for arm in arms for run in a.comparison.of(arm)):
        if not len(run.evals):
            continue
        y = seeds.index(run.seed) + 0.7 * (arms.index(run.arm) - (len(arms) - 1) / 2) / len(arms)
        cross, paint = crossing(run.evals, a.target), colour(a, run.arm)
        if cross.reached:
            axes.plot([cross.low, cross.high], [y, y], color=paint, lw=4, alpha=0.35)
            inside = paint if run.state == "done" else PAPER
            axes.plot(cross.at, y, "o", mec=paint, mfc=inside, ms=5)
        else:
            axes.plot(cross.at, y, ">", mfc=PAPER, mec=paint, ms=6)
    draw.rows(axes, {i: f"seed {seed}" for i, seed in enumerate(seeds)}, len(seeds) - 1)
    axes.set(xlim=(0, a.comparison.horizon * 1.04), xlabel=NAMES["steps"])
    draw.legend_once(axes)
    return figure


def tasks(a: Analysis) -> Figure | None:
    """Accuracy at the end, by task."""
    names = task_names(a.comparison)
    if not names:
        return None
    shown = {arm: r.tasks for arm, r in a.arms.items() if any(r.tasks[t].n for t in names)}
    if not shown:
        return None
    figure, axes = draw.figure(7.6, 0.8 + 0.2 * len(names) * (len(shown) + 1))
    for j, (arm, scored) in enumerate(shown.items()):
        for i, task in enumerate(names):
            e = scored[task]
            y = i + 0.8 * (j + 0.5) / len(shown) - 0.4
            if e.has_interval:
                axes.plot([e.low, e.high], [y, y], color=colour(a, arm), lw=2)
            marker, label = look(a, arm).marker, arm if i == 0 else None
            axes.plot(e.value, y, marker, color=colour(a, arm), ms=5.5, label=label)
    draw.rows(axes, dict(enumerate(names)), len(names) - 1)
    axes.xaxis.set_major_formatter(per_cent)
    axes.grid(axis="x")
    axes.set_xlabel("accuracy at the end (mean of the last two evaluations, 95 % interval)")
    draw.legend_once(axes)
    return figure


def training(a: Analysis) -> Figure | None:
    """Response length, groups without variance, pool size."""
    drawn = {
        name: {arm: curves.training(a.comparison.of(arm), name) for arm in a.comparison.arms}
        for name in curves.TRAINING
    }
    drawn = {k: v for k, v in drawn.items() if any(v.values())}
    if not drawn:
        return None
    rows = (len(drawn) + 1) // 2
    figure, grid_of = draw.figure(7.6, 2.4 * rows, rows, 2)
    for axes, (name, bands) in zip(grid_of.ravel(), drawn.items(), strict=False):
        for arm, band in bands.items():
            if band:
                draw.band(axes, band, a, arm, arm)
        axes.set_title(curves.TRAINING[name])
        axes.set_xlabel(NAMES["steps"])
        if name in curves.SHARES:
            axes.yaxis.set_major_formatter(per_cent)
        axes.set_ylim(bottom=0)
    for axes in grid_of.ravel()[len(drawn) :]:
        axes.set_visible(False)
    draw.legend(grid_of.ravel()[0])
    return figure


def mismatch(a: Analysis) -> Figure | None:
    """Engine against learner: KL, and the effective sample size of whole responses."""
    arms = mismatches(a.comparison)
    if not arms:
        return None
    figure, (left, right) = draw.figure(7.6, 2.6, 1, 2)
    panels = {"mismatch_kl": left, "mismatch_ess_sequence": right}
    for name, axes in panels.items():
        for arm in arms:
            band = curves.training(a.comparison.of(arm), name)
            if band:
                draw.band(axes, band, a, arm, arm)
        axes.set_xlabel(NAMES["steps"])
    left.axhline(LARGE_KL, color=INK, lw=0.8, ls=(0, (4, 3)))
    left.set_yscale("log")
    left.set_title("KL(engine ‖ learner), nats a token")
    right.set_title("effective responses")
    right.set_ylim(-0.02, 1.03)
    right.yaxis.set_major_formatter(per_cent)
    draw.legend(right)
    return figure


def profiles(a: Analysis) -> Figure | None:
    """Performance profile over thresholds, and time-to-target profile over tasks."""
    names, times = task_names(a.comparison), draw.task_times(a)
    done = {arm: [r for r in a.comparison.of(arm) if r.state == "done"] for arm in a.arms}
    if not times or len(names) < 2 or not any(done.values()):
        return None
    figure, (left, right) = draw.figure(7.6, 2.9, 1, 2)
    scored = {arm: scores.score_matrix(runs, names) for arm, runs in done.items() if runs}
    thresholds = np.linspace(max(0, min(s.min() for s in scored.values()) - 0.05), 1, 201)
    for arm, table in scored.items():
        share = across.profile(table, thresholds)
        left.plot(thresholds, share, label=arm, **_line(a, arm))
    left.set(xlabel="accuracy at the end", ylabel="share above it", ylim=(-0.02, 1.03))
    left.xaxis.set_major_formatter(per_cent)
    draw.legend(left)
    factors = np.geomspace(1, SLOWEST, 200)
    steps = across.time_profile(times, factors)
    for arm, share in steps.items():
        right.step(factors, share, where="post", **_line(a, arm))
    still = max(np.argmax(share == share[-1]) for share in steps.values())
    right.set_xscale("log")
    right.set_xlim(0.98, max(1.5, 1.1 * factors[still]))
    ticks = [x for x in (1, 1.2, 1.5, 2, 3, 5, 10, 20) if x <= right.get_xlim()[1]]
    right.set_xticks(ticks, [f"{x:g} ×" for x in ticks])
    right.minorticks_off()
    right.set(xlabel="times the steps of the fastest", ylabel="tasks by then", ylim=(-0.02, 1.03))
    for axes in (left, right):
        axes.yaxis.set_major_formatter(per_cent)
    return figure


def _line(a: Analysis, arm: str) -> dict[str, Any]:
    """How an arm's line without marks is drawn."""
    thick = 1.8 if look(a, arm).front else 0.9
    return {"color": colour(a, arm), "ls": draw.dash(a, arm), "lw": thick}


FIGURES = {
    "accuracy": accuracy,
    "ratios": ratios,
    "pairs": pairs,
    "costs": costs,
    "survival": survival,
    "grid": grid,
    "ladder": ladder.figure,
    "tasks": tasks,
    "profiles": profiles,
    "training": training,
    "mismatch": mismatch,
}
