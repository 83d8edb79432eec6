"""When a rule could have acted, from records made by hand."""

from __future__ import annotations

from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import headroom
from tests.results.made import comparison, run

EPOCHS = (1.0, 1, 2, 2, 3)  # they end behind steps 2 and 4


def group(prompt: str, right: int, n: int = 4) -> dict[str, Any]:
    return {"prompt": prompt, "right": right, "n": n}


@pytest.mark.parametrize(
    ("rates", "rate", "step"),
    [
        ([4, 4, 0, 0, 0], 1.0, 3), ([4, 3, 4, 4, 0], 1.0, 5), ([3, 4, 3, 4, 4], 1.0, inf),
        ([3, 3, 0, 0, 0], 0.75, 3), ([3, 3, 0, 0, 0], 0.76, inf),
    ],
)  # fmt: skip
def test_an_epoch_after_one_in_which_a_prompt_was_solved(
    rates: list[int], rate: float, step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all of a prompt's groups in the epoch; another one is never right."""
    groups = [[group("p", right), group("q", 0)] for right in rates]
    monkeypatch.setattr(headroom, "counts", lambda _: groups)
    of = run("grpo", curves={"epoch": EPOCHS})
    assert headroom._solved_epoch(of, {"rate": rate}) == step


def test_older_records_stand_by_their_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headroom, "counts", lambda _: [])
    for correct, step in (((0.0, 1, 0, 0, 0), 3), ((0.0, 0, 1, 0, 0), 5), ((0.0, 0, 0, 0, 1), inf)):
        of = run("grpo", curves={"epoch": EPOCHS, "all_correct": correct})
        assert headroom._solved_epoch(of, {}) == step


def test_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    steps = iter([3.0, 9.0, 4.0])

    def solved(of: Any, rule: Any) -> float:
        asked.append(rule)
        return next(steps)

    monkeypatch.setattr(headroom, "_solved_epoch", solved)
    three: Any = [run("grpo", s) for s in (1, 2, 3)]
    boundary = {"event": "epoch-boundary-with-solved-prompt"}
    assert headroom._when(boundary, three) == 4
    assert asked == [boundary] * 3
    steps = iter([3.0])
    assert headroom._when(boundary | {"rate": 0.5}, three[:1]) == 3
    assert asked[-1] == boundary | {"rate": 0.5}
    assert headroom._when({"event": "x", "step": 7}, three) == 7
    assert headroom._when({"event": "x"}, three) is None
    assert headroom._when(boundary, []) is None
    mixed = [run("grpo", 1, curves={"zero_variance": (1.0, 1, 0.9, 1)})]
    assert headroom._when({"event": "first-replay"}, mixed) == 4
    never = [run("grpo", 1, curves={"zero_variance": (1.0, 1)})]
    assert headroom._when({"event": "first-replay"}, never) == inf


def test_the_second_evaluation_is_the_latest_of_both_arms() -> None:
    runs = [
        run("grpo", 1, (0, 0, 0), step=(0, 10, 20)), run("srpo", 1, (0, 0), step=(10, 30)),
        run("dapo", 1, (0, 0), step=(10, 90)), run("srpo", 2, (0, 0), step=(0, 10)),
    ]  # fmt: skip
    pair: Any = SimpleNamespace(challenger="srpo", baseline="grpo", baseline_steps=100.0)
    found = headroom.headroom(comparison(*runs), pair, {}, 0.5)
    assert (found.second_evaluation, found.baseline_steps, found.share) == (30, 100, headroom.ROOM)
    assert headroom.headroom(comparison(*runs), pair, {}, 0.05).share == 0.05
    early = [run("grpo", 1, (0, 0, 0), step=(0, 1, 5)), run("grpo", 2, (0,) * 4, step=(0, 1, 3, 9))]
    assert headroom.headroom(comparison(*early), pair, {}, 0.5).second_evaluation == 5
    assert headroom.headroom(comparison(early[0]), pair, {}, 0.5).second_evaluation == 5
    pair.baseline_steps = np.nan
    nothing = headroom.headroom(comparison(runs[3]), pair, {}, 0.5)
    assert np.isnan(nothing.second_evaluation)
    assert np.isnan(nothing.baseline_steps)
