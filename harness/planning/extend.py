"""A comparison that is there already gets more seeds or arms, under the contract that it has.

The contract's digests are of the pools and prompts of the seeds that were planned first: whoever
adds proves that all of that is as it was. What was added, when, and how many runs had been looked
at by then stands in the record, since a second look at the same arms is judged by another rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srpo_bench.results.baseline import baseline_of
from srpo_bench.results.store import last_line, run_dirs


def first_seeds(record: dict[str, Any]) -> list[int]:
    """The seeds that a comparison was planned with at first."""
    late = {seed for addition in record.get("added", []) for seed in addition["seeds"]}
    return [seed for seed in record["seeds"] if seed not in late]


def holds(record: dict[str, Any], seeds: Sequence[int]) -> bool:
    """Whether all of a comparison's seeds are among these."""
    return set(record["seeds"]) <= set(seeds)


def narrowed(wanted: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, less what is new in it: to be compared with what is there."""
    if not holds(old, wanted["seeds"]):
        return wanted
    planned = [arm["arm"] for arm in old["arms"]]
    arms = {arm["arm"]: arm for arm in wanted["arms"]}
    if not set(planned) <= arms.keys():
        return wanted
    config = {**wanted["config"], "seeds": old["config"]["seeds"]}
    return {
        **wanted,
        "seeds": old["seeds"],
        "arms": [arms[name] for name in planned],
        "config": config,
    }


def extended(folder: Path, old: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any] | None:
    """The record with what is new in what is asked for; None where nothing is.

    Args:
        folder: the comparison.
        old: its record.
        wanted: the record of the plan that was asked for, which holds all of the old one.
    """
    seeds = [seed for seed in wanted["seeds"] if seed not in old["seeds"]]
    planned = {arm["arm"] for arm in old["arms"]}
    arms = [arm for arm in wanted["arms"] if arm["arm"] not in planned]
    if not seeds and not arms:
        return None
    addition = {
        "at": wanted["created"],
        "command": wanted["command"],
        "seeds": seeds,
        "arms": [arm["arm"] for arm in arms],
        "runs_seen": sum(last_line(run / "evals.jsonl") is not None for run in run_dirs(folder)),
    }
    everything, every_arm = [*old["seeds"], *seeds], [*old["arms"], *arms]
    return {
        **old,
        "arms": every_arm,
        "baseline": baseline_of({arm["arm"]: arm["algorithm"] for arm in every_arm}),
        "plugins": _joined("plugins", old, wanted),
        "checked": _joined("checked", old, wanted),
        "seeds": everything,
        "config": {**old["config"], "seeds": everything},
        "pools": {**old["pools"], **{str(s): wanted["pools"][str(s)] for s in seeds}},
        "added": [*old.get("added", []), addition],
    }


def _joined(key: str, old: dict[str, Any], wanted: dict[str, Any]) -> list[Any]:
    """A list of the record, with what is new in what is asked for."""
    before = list(old.get(key, []))
    return [*before, *(item for item in wanted.get(key, []) if item not in before)]
