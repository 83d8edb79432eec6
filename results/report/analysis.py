"""Everything a report says, computed once: the numbers behind figures, tables and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.claims import Claim, Ratio, load
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.ladder import Rung, ladder
from srpo_bench.results.judgement.matched import Matched, matched
from srpo_bench.results.judgement.neutral import Neutral, equal_steps, neutrals
from srpo_bench.results.judgement.starving import batch_of
from srpo_bench.results.judgement.targets import Target, checked, targets
from srpo_bench.results.progress import progress
from srpo_bench.results.runs import Comparison, read
from srpo_bench.results.statistics import across, benchmarks, sampling, scores
from srpo_bench.results.statistics.benchmarks import BenchmarkMean
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast, contrast
from srpo_bench.results.statistics.health import Health, window
from srpo_bench.results.statistics.inference import Estimate, mean, share
from srpo_bench.results.statistics.speed import Goal
from srpo_bench.results.statistics.steps import GRID, Gain, gain
from srpo_bench.results.statistics.survival import Survival, survival
from srpo_bench.results.store import ResultsError


@dataclass(frozen=True)
class ArmResult:
    """One arm."""

    name: str
    algorithm: str
    base: Estimate
    """Accuracy at step 0 over seeds."""
    final: Estimate
    """Mean of the last two evaluations, over finished runs."""
    tasks: dict[str, Estimate]
    """The same by task."""
    benchmark: dict[str, BenchmarkMean]
    """Scores at the end by benchmark: of final.json, else of the last evaluation."""
    survival: Survival
    totals: dict[str, float]
    """Sums over all its runs of the ledger and of seconds."""
    states: dict[str, int]
    iqm: Estimate


@dataclass(frozen=True)
class TaskContrast:
    """A challenger against the baseline, task by task."""

    contrasts: dict[str, Contrast]
    """task -> at 90 % of the baseline's gain on that task."""
    without_gain: tuple[str, ...]
    """Tasks on which the baseline's gain is not told apart from none; they have no target."""
    geometric_mean: Estimate
    improvement: Estimate
    """Probability of improvement at the end."""

    @property
    def bound(self) -> str:
        """Which way the geometric mean is a bound; empty: it is none, or one both ways."""
        ways = {c.steps.bound for c in self.contrasts.values() if c.steps} - {""}
        return ways.pop() if len(ways) == 1 else ""


@dataclass(frozen=True)
class Analysis:
    """A comparison, read and judged."""

    comparison: Comparison
    baseline: str
    gain: Gain | None
    """None: the baseline has nothing to show yet."""
    arms: dict[str, ArmResult]
    base: dict[str, BenchmarkMean]
    """The base model by benchmark, where it was scored."""
    matched: Matched
    vouched: bool
    judges: dict[str, Judge]
    """challenger -> its judge."""
    neutral: dict[str, Neutral]
    """challenger -> what its pair shows, whatever has been claimed."""
    p_steps: dict[str, float]
    """challenger -> p of equal steps, Holm's over the challengers."""
    wanted: list[Claim]
    """The claims that were judged."""
    headline: Claim | None
    """The first of the claims: the first screen answers it."""
    claims: dict[str, list[ClaimVerdict]]
    grid: dict[str, dict[float, Contrast]]
    """challenger -> fraction of the gain -> costs there."""
    targets: list[Target]
    """Accuracies to reach, the one that decides first; empty before there is a gain."""
    named: dict[str, list[tuple[Target, Contrast]]]
    """challenger -> targets that the user named, and costs there."""
    tasks: dict[str, TaskContrast]
    health: dict[str, Health]
    """arm -> what its steps say of its training."""
    ladder: list[Rung]
    """What each idea of the ladder is worth; empty where its arms are not there."""

    @property
    def target(self) -> float:
        """The accuracy to reach; NaN before there is one."""
        return self.targets[0].level if self.targets else float("nan")

    @property
    def aim(self) -> str:
        """What the target is, in words."""
        if self.targets and self.targets[0].named:
            return "the target that was named beforehand"
        return f"nine tenths of {self.baseline}'s gain"

    def points(self, arm: str) -> list[tuple[str, Contrast]]:
        """(name of the target, costs there): the grid, then what the user named."""
        grid = [(f"{100 * f:.0f} % of the gain", c) for f, c in self.grid[arm].items()]
        return [*grid, *((target.label, c) for target, c in self.named[arm])]

    @property
    def threshold(self) -> float | None:
        """The ratio that the headline claim draws a line at; None where it is about scores."""
        test = self.headline.test if self.headline else None
        return test.threshold if isinstance(test, Ratio) else None

    @property
    def verdicts(self) -> list[ClaimVerdict]:
        """The verdicts on all challengers, in one list."""
        return [v for verdicts in self.claims.values() for v in verdicts]

    @property
    def axis(self) -> str:
        """The axis that the headline claim is about; steps where it is about scores."""
        test = self.headline.test if self.headline else None
        return test.axis if isinstance(test, Ratio) else "steps"

    @property
    def first_steps(self) -> AxisContrast | None:
        """Steps of the first challenger that has a complete pair: where the baseline's crossing is
        read; None where there is none yet."""
        return _first_steps(self.judges.values())

    @property
    def challengers(self) -> list[str]:
        """All arms but the baseline."""
        return [a for a in self.comparison.arms if a != self.baseline]


