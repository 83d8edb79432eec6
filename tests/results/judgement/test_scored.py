"""Claims about scores, over problems and over seeds, by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from srpo_bench.results.judgement.claims import Equivalence, Superiority
from srpo_bench.results.judgement.finding import Finding
from srpo_bench.results.judgement.scored import test as scored
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.sequential import first_look, tail_of
from srpo_bench.results.text import points
from tests.results.made import comparison, run

BETTER = Superiority(kind="superiority", tasks=("a",), comparator="grpo")


def par(margin: float, *tasks: str) -> Equivalence:
    return Equivalence(kind="equivalence", tasks=tasks or ("a",), comparator="grpo", margin=margin)


def counted(arm: str, seed: int, right: Sequence[int], k: int = 1, task: str = "a") -> Run:
    score = {"accuracy": float(np.mean(right)) / k, "correct": list(right), "k": k}
    return run(arm, seed, final={task: score})


def judged(*runs: Run, claim: Any = BETTER, **plan: Any) -> Finding:
    return scored(comparison(*runs, **plan), "srpo", claim)


OURS, THEIRS = [1] * 25 + [0] * 15, [1] * 10 + [0] * 30


def test_over_problems_by_hand() -> None:
    """15 of 40 problems won, none lost: 0.375 with Agresti and Min's error, normal quantiles."""
    found = judged(counted("srpo", 1, OURS), counted("grpo", 1, THEIRS))
    error = math.sqrt(15 + 1 - 15**2 / 42) / 42
    assert found.difference is not None
    assert (found.difference.value, found.difference.n) == (0.375, 40)
    assert found.difference.low == pytest.approx(0.375 - 1.959964 * error)
    assert found.difference.high == pytest.approx(0.375 + 1.959964 * error)
    assert found.p == pytest.approx(2 * stats.norm.sf(0.375 / error))
    assert found.p_of == "no difference; two-sided"
    assert found.ruling.verdict == "supported"
    assert found.ruling.reason.startswith("srpo less grpo: +37.5 points (")
    assert found.ruling.reason.endswith("over 40 problems, taken for a sample of their kind")


def test_two_one_sided_tests_over_problems() -> None:
    runs = counted("srpo", 1, OURS), counted("grpo", 1, THEIRS)
    error = math.sqrt(15 + 1 - 15**2 / 42) / 42
    near = judged(*runs, claim=par(0.6))
    assert near.difference is not None
    assert near.difference.high == pytest.approx(0.375 + 1.644854 * error)
    assert near.p == pytest.approx(stats.norm.cdf((0.375 - 0.6) / error))
    assert near.p_of == "they lie 60 points apart or more; two one-sided"
    assert near.ruling.verdict == "supported"
    assert judged(*runs, claim=par(0.4)).ruling.verdict == "inconclusive"
    assert judged(*runs, claim=par(0.4)).ruling.reason.endswith("the interval does not settle it")
    assert judged(*runs, claim=par(0.2)).ruling.verdict == "refuted"


def test_a_loss_refutes_and_no_difference_settles_nothing() -> None:
    lost = judged(counted("srpo", 1, THEIRS), counted("grpo", 1, OURS))
    assert lost.ruling.verdict == "refuted"
    even = judged(counted("srpo", 1, OURS), counted("grpo", 1, OURS))
    assert (even.ruling.verdict, even.p) == ("inconclusive", 1)


def test_thirty_problems_are_enough() -> None:
    for n, verdict in ((29, "no-verdict"), (30, "supported")):
        found = judged(counted("srpo", 1, [1] * n), counted("grpo", 1, [0] * n))
        assert found.ruling.verdict == verdict
        assert found.difference is not None
    few = judged(counted("srpo", 1, [1] * 29), counted("grpo", 1, [0] * 29))
    assert few.ruling.reason == "29 problems, and a verdict over problems needs at least 30"
    assert few.p < 0.01


