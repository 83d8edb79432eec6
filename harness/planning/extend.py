"""A comparison that is there already gets more seeds or arms, under the contract that it has.

The contract's digests are of the pools and prompts of the seeds that were planned first: whoever
adds proves that all of that is as it was. What was added, when, and how many runs had been looked
at by then stands in the record, since a second look at the same arms is judged by another rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srpo_bench.results.store import last_line, run_dirs


def first_seeds(record: dict[str, Any]) -> list[int]:
    """The seeds that a comparison was planned with at first."""
    late = {seed for one in record.get("added", []) for seed in one["seeds"]}
    return [seed for seed in record["seeds"] if seed not in late]


def holds(record: dict[str, Any], seeds: Sequence[int]) -> bool:
    """Whether all of a comparison's seeds are among these."""
    return set(record["seeds"]) <= set(seeds)


def narrowed(asked: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, less what is new in it: to be compared with what is there."""
    if not holds(old, asked["seeds"]):
        return asked
    there = [arm["arm"] for arm in old["arms"]]
    arms = {arm["arm"]: arm for arm in asked["arms"]}
    if not set(there) <= arms.keys():
        return asked
    config = {**asked["config"], "seeds": old["config"]["seeds"]}
    return {
        **asked,
        "seeds": old["seeds"],
        "arms": [arms[name] for name in there],
        "config": config,
    }


def extended(folder: Path, old: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any] | None:
    """The record with what is new in what is asked for; None where nothing is.

    Args:
        folder: the comparison.
        old: its record.
        asked: the record of the plan that was asked for, which holds all of the old one.
    """
    seeds = [seed for seed in asked["seeds"] if seed not in old["seeds"]]
    there = {arm["arm"] for arm in old["arms"]}
    arms = [arm for arm in asked["arms"] if arm["arm"] not in there]
    if not seeds and not arms:
        return None
    addition = {
        "at": asked["created"],
        "command": asked["command"],
        "seeds": seeds,
        "arms": [arm["arm"] for arm in arms],
        "runs_seen": sum(last_line(run / "evals.jsonl") is not None for run in run_dirs(folder)),
    }
    everything = [*old["seeds"], *seeds]
    return {
        **old,
        "arms": [*old["arms"], *arms],
        "plugins": _joined("plugins", old, asked),
        "checked": _joined("checked", old, asked),
        "seeds": everything,
        "config": {**old["config"], "seeds": everything},
        "pools": {**old["pools"], **{str(s): asked["pools"][str(s)] for s in seeds}},
        "added": [*old.get("added", []), addition],
    }


def _joined(key: str, old: dict[str, Any], asked: dict[str, Any]) -> list[Any]:
    """A list of the record, with what is new in what is asked for."""
    there = list(old.get(key, []))
    return [*there, *(one for one in asked.get(key, []) if one not in there)]
