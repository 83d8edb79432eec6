"""When a rule would have left too few prompts, from records made by hand."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from srpo_bench.results.judgement import starving
from srpo_bench.results.judgement.starving import DROPS, short_from, starved_from
from tests.results.made import comparison, run

RULE = {"event": DROPS, "rate": 0.5}
PLAN = {"contract": {"prompts_per_step": 2, "pool_size": 3}}


def test_the_rule_that_drops_is_run_on_the_baselines_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three runs that tell their groups, in the middle; a fourth tells none."""
    asked: list[Any] = []
    at = {1: 30.0, 2: 10.0, 3: 20.0}

    def short(of: Any, groups: Any, rule: Any, batch: float, size: int) -> float:
        asked.append((of.seed, groups, rule, batch, size))
        return at[of.seed]

    monkeypatch.setattr(starving, "short_from", short)
    monkeypatch.setattr(starving, "counts", lambda of: ["groups"] if of.seed in at else [])
    theirs = [run("grpo", seed, curves={"epoch": (1.0, 2)}) for seed in (1, 2, 3, 4)]

    def found(waits: Any, **plan: Any) -> float | None:
        ours = run("srpo", 1, manifest={"waits_for": waits})
        return starved_from(comparison(ours, *theirs, **plan), "srpo", "grpo")

    other = {"event": "stage-switch", "step": 5}
    assert found([other, RULE], **PLAN) == 20
    assert asked == [(seed, ["groups"], RULE, 2.0, 3) for seed in (1, 2, 3)]
    assert found([other], **PLAN) is None
    assert found(None, **PLAN) is None
    assert found([RULE], contract={"pool_size": 3}) is None
    assert starved_from(comparison(*theirs, **PLAN), "srpo", "grpo") is None
    assert len(asked) == 3


def left(answers: list[dict[str, int]], size: int = 3, **rule: Any) -> float:
    """One step an epoch: how many of its four responses were right, by prompt; a batch is two."""
    groups = [[{"prompt": p, "right": r, "n": 4} for p, r in step.items()] for step in answers]
    of = run("grpo", curves={"epoch": [float(i) for i in range(len(answers))]})
    return short_from(of, groups, {"event": DROPS} | rule, 2.0, size)


def test_a_history_begins_with_the_first_step() -> None:
    """None of four right, then all: a half over its history, and all in the second epoch."""
    answers = [{"a": 0, "b": 0}, {"a": 4, "b": 4}, {}, {}]
    assert left(answers, over="history") == inf
    assert left(answers) == 3
    assert left(answers, over="history", rate=0.5) == 3


def test_who_was_dropped_sits_out_for_so_many_epochs() -> None:
    """a at the second epoch's end, b at the third's: both are out at once for one epoch of two."""
    answers: list[dict[str, int]] = [{"a": 0}, {"a": 4}, {"b": 4}, {}, {}]
    assert left(answers, returns_after=2) == 4
    assert left(answers, returns_after=1) == inf
    assert left(answers) == 4
