"""A claim about steps in each unit that a step may be, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import counted
from srpo_bench.results.judgement.finding import Finding
from srpo_bench.results.judgement.rules import Ruling
from srpo_bench.results.statistics.inference import Estimate
from tests.results.made import run


def test_the_unit_of_runs_that_agree() -> None:
    units = ("update", "update"), ("update", None), (None, None), ("update", "unstated")
    found = [
        counted.unit_of(
            [run("a", i, manifest={} if u is None else {"unit": u}) for i, u in enumerate(pair)]
        )
        for pair in units
    ]
    assert found == ["update", "mixed", "rollout batch", "unstated"]


@pytest.mark.parametrize(
    ("unit", "names", "asked"),
    [
        ("rollout batch", ["rollout batches", "updates", "responses"],
         ["steps", "updates", "responses"]),
        ("update", ["rollout batches", "updates", "responses"], ["steps", "responses"]),
        ("unstated", ["steps of a unit that nobody stated", "rollout batches", "updates",
                      "responses"], ["steps", "updates", "responses"]),
        ("mixed", ["steps of two units", "rollout batches", "updates", "responses"],
         ["steps", "updates", "responses"]),
    ],
)  # fmt: skip
def test_steps_are_judged_in_every_unit(unit: Any, names: list[str], asked: list[str]) -> None:
    seen: list[str] = []

    def judged(axis: Any) -> Finding:
        seen.append(axis)
        return Finding(Ruling("inconclusive", f"on {axis}"))

    told = counted.sentences(unit, judged, "refuted")
    assert list(told) == names
    assert seen == asked
    for name, (verdict, sentence) in told.items():
        assert sentence == f"counted in {name}: {verdict}, not recorded"
    own = counted.STEPS[unit]
    assert told[own][0] == "refuted"
    if unit == "update":
        assert told["rollout batches"][0] == "no-verdict"
    assert told["responses"][0] == "inconclusive"


def test_a_bound_is_said_to_be_one_in_every_unit() -> None:
    """It read "counted in updates: refuted, 1.95, 95 % interval 1.2 or more"."""
    ratio = Estimate(1.95, 1.2, np.inf, 8, "mean curves")
    found = Finding(Ruling("refuted", ""), ratio=ratio, bound="lower")
    told = counted.sentences("rollout batch", lambda _: found, "refuted")
    for _, sentence in told.values():
        assert sentence.endswith(": refuted, 1.95, 95 % interval 1.2 or more, a lower bound")
    nothing = Finding(Ruling("no-verdict", ""), ratio=Estimate(np.nan, np.nan, np.nan, 0, "none"))
    told = counted.sentences("rollout batch", lambda _: nothing, "no-verdict")
    assert told["updates"][1] == "counted in updates: no-verdict, not measured"


def test_units_in_which_the_verdict_is_another_are_told_at_the_end() -> None:
    by_unit: counted.Told = {"a": ("refuted", "in a"), "b": ("supported", "in b")}
    assert counted.others(by_unit, "rollout batch", "refuted") == "; in b"
    assert counted.others(by_unit, "update", "refuted") == "; the headline is in updates; in b"
    assert counted.others({"a": by_unit["a"]}, "rollout batch", "refuted") == ""
    assert counted.others({}, "update", "refuted") == ""