def test_tasks_weigh_the_same_whatever_their_size() -> None:
    """A gap of 1 on 20 problems and of 0 on 80 is one of a half."""
    runs = []
    for arm, first in (("srpo", 1), ("grpo", 0)):
        scores = {
            "a": {"accuracy": first, "correct": [first] * 20, "k": 1},
            "b": {"accuracy": 0.5, "correct": [1, 0] * 40, "k": 1},
        }
        runs.append(run(arm, 1, final=scores))
    found = judged(*runs, claim=par(0.2, "a", "b"))
    errors = math.sqrt(20 + 1 - 20**2 / 22) / 22, 1 / 82
    assert found.difference is not None
    assert (found.difference.value, found.difference.n) == (0.5, 100)
    half = 1.644854 * math.hypot(*errors) / 2
    assert found.difference.low == pytest.approx(0.5 - half, rel=1e-5)


SEEDS = range(8)


def over_seeds(gap: float, *runs: Run, claim: Any = BETTER, **plan: Any) -> Finding:
    """Eight pairs of evaluations that differ by a gap, a tenth more or less."""
    made = [run("grpo", s, tasks={"a": (0, 0.2 + s / 100)}) for s in SEEDS]
    made += [run("srpo", s, tasks={"a": (0, 0.2 + s / 100 + gap + (-1) ** s / 100)}) for s in SEEDS]
    return judged(*made, *runs, claim=claim, **plan)


def test_over_seeds_by_students_t() -> None:
    d = np.array([0.05 + (-1) ** s / 100 for s in SEEDS])
    found = over_seeds(0.05)
    low, high = stats.t.interval(0.95, 7, d.mean(), stats.sem(d))
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(stats.ttest_1samp(d, 0).pvalue)
    assert found.p_of == "no difference; two-sided"
    assert (found.ruling.verdict, found.difference.n) == ("supported", 8)
    assert (
        found.ruling.reason
        == f"srpo less grpo: +5.0 points ({100 * low:+.1f} to {100 * high:+.1f})"
    )
    near = over_seeds(0.05, claim=par(0.1))
    low, high = stats.t.interval(0.90, 7, d.mean(), stats.sem(d))
    assert near.difference is not None
    assert (near.difference.low, near.difference.high) == pytest.approx((low, high))
    assert near.p == pytest.approx(stats.ttest_1samp(d, 0.1, alternative="less").pvalue, rel=1e-4)
    assert (near.ruling.verdict, near.p_of[:8]) == ("supported", "they lie")


def test_a_further_look_asks_for_more() -> None:
    arms = [{"arm": "grpo"}, {"arm": "srpo"}]
    more = [run(a, s, tasks={"a": (0, 0.3)}) for a in ("grpo", "srpo") for s in (8, 9)]
    added = [{"seeds": [8, 9], "arms": [], "runs_seen": 16}]
    plan = {"seeds": list(range(10)), "arms": arms}
    for claim in (BETTER, par(0.1)):
        usual = over_seeds(0.05, *more, claim=claim, **plan).difference
        again = over_seeds(0.05, *more, claim=claim, **plan, added=added).difference
        assert usual is not None
        assert again is not None
        assert again.high > usual.high


def test_sampling_error_is_a_floor_where_seeds_are_alike() -> None:
    def alike(stderr: float, claim: Any = BETTER) -> float:
        runs = [
            run(a, s, tasks={"a": (0.5, 0.5)}, stderr=(stderr, stderr))
            for a in ("grpo", "srpo")
            for s in SEEDS
        ]
        found = judged(*runs, claim=claim).difference
        assert found is not None
        return found.high

    assert alike(0.1, par(0.1)) == pytest.approx(1.644854 * math.sqrt(0.01 / 8), rel=1e-4)
    assert alike(0.1) == pytest.approx(1.959964 * math.sqrt(0.01 / 8), rel=1e-4)


