"""Matched, alike at the start, room, prompts enough: each on either side of its bound."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import headroom as room
from srpo_bench.results.judgement import start
from srpo_bench.results.judgement.headroom import Headroom, pass_rates
from srpo_bench.results.judgement.matched import Matched, copies, matched
from srpo_bench.results.judgement.starving import Starving, batch_of, short_from, starving
from srpo_bench.results.runs import Run
from srpo_bench.results.schema import CORE
from srpo_bench.results.statistics.health import Window
from tests.results.made import NAN, comparison, run

KNOWN = dict.fromkeys(CORE, 1)


def contracted(arm: str, seed: int, /, **fields: Any) -> Run:
    return run(arm, seed, manifest={"contract": KNOWN | fields})


def test_a_proof_holds_with_fields_and_nothing_that_differs_or_is_unknown() -> None:
    assert Matched({}, [], 1)
    assert not Matched({}, [], 0)
    assert not Matched({"lr": [1, 2]}, [], 5)
    assert not Matched({}, ["lr"], 5)
    assert Matched({}, [], 5).sentence == (
        "matched: all 5 fields of the contract are equal in all runs"
    )
    assert Matched({}, [], 0).sentence == "not matched: the runs carry no contract"
    both = Matched({"lr": [1, 2]}, ["a", "b"], 5)
    assert both.sentence == "not matched: different: lr; unknown: a, b"
    assert (both.known_to_differ, Matched({}, ["a"], 5).known_to_differ) == ("lr", "")


def test_values_are_named_by_how_often_they_occur() -> None:
    runs = [contracted("a", s, lr=lr) for s, lr in enumerate((1, 2, 2, 3, 2, 3))]
    proof = matched(runs)
    assert proof.differing == {"lr": [2, 3, 1]}
    assert proof.fields == len(CORE) + 1
    assert matched([contracted("a", 1, seed=1), contracted("a", 2, seed=2)])
    assert not matched([contracted("a", 1, seed=1), contracted("b", 1, seed=2)])
    assert not matched([contracted("a", 1, lr=None), contracted("b", 1, lr=2)])
    assert matched([contracted("a", 1, lr=None), contracted("b", 1, lr=None)])


def test_units_of_a_step_differ_where_two_are_stated() -> None:
    def proof(*units: str | None) -> Matched:
        runs = [run("a", i, manifest={"contract": KNOWN, "unit": u}) for i, u in enumerate(units)]
        return matched(runs)

    def in_units(*units: str | None) -> list[Any] | None:
        return proof(*units).differing.get("unit of a step")

    assert in_units("update", "rollout batch") == ["rollout batch", "update"]
    assert in_units("update", "unstated", None, "update") is None
    assert proof("update", "unstated").unknown == ["unit of a step"]
    assert proof("unstated", "unstated").unknown == proof("update", None).unknown == []


def test_a_seed_that_differs_within_pairs_is_shown_by_the_first_of_them() -> None:
    runs = [contracted(a, s, order_seed=s + o) for s in (1, 2) for a, o in (("a", 0), ("b", 5))]
    assert matched(runs).differing == {"order_seed": [1, 6]}


def told(seed: int, tokens: float, length: float | None = 9.0, arm: str = "a") -> Run:
    last = {"t": {"accuracy": 0.5, "length": length, "outcomes": {"correct": 4}}}
    return run(arm, seed, last=last, spent={"tokens": (0, tokens)})


def test_a_copy_repeats_the_whole_record_of_an_earlier_seed_of_its_arm() -> None:
    assert copies([told(1, 5), told(2, 5), told(3, 5)]) == (
        "a/seed-2 repeats a/seed-1",
        "a/seed-3 repeats a/seed-1",
    )
    assert copies([told(1, 5), told(2, 6)]) == ()
    assert copies([told(1, 5), told(2, 5, 8.0)]) == ()
    assert copies([told(1, 5), told(1, 5, arm="b")]) == ()
    assert copies([told(1, 5, None), told(2, 5, None), told(3, 7), told(4, 7)]) == (
        "a/seed-4 repeats a/seed-3",
    )
    without = [run("a", s, last=told(1, 5).evals.last) for s in (1, 2)]
    assert copies(without) == ()


def begun(arm: str, *accuracies: float) -> list[Run]:
    return [run(arm, seed, (a, 0.9)) for seed, a in enumerate(accuracies)]


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ((0.2, 0.4), "alike"),
        ((0.23, 0.4), "unknown"),  # two seeds, one moved: anything may be
        ((0.2205, 0.4205), "known to differ"),
        ((0.2195, 0.4195), "alike"),
        ((0.1795, 0.3795), "known to differ"),
        ((0.1805, 0.3805), "alike"),
    ],
)
def test_arms_start_alike_within_two_points(other: tuple[float, float], verdict: str) -> None:
    found = start.compare(begun("a", 0.2, 0.4) + begun("b", *other))
    assert found.verdict == verdict
    assert found.accuracies == ["a 30.0 %", f"b {50 * sum(other):.1f} %"]


def test_one_seed_that_moved_says_nothing_and_other_arms_are_asked_too() -> None:
    assert start.compare(begun("a", 0.2) + begun("b", 0.25)).verdict == "unknown"
    one, same, far = begun("a", 0.2, 0.4), begun("b", 0.2, 0.4), begun("c", 0.3, 0.5)
    assert start.compare(one + same + far).verdict == "known to differ"
    assert start.compare(one + begun("c", 0.25)[:1] + far).verdict in ("unknown", "known to differ")
    assert start.compare(one).verdict == start.compare([]).verdict == "alike"
    late = [run("b", s, (0.9, 0.9), step=(5, 10)) for s in (0, 1)] + [run("b", 2, ())]
    assert start.compare(one + late).accuracies == ["a 30.0 %"]
    assert start.compare(one + begun("d", 0.21, 0.43), margin=0.5).verdict == "alike"


def headroom(effects: dict[str, float | None], second: float = 10, steps: float = 200) -> Headroom:
    return Headroom(effects, second, steps)


def test_room_ends_at_a_tenth_of_the_baselines_steps() -> None:
    assert headroom({"stage-switch": 20}, 20).lacking == ""
    assert headroom({"one epoch": 21}, 20).lacking == (
        "no headroom: one epoch takes 21 steps, later than 10 % (20) of the baseline's 200 steps "
        "to target"
    )
    assert headroom({"x": 5}, 21).lacking.startswith(
        "no headroom: the second evaluation is at step 21, later than"
    )
    assert headroom({"x": 21}, NAN).lacking.startswith(
        "no headroom: x comes at step 21 and the second evaluation never comes, later than"
    )
    assert headroom({"x": np.inf, "y": np.inf}).lacking.startswith(
        "no headroom: by the baseline's records x and y never comes, later"
    )
    assert headroom({"x": None}, 20).lacking == ""
    assert headroom({}, 20).first == 0
    assert headroom({"x": None}).first is None
    assert headroom({"x": None, "y": 7, "z": 9}).first == 7
    assert Headroom({"x": 11}, 10, 200, 0.05).limit == 10
    assert Headroom({"x": 11}, 10, 200, 0.05).lacking.endswith("than 5 % (10) of the baseline's "
                                                              "200 steps to target")  # fmt: skip


def test_room_is_measured_by_the_latest_second_evaluation_of_the_two_arms() -> None:
    runs = [
        run("srpo", 1, (0, 1, 1, 1)),
        run("grpo", 1, (0, 1, 1), step=(0, 12, 30)),
        run("dapo", 1, (0, 1, 1), step=(0, 500, 900)),
        run("grpo", 2, (0, 1)),
    ]
    pair = SimpleNamespace(challenger="srpo", baseline="grpo", baseline_steps=400.0)
    found = room.headroom(comparison(*runs), pair, happens={"x": 1.0})  # type: ignore[arg-type]
    assert found == Headroom({"x": 1.0}, 30, 400, 0.1)
    found = room.headroom(comparison(*runs), pair, {}, 0.5)  # type: ignore[arg-type]
    assert found.share == 0.1
    assert room.headroom(comparison(*runs), pair, {}, 0.02).share == 0.02  # type: ignore[arg-type]
    bare = SimpleNamespace(challenger="srpo", baseline="ppo", baseline_steps=np.nan)
    found = room.headroom(comparison(runs[3]), bare, happens={})  # type: ignore[arg-type]
    assert np.isnan([found.second_evaluation, found.baseline_steps]).all()


def test_what_a_method_waits_for_and_when_it_comes() -> None:
    """Epochs begin at steps 3 and 5; step 4 has a group all correct, and a signal."""
    curves = {
        "epoch": (0, 0, 1, 1, 2, 2),
        "all_correct": (0, 0, 0, 0.5, 0, 0),
        "zero_variance": (1, 1, 1, 0.5, 1, 1),
    }
    events = [{"event": e} for e in ("epoch-boundary-with-solved-prompt", "first-replay", "else")]
    waits = {"waits_for": [*events, {"event": "stage-switch", "step": 7}]}
    here = comparison(run("srpo", manifest=waits), run("grpo", 1, curves=curves), run("grpo", 2))
    assert room.effects(here, "srpo", "grpo") == {
        "epoch-boundary-with-solved-prompt": 5,
        "first-replay": 5,
        "else": None,
        "stage-switch": 7,
    }
    nobody = comparison(run("srpo", manifest=waits))
    assert room.effects(nobody, "srpo", "grpo")["first-replay"] is None
    planned = comparison(run("srpo"), contract={"pool_size": 64, "prompts_per_step": 16})
    assert room.effects(planned, "srpo", "grpo") == {room.EPOCH: 4}
    for missing in ({"pool_size": 64}, {"prompts_per_step": 16}):
        unknown = comparison(run("srpo"), contract=missing)
        assert room.effects(unknown, "srpo", "grpo") == {room.EPOCH: None}


def test_a_pass_rate_is_over_all_groups_of_a_prompt() -> None:
    def group(prompt: str, right: int, n: int) -> dict[str, Any]:
        return {"prompt": prompt, "right": right, "n": n}

    steps = [[group("a", 1, 4), group("b", 0, 0)], [group("a", 3, 4), group("c", 2, 2)]]
    assert pass_rates(steps) == {"a": 0.5, "c": 1.0}


def window(short: float) -> Window:
    return Window(10, short, 0, 0, 0, 0, 0)


def starved(at: float | None, short: float = 0.0, crossing: float = 50) -> Starving:
    return Starving("srpo", "grpo", 16, at, crossing, window(short))


def test_a_plan_starves_before_the_crossing_and_a_method_more_than_one_step_in_twenty() -> None:
    assert starved(49).lacking == (
        "the plan starves srpo: its rule, run on grpo's records, would leave fewer prompts than a "
        "batch of 16 from step 49 on, before grpo's own crossing at 50"
    )
    for at in (None, 50, np.inf):
        assert starved(at).lacking == ""
    assert starved(49, 0.9).own_doing == ""
    assert starved(50, 0.05).own_doing == starved(50, NAN).own_doing == ""
    assert starved(50, 0.06).own_doing == (
        "up to grpo's crossing srpo was short of prompts by its own doing in 6 % of its steps"
    )
    assert starved(None, 0.06).own_doing == (
        "up to grpo's crossing srpo was short of prompts in 6 % of its steps"
    )


def test_a_pair_is_looked_at_up_to_the_baselines_crossing() -> None:
    pools = run("srpo", curves={"pool_size": (64, 8, 8, 64)})
    here = comparison(pools, contract={"prompts_per_step": 16})
    pair: Any = SimpleNamespace(challenger="srpo", baseline="grpo", baseline_steps=2.0)
    found = starving(here, pair, 9.0)
    assert (found.batch, found.at, found.crossing) == (16, 9, 2)
    assert found.challenger_steps.short == 0.5
    assert np.isnan(batch_of(comparison()))
    pair.baseline_steps = np.nan
    none = starving(here, pair, None)
    assert np.isnan(none.crossing)


def test_the_pool_is_what_was_asked_where_no_plan_says() -> None:
    """Two epochs of four prompts, two a step; one of them is always right, two from the second."""

    def groups(*right: int) -> list[dict[str, Any]]:
        return [{"prompt": str(i), "right": r, "n": 2} for i, r in enumerate(right) if r >= 0]

    asked = run("grpo", curves={"epoch": (0, 0, 1, 1, 2)})
    steps = [groups(2, 1), groups(-1, -1, 1, 1), groups(2, 2), groups(-1, -1, 1, 1), groups(1, 1)]
    rule: dict[str, Any] = {}
    assert short_from(asked, steps, rule, 4) == 3
    assert short_from(asked, steps, rule, 3) == 5
    assert short_from(asked, steps, rule, 2) == np.inf
    assert short_from(asked, steps, rule, 4, size=5) == 5
    assert short_from(asked, steps, {"rate": 0.5}, 1) == 3
