"""The account of a step: what is counted, what it is estimated to cost, where its seconds go."""

from __future__ import annotations

import os
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness.running import ledger
from srpo_bench.results.schema import PHASES, Timing


def test_flops_are_two_a_parameter_forward_and_six_trained() -> None:
    assert ledger.flops(10, forward=3, trained=0) == 60
    assert ledger.flops(10, forward=3, trained=2) == 60 + 120


def test_what_is_generated_is_booked_lot_by_lot() -> None:
    """Two responses of three tokens and one, behind seven of prompts; twice."""
    mask = torch.tensor([[True, True, True], [True, False, False]])
    lot: Any = SimpleNamespace(
        responses=SimpleNamespace(mask=mask), problems=["p"], texts=["a", "b"], tokens_prefilled=7
    )
    entry = ledger.empty()
    for _ in range(2):
        ledger.add_generated(entry, lot, parameters=10)
    assert entry == ledger.empty() | {
        "prompts": 2,
        "responses": 4,
        "tokens_generated": 8,
        "tokens_prefilled": 14,
        "verifier_calls": 4,
        "flops": 2 * 2 * 10 * (4 + 7),
    }


def test_what_has_any_weight_is_trained_on_once_a_pass() -> None:
    weighed = SimpleNamespace(lengths=torch.tensor([3, 2, 5]))
    batch: Any = SimpleNamespace(rollouts=weighed, weight=torch.tensor([1.0, 0.5, 0.0]))
    update: Any = SimpleNamespace(updates=4, tokens_reference=6, tokens_forward=9)
    entry = ledger.empty()
    ledger.add_update(entry, batch, 2, update, parameters=10)
    assert entry == ledger.empty() | {
        "tokens_trained": 2 * (3 + 2),
        "updates": 4,
        "flops": 2 * 10 * 6 + 6 * 10 * 9,
    }


def test_totals_grow_by_what_a_step_spent() -> None:
    spending = ledger.Spending()
    for step in (1, 2):
        entry = ledger.empty()
        entry.update(responses=8, tokens_generated=50 * step, updates=1, flops=1e3)
        spending.book(entry)
    assert spending.spent == {"responses": 16, "tokens": 150, "updates": 2, "flops": 2e3}
    resumed = ledger.Spending(spending.spent)
    resumed.book(ledger.empty())
    assert resumed.spent == spending.spent


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the clock reads, in seconds."""
    time = [100.0]
    monkeypatch.setattr(ledger.time, "perf_counter", lambda: time[0])
    return time


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the processor has worked: user, system, and those of children that ended."""
    spent = [0.0, 0.0, 0.0, 0.0, 0.0]
    monkeypatch.setattr(ledger.os, "times", lambda: os.times_result(spent))
    return spent


def test_processor_seconds_are_those_of_the_step_without_its_evaluation(
    now: list[float], busy: list[float]
) -> None:
    busy[:] = [10.0, 5.0, 2.0, 1.0, 99.0]
    clock = ledger.Clock()
    with clock("training"):
        busy[0] += 3
    busy[1] += 0.5
    busy[2] += 0.25
    with clock("evaluation"):
        busy[3] += 7
    busy[3] += 0.125
    told = clock.close(1)
    assert told["processor"] == 3.875
    by_phase = {"training": 3.0, "evaluation": 7.0, "other": 0.875}
    assert {phase: told.get(f"processor_{phase}") for phase in PHASES} == (
        dict.fromkeys(PHASES, 0.0) | by_phase
    )
    assert {told_of for told_of in clock.close(2).items() if told_of[1]} == {("step", 2)}


def test_what_no_phase_claims_is_other_and_each_step_starts_anew(
    now: list[float], busy: list[float]
) -> None:
    clock = ledger.Clock()
    for phase, seconds in (("rollout", 2.0), ("grading", 0.5), ("rollout", 1.0)):
        with clock(phase):
            now[0] += seconds
    now[0] += 0.25
    expected = dict.fromkeys(PHASES, 0.0) | {"rollout": 3.0, "grading": 0.5, "other": 0.25}
    processor = {name: 0.0 for name in Timing.__annotations__ if name.startswith("processor")}
    assert clock.close(1) == {"step": 1, **expected, **processor}
    assert len(processor) == 1 + len(PHASES)
    now[0] += 4
    assert clock.close(2)["other"] == 4
    assert clock.close(3)["other"] == 0
    now[0] += 0.123456
    busy[0] += 0.654321
    told = clock.close(4)
    assert (told["other"], told["processor"]) == (0.1235, 0.6543)


def test_a_phase_that_fails_is_timed_and_one_that_is_none_is_refused(now: list[float]) -> None:
    clock = ledger.Clock()
    with suppress(ValueError), clock("training"):
        now[0] += 1
        raise ValueError
    with pytest.raises(KeyError), clock("lunch"):
        pass
    assert clock.close(1)["training"] == 1


def test_nothing_is_spent_before_anything_is() -> None:
    assert set(ledger.empty().values()) == {0}