def analyse(
    folder: Path,
    claims: list[Claim] | None = None,
    vouched: bool = False,
    exploratory: Sequence[float] = (),
) -> Analysis:
    """Read a comparison directory and compute what there is to say.

    Args:
        folder: the comparison.
        claims: to be judged; None: the shipped ones.
        vouched: the user vouches that the runs are matched.
        exploratory: accuracies to reach that are named now, after the runs were made.
    """
    exploratory = [checked(level) for level in exploratory]
    comparison = read(folder)
    claims = load() if claims is None else claims
    baseline = comparison.baseline
    try:
        gained = gain(comparison.of(baseline))
    except ResultsError:
        gained = None
    judges: dict[str, Judge] = {}
    verdicts: dict[str, list[ClaimVerdict]] = {}
    for arm in comparison.arms if gained else []:
        if arm != baseline:
            judges[arm] = Judge(comparison, arm, baseline, vouched, exploratory)
            verdicts[arm] = judges[arm].all(claims)
    levels = targets(comparison, gained, exploratory) if gained else []
    named = [target for target in levels if target.named]
    level = levels[0].level if levels else np.inf
    return Analysis(
        comparison=comparison,
        baseline=baseline,
        gain=gained,
        arms={arm: _arm(comparison, arm, level) for arm in comparison.arms},
        base=benchmarks.at_start(comparison),
        matched=matched(comparison.runs),
        vouched=vouched or comparison.vouched,
        judges=judges,
        neutral=neutrals(list(judges.values())),
        p_steps=equal_steps(list(judges.values())),
        wanted=claims,
        headline=claims[0] if claims else None,
        claims=verdicts,
        grid={arm: _grid(comparison, arm, baseline) for arm in judges},
        targets=levels,
        named={arm: [(t, judge.at(t.goal)) for t in named] for arm, judge in judges.items()},
        tasks={arm: _tasks(comparison, arm, baseline) for arm in judges},
        health=_health(comparison, judges),
        ladder=ladder(comparison, level) if gained else [],
    )


def task_names(comparison: Comparison) -> list[str]:
    """Tasks that every evaluated run was scored on, at each of its evaluations."""
    evaluated = [r.evals.tasks for r in comparison.runs if len(r.evals)]
    first = next(iter(evaluated), {})
    return [t for t in first if all(t in of and np.isfinite(of[t]).all() for of in evaluated)]


