"""Accuracy along the way, of runs that ended and of those that did not."""

from __future__ import annotations

from srpo_bench.results.report.tables import along
from srpo_bench.results.runs import Run
from tests.results.made import comparison, run
from tests.results.report.test_by_hand import analysis

STEPS = (0.0, 0.1, 0.2, 0.3, 0.4)
"""Accuracies of the baseline at steps 0, 10, … 40."""


def higher(seed: int, by: float, evaluations: int = 5, **more: str) -> Run:
    return run("srpo", seed, [x + by * (x > 0) for x in STEPS][:evaluations], **more)


def test_pairs_that_got_there_are_told_and_counted() -> None:
    """Of three seeds one stopped at step 20, one challenger never began."""
    runs = [run("grpo", seed, STEPS) for seed in (1, 2, 3)]
    runs += [higher(1, 0.02), higher(2, 0.04, 3, state="stopped"), run("srpo", 3, ())]
    here = comparison(*runs)
    assert along.gap(here, ("srpo", "grpo"), 0) == "the same, 2 pairs"
    both = along.gap(here, ("srpo", "grpo"), 20)
    assert both.startswith("+3.0 (-9.7 to +15.7), 2 pairs")  # 12.7 = t · 1.414 / √2
    assert along.gap(here, ("srpo", "grpo"), 40) == "+2.0 (no interval), 1 pair"
    assert along.gap(here, ("grpo", "srpo"), 40).startswith("-2.0 ")
    assert along.gap(comparison(*runs[:3]), ("srpo", "grpo"), 40) == "–"


def test_a_log_that_is_done_and_ends_before_did_not_get_there() -> None:
    """Its last accuracy less one of twenty steps later would be no gap at the same step."""
    runs = [run("grpo", s, STEPS) for s in (1, 2)] + [higher(s, 0.02, 3) for s in (1, 2)]
    assert along.gap(comparison(*runs), ("srpo", "grpo"), 20) == "+2.0 (+2.0 to +2.0)"
    assert along.gap(comparison(*runs), ("srpo", "grpo"), 40) == "–"


def test_where_every_seed_is_there_no_number_of_pairs_is_said() -> None:
    runs = [run("grpo", s, STEPS) for s in (1, 2)] + [higher(1, 0.02), higher(2, 0.02)]
    assert along.gap(comparison(*runs), ("srpo", "grpo"), 40) == "+2.0 (+2.0 to +2.0)"


def test_the_interval_is_no_surer_than_the_answers_of_both_arms() -> None:
    """A standard error of 1 point an evaluation: √(2 / 2) of a difference over two pairs."""
    errors = [0.01] * 5
    runs = [run(arm, s, STEPS, stderr=errors) for arm in ("grpo", "srpo") for s in (1, 2)]
    runs[2:] = [run("srpo", s, [x + 0.02 for x in STEPS], stderr=errors) for s in (1, 2)]
    exact = [run("srpo", s, [x + 0.02 for x in STEPS]) for s in (1, 2)]
    for pairs in ([*runs[:2], *exact], [*runs[2:], *(run("grpo", s, STEPS) for s in (1, 2))]):
        only_one = along.gap(comparison(*pairs), ("srpo", "grpo"), 40)
        assert only_one == "+2.0 (+0.6 to +3.4)"  # half of that variance: 2.0 / √2
    runs.append(run("srpo", 3, ()))  # has no answers, and makes nothing surer
    assert along.gap(comparison(*runs), ("srpo", "grpo"), 40) == "+2.0 (0.0 to +4.0), 2 pairs"


def test_a_row_for_each_challenger_that_began() -> None:
    runs = [run("grpo", s, STEPS) for s in (1, 2)] + [higher(1, 0.02), higher(2, 0.02)]
    a = analysis(*runs, run("dapo", 1, ()), challengers=["srpo", "dapo"])
    told = along.table(a)
    # a tenth of 40 steps has no evaluation; behind a quarter the last one is at step 10
    assert told.columns == ("arm", *(f"after {s} steps" for s in (10, 20, 30, 40)))
    assert told.rows == (("srpo", *["+2.0 (+2.0 to +2.0)"] * 4),)
    assert "less grpo's at the same step" in told.note
    assert along.table(analysis(run("grpo", 1, ()))).rows == ()


def test_the_last_evaluation_behind_each_share_of_the_budget() -> None:
    """Of ten steps' evaluations those at 10, 25, 50, 75 and 100 %; srpo ended after the first."""
    runs = [run("grpo", s, [0.0] * 11) for s in (1, 2)]
    runs += [run("srpo", s, [0.0] * 2, state="stopped") for s in (1, 2)]
    told = along.table(analysis(*runs))
    assert told.columns == ("arm", *(f"after {s} steps" for s in (10, 20, 50, 70, 100)))
    assert told.rows == (("srpo", "the same", *["–"] * 4),)
