"""``bench tune``: a search no smaller for the baseline than for any other, on unreported seeds.

A grid of shared settings (``optim.lr``) times a method's own (``grpo.beta``, ``grpo.optim.lr``).
Every candidate is an ordinary comparison of one arm, ``DIR/<algorithm>-<number>``; running it again
finishes what is missing. Shared settings are part of the contract, so there the baseline's best is
taken for all; a method's own settings are its best beside those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.planning.arms import parse_arms
from srpo_bench.harness.planning.comparison import PlannedComparison, state
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.tuning.grid import Candidate
from srpo_bench.results.progress import ENDED
from srpo_bench.results.schema import SCHEMA
from srpo_bench.results.store import ResultsError, is_taken, read_record, write_json

SEEDS = (101, 102, 103, 104)
"""Tuning seeds unless others are named: far from the reports' 1, 2, …"""
RULE = (
    "the fewest steps to the target, of candidates whose mean curve reaches it, keeps it and does "
    "not collapse; where none does, the highest accuracy at the end; never one with a failed run; "
    "of equal steps the one that ends higher, then the first tried. The target is that of the "
    "comparison, else base plus 90 % of the gain of the baseline's candidate that ends highest. "
    "Settings that all methods share are those of the baseline's best candidate; a method's own "
    "are its best beside them."
)
"""What a comparison judges, so that no method is tuned for another thing."""
FILE = "tuning.json"


def tune(
    folder: Path,
    values: Mapping[str, Any],
    candidates: Sequence[Candidate],
    command: str,
    run: Callable[[PlannedComparison, str], None],
) -> dict[str, Any]:
    """Plan and run every candidate, then write and return what was tried and what is best.

    Args:
        folder: of the whole tuning.
        values: settings of all candidates, as ``compare`` reads them.
        candidates: a whole grid.
        command: as typed.
        run: trains what is pending of a comparison; told which one of how many.

    Raises:
        UserError: somebody stopped a run; the same command goes on.
    """
    _same_grid(folder, candidates)
    settled = [_settled(values, c) for c in candidates]
    settings = settled[0][0]
    planned: list[PlannedComparison] = []
    for candidate, (config, arms) in zip(candidates, settled, strict=True):
        planned.append(plan(folder / candidate.name, config, arms, command))
        _write(folder, settings, candidates, {}, command)  # what will be tried, before it is
    for i, (candidate, comparison) in enumerate(zip(candidates, planned, strict=True), 1):
        run(comparison, f"{i} of {len(planned)}: {candidate.algorithm} with {candidate.typed}")
        _refuse_unfinished(comparison, command)
    scored = timed([_scored(c, p) for c, p in zip(candidates, planned, strict=True)], planned)
    _write(folder, settings, scored, {}, command)
    return _write(folder, settings, scored, choose(scored), command)