def test_seven_pairs_and_a_score_that_is_missing() -> None:
    made = [run(a, s, tasks={"a": (0, 0.3)}) for a in ("grpo", "srpo") for s in range(7)]
    assert judged(*made).ruling.reason.startswith("7 complete seed pairs")
    bare = run("srpo", 9)
    assert judged(*made, bare).ruling.reason == "not every run was scored on a"
    failed = run("srpo", 9, state="failed")
    assert judged(*made, failed).ruling.reason.startswith("7 complete seed pairs")


def test_an_arm_that_is_not_there_or_is_the_comparator_itself() -> None:
    assert judged(run("srpo", 1)).ruling.reason == "there are no finished runs of grpo here"
    same = scored(comparison(run("grpo", 1)), "grpo", BETTER)
    assert same.ruling.reason == ("grpo is what the claim compares with, not what it is made of")
    named = Superiority(kind="superiority", tasks=("a",), comparator="GRPO")
    assert scored(comparison(run("grpo", 1)), "grpo", named).ruling == same.ruling


def test_without_pairs_over_problems_seeds_decide() -> None:
    """Other numbers of problems or of k within an arm, seeds of one side only, no counts."""
    right = [1] * 40
    whole = [counted(a, s, right) for a in ("srpo", "grpo") for s in (1, 2)]
    assert "problems" in judged(*whole).ruling.reason
    for other in (
        counted("srpo", 2, right[:-1]),
        counted("srpo", 2, right, k=2),
        counted("srpo", 3, right),
        run("srpo", 2, final={"a": {"accuracy": 0.5}}),
    ):
        told = judged(whole[0], other, *whole[2:]).ruling.reason
        assert "complete seed pair" in told
    short = [counted("grpo", s, right[:-1]) for s in (1, 2)]
    assert "complete seed pair" in judged(*whole[:2], *short).ruling.reason
    lone = judged(*whole[:2], counted("grpo", 7, right))
    assert "problems" in lone.ruling.reason
    more = [counted("srpo", s, right) for s in (1, 2, 3)]
    assert "complete seed pair" in judged(*more, *whole[2:]).ruling.reason
    assert (
        "complete seed pair"
        in judged(*whole[:2], *whole[2:], counted("grpo", 3, right)).ruling.reason
    )


def test_sides_with_another_k_each_have_their_own() -> None:
    """Of 40 problems half of two responses are right, against all of one."""
    found = judged(counted("srpo", 1, [1] * 40, k=2), counted("grpo", 1, [1] * 40))
    assert found.difference is not None
    assert found.difference.value == -0.5


def test_a_further_look_is_at_the_pairs_that_both_arms_have() -> None:
    """Ten seeds of either, nine of which are of both, after a look at eight."""
    plan = {
        "seeds": list(range(9)),
        "arms": [{"arm": "grpo"}, {"arm": "srpo"}],
        "added": [{"seeds": [8], "arms": [], "runs_seen": 16}],
    }
    more = [run("grpo", 8, tasks={"a": (0, 0.3)}), run("srpo", 8, tasks={"a": (0, 0.3)})]
    lone = [run(arm, seed, tasks={"a": (0, 0.3)}) for arm, seed in (("srpo", 9), ("grpo", 10))]
    assert first_look(plan, "srpo", "grpo") == 8
    level = 1 - 2 * tail_of(9, 8)
    d = np.array([0.05 + (-1) ** s / 100 for s in SEEDS] + [0.0])
    found = over_seeds(0.05, *more, *lone, **plan).difference
    assert found is not None
    assert (found.low, found.high) == pytest.approx(
        stats.t.interval(level, 8, d.mean(), stats.sem(d))
    )


def test_the_sentence_shows_the_interval_that_is_judged() -> None:
    near = over_seeds(0.05, claim=par(0.1))
    assert near.difference is not None
    assert near.ruling.reason == f"srpo less grpo: {points(near.difference)}"
