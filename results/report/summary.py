"""summary.json: the whole outcome for machines. NaN and infinities are null."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from srpo_bench.results.judgement.ladder import Rung
from srpo_bench.results.progress import ENDED, progress
from srpo_bench.results.report import answer, scale, why
from srpo_bench.results.report.analysis import Analysis, ArmResult, TaskContrast
from srpo_bench.results.statistics.benchmarks import BenchmarkMean
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast
from srpo_bench.results.statistics.health import RARE
from srpo_bench.results.statistics.inference import Estimate, of
from srpo_bench.results.statistics.inversion import Interval
from srpo_bench.results.statistics.mismatch import ArmMismatch, mismatches
from srpo_bench.results.statistics.speed import FRACTION
from srpo_bench.results.text import finite

SCHEMA = 1


def summary(a: Analysis) -> dict[str, Any]:
    """Plain values of an analysis."""
    c, compared = a.comparison, mismatches(a.comparison)
    return {
        "schema": SCHEMA,
        "name": c.plan.get("name", c.folder.name),
        "command": c.plan.get("command"),
        "baseline": a.baseline,
        "seeds": c.seeds,
        "added": c.plan.get("added", []),
        "horizon_steps": c.horizon,
        "target": {
            "accuracy": finite(a.target),
            "base": finite(a.gain.base) if a.gain else None,
            "final": finite(a.gain.final) if a.gain else None,
            "fraction_of_gain": None if a.targets and a.targets[0].named else FRACTION,
            "named": [{"accuracy": t.level, "standing": t.standing} for t in a.targets if t.named],
        },
        "matched": {
            "ok": bool(a.matched),
            "vouched": a.vouched,
            "sentence": a.matched.sentence,
            "differing": a.matched.differing,
            "unknown": a.matched.unknown,
        },
        "base": {task: _score(s) for task, s in a.base.items()},
        "arms": {name: _arm(arm, compared.get(name)) for name, arm in a.arms.items()},
        "comparisons": [_comparison(a, name) for name in a.judges],
        "headlines": [h.to_dict() for h in answer.headlines(a)],
        "model": {"parameters": scale.parameters(c), "words": scale.model(c)},
        "why": {
            arm: {
                "checks": [asdict(check) for check in why.checks(a, arm)],
                "deciding_task": why.deciding(a, arm),
            }
            for arm in a.judges
        },
        "claims": [v.to_dict() for verdicts in a.claims.values() for v in verdicts],
        "ladder": [_rung(rung) for rung in a.ladder],
        "tuning": c.plan.get("tuning"),
        "headroom": {name: _headroom(a, name) for name in a.judges},
        "health": {name: _health(a, name) for name in a.health},
        "progress": progress(c.runs).states,
        "failed": [{"run": r.name, "reason": r.reason} for r in c.runs if r.state == "failed"],
        "unfinished": [
            {"run": r.name, "state": r.state, "step": r.last_step}
            for r in c.runs
            if r.state not in ENDED
        ],
        "notes": c.notes,
    }


def estimate(e: Estimate) -> dict[str, Any]:
    """Value, interval, n, method."""
    interval = [finite(e.low), finite(e.high)] if e.has_interval else None
    return {"value": finite(e.value), "interval": interval, "n": e.n, "method": e.method}


def _arm(arm: ArmResult, mismatch: ArmMismatch | None) -> dict[str, Any]:
    s = arm.survival
    return {
        "algorithm": arm.algorithm,
        "seeds": sum(arm.states.values()),
        "states": arm.states,
        "base_accuracy": estimate(arm.base),
        "final_accuracy": estimate(arm.final),
        "final_accuracy_by_task": {t: estimate(e) for t, e in arm.tasks.items()},
        "benchmarks": {t: _score(s) for t, s in arm.benchmark.items()},
        "iqm": estimate(arm.iqm),
        "steps_to_target": {
            "n": s.n,
            "reached": s.reached,
            "fraction_reaching": s.reached / s.n if s.n else None,
            "median": finite(s.median),
            "median_bound": None if finite(s.median) is not None else "not reached by half",
            "rmst": finite(_rmst(arm)),
        },
        "totals": arm.totals,
        "mismatch": asdict(mismatch) if mismatch else None,
    }


def _score(s: BenchmarkMean) -> dict[str, Any]:
    return {
        "value": finite(s.value),
        "stderr_between_seeds": finite(s.between),
        "stderr_of_sampling": finite(s.sampling),
        "seeds": s.seeds,
        "problems": s.problems,
        "k": s.k,
    }


def _comparison(a: Analysis, challenger: str) -> dict[str, Any]:
    pair = a.judges[challenger].contrast
    ours, theirs = (_rmst(a.arms[arm]) for arm in (challenger, pair.baseline))
    medians = _medians(a, challenger, pair.baseline)
    return {
        "challenger": challenger,
        "baseline": pair.baseline,
        "target": finite(pair.target),
        "pairs": pair.n,
        "first_look": pair.first_look,
        "open_runs": list(pair.open_pairs),
        "bound": pair.bound or None,
        "neutral": a.neutral[challenger].to_dict(),
        "p_steps_holm": finite(a.p_steps[challenger]),
        "axes": {axis: _axis(cell) for axis, cell in pair.axes.items()},
        "ratio_of_medians": medians["value"] if medians["bound"] is None else None,
        "ratio_of_medians_bound": medians if medians["bound"] else None,
        "rmst_ratio": finite(ours / theirs) if theirs else None,
        "grid": {str(f): _point(c) for f, c in a.grid[challenger].items()},
        "named": [{"standing": t.standing} | _point(c) for t, c in a.named[challenger]],
        "tasks": _tasks(a.tasks[challenger]),
    }


def _rmst(arm: ArmResult) -> float:
    """NaN while runs are not done, or where they ended below before the horizon: how long they stay
    below up to it is not known."""
    known = arm.survival.watched and arm.states.keys() <= {"done"}
    return arm.survival.rmst if known else float("nan")


def _medians(a: Analysis, challenger: str, baseline: str) -> dict[str, Any]:
    """Ratio of the Kaplan–Meier medians. Where one arm has none, since fewer than half of its runs
    got there, the step at which it was seen last stands for it and the ratio is a bound."""
    mine, other = a.arms[challenger].survival, a.arms[baseline].survival
    ours, theirs = mine.median, other.median
    all_done = all(a.arms[arm].states.keys() <= {"done"} for arm in (challenger, baseline))
    if np.isfinite(ours) and np.isfinite(theirs) and theirs > 0:
        return {"value": ours / theirs, "bound": None}
    if np.isinf(ours) and np.isfinite(theirs) and theirs > 0 and mine.steps[-1] > 0 and all_done:
        return {"value": float(mine.steps[-1]) / theirs, "bound": "lower"}
    if np.isfinite(ours) and np.isinf(theirs) and other.steps[-1] > 0 and all_done:
        return {"value": ours / float(other.steps[-1]), "bound": "upper"}
    return {"value": None, "bound": None}


def _axis(cell: AxisContrast) -> dict[str, Any]:
    arrived = cell.race.among_arrived
    return {
        "ratio": finite(cell.ratio.value),
        "bound": cell.bound or None,
        "interval": estimate(cell.ratio)["interval"],
        "method": cell.ratio.method,
        "n": cell.ratio.n,
        "p": finite(cell.p),
        "p_of": "the ratio is 1; two-sided, the larger of both estimators'",
        "crossing": _ends(cell.race.speed.crossing),
        "inversion": _ends(cell.race.speed.inversion),
        "among_arrived": {
            "ratio": finite(float(arrived.ratio)),
            "interval": [finite(float(arrived.low)), finite(float(arrived.high))],
            "n": int(arrived.pairs),
        },
        "challenger": finite(cell.challenger),
        "baseline": finite(cell.baseline),
        "extremes": [
            [finite(float(race.speed.low)), finite(float(race.speed.high))]
            for race in cell.extremes or ()
        ]
        or None,
    }


def _ends(interval: Interval) -> list[float | None]:
    return [finite(float(interval.low)), finite(float(interval.high))]


def _point(c: Contrast) -> dict[str, Any]:
    ours, theirs = c.reached
    return {
        "target": finite(c.target),
        "ratio": estimate(c.ratio),
        "bound": c.bound or None,
        "p": finite(c.steps.p) if c.steps else None,
        "reached_challenger": estimate(of(ours, c.n)),
        "reached_baseline": estimate(of(theirs, c.n)),
    }


def _tasks(t: TaskContrast) -> dict[str, Any]:
    return {
        "by_task": {task: _point(c) for task, c in t.contrasts.items()},
        "without_gain": list(t.without_gain),
        "geometric_mean_ratio": estimate(t.geometric_mean) | {"bound": t.bound or None},
        "probability_of_improvement": estimate(t.improvement),
    }


def _rung(rung: Rung) -> dict[str, Any]:
    return {
        "kind": rung.kind,
        "adds": rung.what,
        "also_differs": sorted(rung.also),
        "arm": rung.contrast.challenger,
        "against": rung.contrast.baseline,
        "pairs": rung.contrast.n,
        "steps": estimate(rung.steps),
        "p_steps": finite(rung.p_steps),
        "p_steps_holm": finite(rung.p_steps_holm),
        "outcome": rung.outcome,
        "bound": rung.contrast.bound or None,
        "accuracy_difference": estimate(rung.difference),
        "p_accuracy": finite(rung.p_accuracy),
        "p_accuracy_holm": finite(rung.p_accuracy_holm),
        "flops": estimate(rung.flops) if rung.flops else None,
    }


def _health(a: Analysis, arm: str) -> dict[str, Any]:
    """Shares of steps, of groups (hopeless, solved) and of responses (cut); null: not recorded."""
    own, judge = a.health[arm], a.judges.get(arm)
    windows = {"whole_budget": own.whole, "up_to_baselines_crossing": own.before}
    record: dict[str, Any] = {
        name: {k: finite(v) for k, v in asdict(part).items()} for name, part in windows.items()
    }
    record["prompt_twice_up_to_own_crossing"] = {
        "by_run": [finite(share) for share in own.repeats],
        "at_most": RARE,
        "runs_within": own.rarely,
    }
    record["collapsed"] = own.collapsed
    if judge:
        fed = judge.starving
        record["plan"] = {
            "short_from_step": None if fed.at is None else finite(fed.at),
            "known": fed.at is not None,
            "starves": bool(fed.lacking),
            "sentence": fed.lacking or fed.own_doing or None,
        }
    return record


def _headroom(a: Analysis, challenger: str) -> dict[str, Any]:
    room = a.judges[challenger].headroom
    return {
        "ok": not room.lacking,
        "waits_for": {k: None if v is None else finite(v) for k, v in room.effects.items()},
        "second_evaluation_step": finite(room.second_evaluation),
        "baseline_steps_to_target": finite(room.baseline_steps),
        "limit_steps": finite(room.limit),
        "reason": room.lacking or None,
    }