def _arm(comparison: Comparison, arm: str, level: float) -> ArmResult:
    runs = comparison.of(arm)
    begun = [r for r in runs if len(r.evals)]
    done = [r for r in begun if r.state == "done"]
    tasks = task_names(comparison)
    algorithm = next((r.manifest.get("algorithm", arm) for r in runs), arm)
    totals: dict[str, float] = {}
    for run in runs:
        for name, value in run.totals.items():
            totals[name] = totals.get(name, 0.0) + value
    error, ends = across.error_at_end(done), scores.score_matrix(done, tasks)
    errors = {t: across.error_at_end(done, t) for t in tasks}
    return ArmResult(
        name=arm,
        algorithm=algorithm,
        base=_mean([r.evals.accuracy[0] for r in begun], sampling.variance(begun)),
        final=_mean([scores.at_end(r) for r in done], error),
        tasks={t: _mean([scores.at_end(r, t) for r in done], errors[t]) for t in tasks},
        benchmark=benchmarks.at_end(runs),
        survival=survival(runs, level, comparison.horizon),
        totals=totals,
        states=progress(runs).states,
        iqm=across.iqm_interval(ends, floor=error / max(len(done), 1)) if tasks else _mean([]),
    )


def _health(comparison: Comparison, judges: Mapping[str, Judge]) -> dict[str, Health]:
    """Every arm's health, up to the baseline's crossing in its own contrast; where no pair of it is
    complete, and for the baseline itself, in the first one that has a pair."""
    batch, by_arm, first = batch_of(comparison), {}, _first_steps(judges.values())
    for arm in comparison.arms:
        own = judges[arm].contrast.steps if arm in judges else first
        steps = own or first
        until = steps.baseline if steps else np.nan
        own_until = (own.challenger if arm in judges else own.baseline) if own else np.nan
        fell = own.race.collapsed[arm not in judges] if own else None
        runs = comparison.of(arm)
        by_arm[arm] = Health(
            whole=window(runs, batch),
            before=window(runs, batch, until),
            repeats=tuple(window([run], batch, own_until).repeated for run in runs),
            collapsed=None if fell is None else bool(fell),
        )
    return by_arm


def _first_steps(judges: Iterable[Judge]) -> AxisContrast | None:
    return next((steps for judge in judges if (steps := judge.contrast.steps)), None)


def _mean(values: list[float], error: float = 0.0) -> Estimate:
    """The mean of accuracies, each with this sampling variance."""
    array: Array = np.array(values, dtype=float)
    present = array[~np.isnan(array)]
    return share(present, error / max(len(present), 1))


def _grid(comparison: Comparison, arm: str, baseline: str) -> dict[float, Contrast]:
    return {f: contrast(comparison, arm, baseline, Goal(f), ("steps",)) for f in GRID}


def _tasks(comparison: Comparison, arm: str, baseline: str) -> TaskContrast:
    names = task_names(comparison)
    by_task: dict[str, Contrast] = {}
    left_out = []
    for task in names:
        view = across.on_task(comparison, task)
        gained = gain(view.of(baseline))
        estimate = mean(gained.by_seed, floor=gained.error)
        if estimate.low > 0 or (estimate.n == 1 and gained.size > 0):
            by_task[task] = contrast(view, arm, baseline, Goal(), ("steps",))
        else:
            left_out.append(task)
    cells = [c.steps.race.speed for c in by_task.values() if c.steps and c.ratio.n]
    done = scores.pairs(comparison, arm, baseline)
    ours, theirs = (scores.score_matrix([pair[i] for pair in done], names) for i in (0, 1))
    nothing = Estimate(np.nan, np.nan, np.nan, 0, "none")
    mean_ratio = across.geometric_mean_ratio(cells) if len(cells) == len(by_task) else nothing
    return TaskContrast(
        contrasts=by_task,
        without_gain=tuple(left_out),
        geometric_mean=mean_ratio,
        improvement=across.improvement_interval(ours, theirs) if names else nothing,
    )
