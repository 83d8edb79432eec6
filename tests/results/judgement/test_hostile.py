"""Curves made to get a verdict that they do not bear, one a rule that refuses them.

Runs reach 90 % of their gain at ``time``; all that is not proved is vouched for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.claims import Claim, load
from srpo_bench.results.judgement.evaluated import around
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.matched import copies
from srpo_bench.results.judgement.neutral import neutrals
from srpo_bench.results.runs import Comparison, Run
from tests.results.made import comparison, run
from tests.results.synthetic import learned

EVERY = tuple(range(0, 401, 5))
CLAIMS = {claim.id: claim for claim in load()}


def arm(
    name: str,
    time: float,
    steps: Sequence[int] = EVERY,
    base: float = 0.2,
    gain: float = 0.6,
    bend: Callable[[np.ndarray], np.ndarray] | None = None,
    **more: object,
) -> list[Run]:
    """Eight seeds; ``bend`` is added to the curve."""
    rng, step = np.random.default_rng(len(name)), np.array(steps, dtype=float)
    runs = []
    for seed in range(1, 9):
        own = time * np.exp(0.12 * rng.standard_normal())
        curve = base + gain * learned(step / own) + (bend(step) if bend else 0.0)
        curve = curve + 0.005 * rng.standard_normal(len(step)) * np.where(step > 0, 1, 0.2)
        runs.append(run(name, seed, np.clip(curve, 0, 1).tolist(), step=step.tolist(), **more))  # type: ignore[arg-type]
    return runs


def judged(here: Comparison, claim: str | Claim = "steps-90") -> ClaimVerdict:
    wanted = CLAIMS[claim] if isinstance(claim, str) else claim
    return Judge(here, "srpo", "grpo", vouched=True).verdict_on(wanted)


def outcome(here: Comparison) -> str:
    return neutrals([Judge(here, "srpo", "grpo", vouched=True)])["srpo"].outcome


def test_the_curves_themselves_are_fair() -> None:
    assert judged(comparison(*arm("grpo", 200), *arm("srpo", 10))).verdict == "supported"
    assert judged(comparison(*arm("grpo", 200), *arm("srpo", 60))).verdict == "refuted"


def test_a_better_start_hidden_by_a_first_evaluation_after_it_gives_no_verdict() -> None:
    """Both need 200 steps; one starts at 75 % and does not show it."""
    ahead = arm("srpo", 200, EVERY[1:], base=0.75, gain=0.1)
    found = judged(comparison(*arm("grpo", 200), *ahead))
    assert found.verdict == "no-verdict"
    assert "no evaluation at step 0: srpo's first is at step 5" in found.reason


SPARSE = (0, 5, 10, 395, 400)


@pytest.mark.parametrize("claim", ["steps-90", "steps-90-accuracy"])
def test_a_crossing_between_evaluations_far_apart_is_made_up(claim: str) -> None:
    """A twentieth of the steps, evaluated so that the curve laid through says a third."""
    found = judged(comparison(*arm("grpo", 300, SPARSE), *arm("srpo", 15, SPARSE)), claim)
    assert found.verdict == "no-verdict"
    assert found.reason.startswith("grpo/seed-1 was not evaluated between step 10 and step 395")
    found = judged(comparison(*arm("grpo", 300), *arm("srpo", 15, SPARSE)), claim)
    assert found.reason.startswith("srpo/seed-1 was not evaluated between step 10 and step 395")


def test_where_the_challenger_crosses_elsewhere_its_gaps_are_no_matter() -> None:
    """It needs 200 steps and was not evaluated between 10 and 100; a tenth is at 20."""
    gaps = (0, 5, 10, *range(100, 401, 5))
    assert judged(comparison(*arm("grpo", 200), *arm("srpo", 200, gaps))).verdict == "refuted"


def test_arms_evaluated_at_the_start_and_the_end_are_not_equal() -> None:
    assert outcome(comparison(*arm("grpo", 300, (0, 400)), *arm("srpo", 15, (0, 400)))) == (
        "not judged"
    )


@pytest.mark.parametrize(
    ("step", "found"),
    [(0, (0, 0)), (3, (0, 5)), (5, (5, 5)), (7, (5, 20)), (20, (20, 20)), (21, (20, 20))],
)
def test_evaluations_around_a_step(step: float, found: tuple[float, float]) -> None:
    assert around(np.array([0.0, 5, 20]), step) == found


def test_one_curve_under_eight_seeds_is_one_run() -> None:
    """A log that holds nothing but accuracies."""
    (first, *_), (fast, *_) = arm("grpo", 200), arm("srpo", 10)
    copied = [replace(one, seed=seed) for one in (first, fast) for seed in range(1, 9)]
    found = judged(comparison(*copied))
    assert found.verdict == "no-verdict"
    assert "copies of each other under several seeds (grpo/seed-2 repeats" in found.reason


def test_a_copy_that_another_tool_wrote_is_one_too() -> None:
    first = run("a", 1, np.linspace(0.2, 0.8, 10).tolist())
    rounded = first.evals.accuracy.astype(np.float32).astype(float)
    second = replace(first, seed=2, evals=replace(first.evals, accuracy=rounded))
    assert (rounded != first.evals.accuracy).any()
    assert copies([first, second]) == ("a/seed-2 repeats a/seed-1",)


def test_a_challenger_that_stopped_early_at_the_top_needs_fewer_steps() -> None:
    """Beyond its last evaluation nothing says otherwise: interval and p agree."""
    assert outcome(comparison(*arm("grpo", 200), *arm("srpo", 10, EVERY[:9]))) == "fewer steps"


def test_short_curves_may_repeat_by_chance() -> None:
    nine, ten = np.linspace(0.2, 0.8, 9).tolist(), np.linspace(0.2, 0.8, 10).tolist()
    assert copies([run("a", 1, nine), run("a", 2, nine)]) == ()
    assert copies([run("a", 1, [*nine, nine[-1]]), run("a", 2, [*nine, nine[-1]])]) == ()
    assert copies([run("a", 1, ten), run("a", 2, ten)]) == ("a/seed-2 repeats a/seed-1",)


def test_accuracy_that_is_not_kept_after_a_tenth_is_no_support() -> None:
    """Equal arms; one stands high at four evaluations about step 20 and falls back."""

    def spike(step: np.ndarray) -> np.ndarray:
        high = 0.2 + 0.6 * 0.98 - (0.2 + 0.6 * learned(step / 200))
        return np.where((step >= 10) & (step <= 25), high, 0.0)

    found = judged(
        comparison(*arm("grpo", 200), *arm("srpo", 200, bend=spike)), "steps-90-accuracy"
    )
    assert (found.verdict, "falls back from it" in found.reason) == ("inconclusive", True)


def test_arms_without_a_common_seed_are_said_to_have_no_pair() -> None:
    others = [replace(one, seed=one.seed + 10) for one in arm("srpo", 10)]
    for claim in ("steps-90", "steps-90-accuracy"):
        found = judged(comparison(*arm("grpo", 200), *others), claim)
        assert found.reason.startswith("0 complete seed pairs")


@pytest.mark.parametrize(
    ("unit", "first", "said"),
    [
        ("rollout batch", "counted in rollout batches: supported", ""),
        ("update", "counted in rollout batches: no-verdict", "the headline is in updates"),
        (
            "unstated",
            "counted in steps of a unit that nobody stated: supported",
            "the headline is in steps of a unit that nobody stated",
        ),
    ],
)
def test_steps_are_called_what_the_log_says_they_are(unit: str, first: str, said: str) -> None:
    told = {"manifest": {"unit": unit}}
    found = judged(comparison(*arm("grpo", 200, **told), *arm("srpo", 10, **told)))
    assert found.verdict == "supported"
    assert next(iter(found.units.values())).startswith(first)
    assert said in found.reason
    assert ("headline" in found.reason) == bool(said)


def test_a_unit_that_one_arm_states_and_the_other_does_not_is_not_known() -> None:
    ours = arm("srpo", 10, manifest={"unit": "unstated"})
    here = comparison(*arm("grpo", 200, manifest={"unit": "update"}), *ours)
    assert "unit of a step" in Judge(here, "srpo", "grpo").matched.unknown


def test_what_was_noticed_at_an_import_stands_in_the_verdict() -> None:
    told = {"imported": {"kind": "training reward"}, "notes": ["srpo never gets above 1 %."]}
    here = comparison(*arm("grpo", 200), *arm("srpo", 10), **told)
    assert "; its accuracy is a training reward; srpo never gets above 1 %;" in judged(here).reason
    held = {"imported": {"kind": "held-out reward"}, "notes": []}
    assert "its accuracy" not in judged(comparison(*here.runs, **held)).reason


def test_an_axis_on_which_an_arm_spent_nothing_is_not_compared() -> None:
    free = {"spent": {"seconds": [0.0] * len(EVERY)}}
    paid = {"spent": {"seconds": list(map(float, EVERY))}}
    claim = Claim.model_validate(
        CLAIMS["steps-90"].model_dump()
        | {"test": {"kind": "ratio", "axis": "seconds", "threshold": 0.1}}
    )
    found = judged(comparison(*arm("grpo", 200, **paid), *arm("srpo", 60, **free)), claim)
    assert (found.verdict, found.reason) == ("no-verdict", "not every run records its seconds")


@pytest.mark.parametrize("claim", ["steps-90", "steps-90-accuracy"])
@pytest.mark.parametrize("late", ["grpo", "srpo"])
def test_runs_that_end_before_others_begin_have_no_common_curve(claim: str, late: str) -> None:
    steps = {"grpo": EVERY[:20], "srpo": EVERY[:20]} | {late: EVERY[30:]}
    mixed = [*arm(late, 20, EVERY[:20])[:4], *arm(late, 20, EVERY[30:])[4:]]
    rest = {"grpo", "srpo"} - {late}
    found = judged(comparison(*mixed, *arm(*rest, 20, EVERY)), claim)
    assert (found.verdict, found.reason.startswith("some runs end before")) == ("no-verdict", True)
    apart = comparison(*arm("grpo", 200, steps["grpo"]), *arm("srpo", 200, steps["srpo"]))
    assert judged(apart, claim).verdict == "no-verdict"
    assert outcome(apart) == "not judged"


def test_a_cost_that_begins_late_is_no_cost_of_nothing() -> None:
    late = {"spent": {"responses": [max(0.0, s - 250.0) for s in EVERY]}}
    here = comparison(*arm("grpo", 200, **late), *arm("srpo", 10, **late))
    with np.errstate(all="raise", under="ignore"):
        said = judged(here).units["responses"]
    assert "nan" not in said


@pytest.mark.parametrize("claim", ["steps-90", "steps-90-accuracy"])
@pytest.mark.parametrize("until", [100, 395])
def test_who_trained_for_fewer_steps_may_still_have_needed_fewer(claim: str, until: int) -> None:
    """That is what the claim says. Whether it would have kept it is not known, and the end stands
    among what differs."""
    cut = arm("srpo", 10, [step for step in EVERY if step <= until])
    found = judged(comparison(*arm("grpo", 200), *cut), claim)
    assert found.verdict == "supported"
    assert "known to differ: last evaluated step" in found.reason


def test_what_no_claim_is_about_rests_on_the_users_word_too() -> None:
    """A method of one's own: no claim's reason says it, so what the pair shows does."""
    cut = arm("mine", 10, [step for step in EVERY if step <= 100])
    here = comparison(*arm("grpo", 200), *cut)
    said = neutrals([Judge(here, "mine", "grpo", vouched=True)])["mine"].sentence
    assert said.startswith("mine against grpo: fewer steps; known to differ: last evaluated step; ")
    assert "vouched for, not proved: that the runs are matched but for that, and" in said
    assert "vouched" not in neutrals([Judge(here, "mine", "grpo")])["mine"].sentence


def test_a_refutation_needs_no_end() -> None:
    cut = arm("srpo", 100, [step for step in EVERY if step <= 300])
    assert judged(comparison(*arm("grpo", 200), *cut)).verdict == "refuted"


def test_a_baseline_that_ends_first_sets_the_end() -> None:
    short = arm("grpo", 200, [step for step in EVERY if step <= 300])
    assert judged(comparison(*short, *arm("srpo", 10))).verdict == "supported"