def choose(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """algorithm -> its best by ``RULE``; the baseline is the first candidate's.

    Raises:
        UserError: a method all of whose candidates failed.
    """
    chosen: dict[str, Candidate] = {}
    shared: dict[str, Any] = {}
    for algorithm in dict.fromkeys(c.algorithm for c in candidates):
        mine = [c for c in candidates if c.algorithm == algorithm and c.mean is not None]
        beside = [c for c in mine if not chosen or c.shared == shared]
        if not beside:
            raise UserError(
                f"Every candidate of {algorithm} that could be chosen has a failed run."
            )
        best = min(beside, key=lambda c: c.rank)
        chosen[algorithm], shared = best, best.shared
    return chosen


def _settled(values: Mapping[str, Any], c: Candidate) -> tuple[Config, list[Arm]]:
    own = {"algorithms": {c.algorithm: layers.deep(c.own)}}
    merged = layers.merge(values, layers.deep(c.shared), own)
    arms = parse_arms([c.algorithm], merged.pop("algorithms"))
    return layers.parse(Config, merged, "the settings"), arms


def _refuse_unfinished(comparison: PlannedComparison, command: str) -> None:
    """A run that a stop file ended has not failed: without it, its candidate would be ruled out."""
    left = [run.name for run in comparison.runs if state(run) not in ENDED]
    if left:
        raise UserError(
            f"{len(left)} of {len(comparison.runs)} runs in {comparison.folder} were stopped: "
            f"{', '.join(left)}. Go on with: {command}"
        )


def _scored(c: Candidate, comparison: PlannedComparison) -> Candidate:
    from srpo_bench.results.runs import read
    from srpo_bench.results.statistics.scores import at_end

    ends = {r.seed: at_end(r) for r in read(comparison.folder).runs if r.state == "done"}
    return replace(c, scores=[ends.get(seed) for seed in comparison.config.seeds])


def timed(
    candidates: Sequence[Candidate], comparisons: Sequence[PlannedComparison]
) -> list[Candidate]:
    """Scored candidates with their steps to the one target that all of them are held to.

    Raises:
        UserError: every candidate of the baseline has a failed run.
    """
    from srpo_bench.results.statistics.pace import steps_to, target_of

    curves = [_curves(comparison) for comparison in comparisons]
    complete = [i for i, c in enumerate(candidates) if c.mean is not None]
    theirs = [i for i in complete if candidates[i].algorithm == candidates[0].algorithm]
    if not theirs:
        raise UserError(f"Every candidate of {candidates[0].algorithm} has a failed run.")
    highest = max(theirs, key=lambda i: candidates[i].mean or 0.0)
    named = comparisons[0].config.targets
    target = named[0] if named else target_of(curves[highest])
    return [
        replace(c, steps=steps_to(curves[i], target) if i in complete else None)
        for i, c in enumerate(candidates)
    ]


def _curves(comparison: PlannedComparison) -> list[tuple[Any, Any]]:
    from srpo_bench.results.runs import read

    return [(run.evals.step, run.evals.accuracy) for run in read(comparison.folder).runs]


def _same_grid(folder: Path, candidates: Sequence[Candidate]) -> None:
    """A grid that is changed after a look at it would leave candidates out of the record."""
    if not (folder / FILE).is_file():
        if is_taken(folder):
            raise UserError(f"{folder} is not empty and holds no tuning; choose another --out.")
        return
    with as_user_error(ResultsError):
        record = read_record(folder / FILE)
    before = [(c["name"], c["values"]) for c in record["candidates"]]
    if before != [(c.name, dict(c.values)) for c in candidates]:
        raise UserError(
            f"{folder} holds the tuning of another grid; start anew with another --out."
        )


def _write(
    folder: Path,
    settings: Config,
    candidates: Sequence[Candidate],
    chosen: Mapping[str, Candidate],
    command: str,
) -> dict[str, Any]:
    algorithms = dict.fromkeys(c.algorithm for c in candidates)
    counts = {a: sum(c.algorithm == a for c in candidates) for a in algorithms}
    baseline = candidates[0].algorithm
    record = {
        "schema": SCHEMA,
        "command": command,
        "seeds": list(settings.seeds),
        "steps": settings.steps,
        "rule": RULE,
        "baseline": baseline,
        "budget": {
            a: {"candidates": n, "runs": n * len(settings.seeds)} for a, n in counts.items()
        },
        "candidates": [
            {
                "algorithm": c.algorithm,
                "name": c.name,
                "values": dict(c.values),
                "scores": list(c.scores),
                "mean": c.mean,
                "steps": c.steps,
                "chosen": c in chosen.values(),
            }
            for c in candidates
        ],
        "chosen": {
            "shared": chosen[baseline].shared,
            "algorithms": {a: layers.deep(c.own) for a, c in chosen.items() if c.own},
        }
        if chosen
        else None,
        "settings": layers.flat(settings.model_dump(mode="json")),
    }
    write_json(folder / FILE, record)
    return record
