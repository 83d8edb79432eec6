"""What the trials of a method compare, on lines made by hand: no run is needed for that."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from srpo_bench.harness.running import promises

LINE = {"step": 1, "loss": 0.5, "grad_norm": 2.0, "who": [1]}


@pytest.mark.parametrize(
    ("draw", "moves"),
    [
        (lambda: torch.rand(1), True),
        (lambda: np.random.rand(), True),
        (lambda: random.random(), True),
        (lambda: torch.rand(1, generator=torch.Generator()), False),
        (lambda: None, False),
    ],
)
def test_a_verb_that_moves_a_global_generator_is_caught(
    draw: Callable[[], object], moves: bool
) -> None:
    movers: list[str] = []

    def verb(*given: Any, **named: Any) -> tuple[Any, Any]:
        draw()
        return given, named

    watched = promises._watched("weigh", verb, movers)
    assert watched(1, two=2) == ((1,), {"two": 2})
    assert movers == ["weigh"] * moves


def apart(**changes: float) -> str:
    first: dict[str, Any] = {**LINE, **changes}
    return promises._apart([LINE, {}], [first, {}], "how")


def test_runs_are_apart_beyond_what_rounding_explains() -> None:
    assert apart() == apart(loss=0.5004) == apart(grad_norm=2.0019) == apart(who=2) == ""
    assert apart(loss=0.5006) == "loss is 0.5006 instead of 0.5 how"
    assert apart(loss=-0.5) == "loss is -0.5 instead of 0.5 how"
    assert apart(grad_norm=1.997) == "grad_norm is 1.997 instead of 2 how"
    assert apart(grad_norm=2.003) == "grad_norm is 2.003 instead of 2 how"
    near = [{"loss": 0.0, "grad_norm": 1.0}]
    assert promises._apart(near, [{"loss": 9e-6, "grad_norm": 1.0}], "how") == ""
    assert promises._apart(near, [{"loss": 1.1e-5, "grad_norm": 1.0}], "how") != ""


def test_what_differs_is_named() -> None:
    assert promises._differing(LINE, LINE | {"loss": 0.25}) == "loss 0.25 instead of 0.5"
    assert promises._differing(LINE, LINE | {"who": [2]}) == "another who"
    assert promises.STEPS == 5


def test_a_difference_of_the_tolerance_is_none() -> None:
    """In relation to the larger one, or to the floor."""
    for ours, theirs, apart in ((1000.0, 999.0, False), (999.0, 1000.0, False), (0.0, 1e-5, False),
                                (1000.0, 998.9, True), (0.0, 1.1e-5, True)):  # fmt: skip
        told = promises._apart([LINE | {"loss": ours}], [LINE | {"loss": theirs}], "so")
        assert bool(told) == apart


def test_trials_are_of_one_seed_in_folders_that_are_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(promises, "Run", lambda *given: made.append(given))
    arm, config, problems = (SimpleNamespace() for _ in range(3))
    trials = promises.Trials(arm, config, problems)  # type: ignore[arg-type]
    with trials._folder() as folder:
        assert folder.name.startswith("bench-check-")
        trials._run(folder)
    assert not folder.exists()
    (given,) = made
    assert (given[:4], given[5]) == ((folder, config, arm, 1), problems)
