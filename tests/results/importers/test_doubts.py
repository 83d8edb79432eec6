"""Which figures are doubted, on either side of every bound."""

from __future__ import annotations

import pytest

from srpo_bench.results.importers.doubts import doubts
from srpo_bench.results.importers.record import Record
from srpo_bench.results.importers.shelf import Shelf


def told(scale: float = 1.0, columns: tuple[str, ...] = (), **arms: list[float]) -> list[str]:
    """Of runs that have these accuracies by step."""
    shelf = Shelf()
    for arm, curve in arms.items():
        for step, accuracy in enumerate(curve):
            shelf.add(Record(arm, 1, step, accuracy, line=step + 1, task=""))
    return doubts(shelf, columns, scale)


@pytest.mark.parametrize(
    ("curve", "odd"),
    [
        ([0.5, 0.025, 0.5], 1),  # a twentieth of both
        ([0.5, 0.026, 0.5], 0),
        ([0.4, 0.025, 0.5], 0),  # of one only
        ([0.5, 0.025, 0.4], 0),
        ([0.5, 0.0, 0.5], 1),  # nothing right is no percent, and no evaluation either
        ([0.1, 0.0, 0.1], 0),  # where little is right, none may be
        ([0.5, 0.01, 0.5, 0.02, 0.6], 2),
    ],
)
def test_a_point_is_odd_from_a_twentieth_of_both_neighbours_down(
    curve: list[float], odd: int
) -> None:
    found = told(grpo=curve)
    assert [f"{odd} of {len(curve)} accuracies" in said for said in found] == [True] * (odd > 0)


@pytest.mark.parametrize(
    ("curve", "said"),
    [
        ([x / 10 for x in range(1, 6) for _ in range(5)], "20 of 25 accuracies repeat"),
        ([*[0.1] * 7, 0.2, 0.3, 0.4, 0.5], "6 of 11 accuracies repeat"),  # six tenths
        ([*[0.1] * 6, 0.2, 0.3, 0.4, 0.5, 0.6], None),
        ([0.1] * 9, None),  # too few to tell
        ([0.1, 0.5, *[1.0] * 30], None),  # all right, and it stays so
        ([*[0.0] * 30, 0.1], None),
    ],
)
def test_a_curve_in_stairs_is_told(curve: list[float], said: str | None) -> None:
    found = told(grpo=curve)
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.009, 0.18, "ours never gets above 1 %, grpo reaches 18 %"),
        (0.009, 0.179, None),  # less than twenty times
        (0.01, 0.9, None),  # 1 % may be true
        (0.0004, 0.009, None),  # nobody is above 1 %
        (0.0004, 0.01, "ours never gets above 1 %, grpo reaches 1 %"),
    ],
)
def test_an_arm_below_one_percent_beside_one_twenty_times_as_good(
    low: float, high: float, said: str | None
) -> None:
    found = told(ours=[0.0, low], grpo=[high, 0.0])
    assert found == ([] if said is None else found[:1])
    assert said is None or said in found[0]


def test_a_name_that_sounds_like_percent_is_doubted_unless_it_was_scaled() -> None:
    for name in ("acc %", "acc_PCT", "Percent"):
        (said,) = told(columns=("step", name), grpo=[0.2, 0.4])
        assert said.startswith(f"'{name}' sounds like percent and was read as fractions, the ")
        assert "largest 40 %" in said
    assert told(columns=("accuracy",), grpo=[0.2]) == []
    assert told(0.5, ("acc %",), grpo=[0.2]) == []


def test_a_scale_that_leaves_less_than_one_percent_is_doubted() -> None:
    (said,) = told(0.01, grpo=[0.002, 0.009])
    assert said.startswith("With --scale 0.01 no accuracy is above 0.9 %")
    assert told(0.01, grpo=[0.002, 0.01]) == []
    assert told(1.0, grpo=[0.002]) == []
    assert told(2.0, ("acc %",), grpo=[0.002]) == []


def test_an_arm_is_as_good_as_its_best_run() -> None:
    """Whichever seed comes first."""
    for order in ((1, 2), (2, 1)):
        shelf = Shelf()
        for seed in order:
            for arm, best in (("ours", 0.009 if seed == 1 else 0.5), ("grpo", 0.6)):
                shelf.add(Record(arm, seed, 0, best, line=1, task=""))
        assert doubts(shelf, (), 1.0) == []


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ([900, 1000, 1200, 1300, 1400, 1500], "900 of 1500 tokens are spent by step 0 of 5"),
        ([0, 750, 800, 900, 1000, 1500], "750 of 1500 tokens are spent by step 1 of 5"),
        ([0, 749, 800, 900, 1000, 1500], None),
        ([0, 0, 900, 1000, 1200, 1500], None),  # at two fifths of the steps
        ([100, 200, 300, 400, 500, 600], None),
        ([0, 0, 0, 0, 0, 0], None),
        ([900, None, None, None, None, 1000], None),  # two are too few
    ],
)
def test_what_one_step_costs_in_the_place_of_a_total_is_told(
    tokens: list[float | None], said: str | None
) -> None:
    """Where it grows, as the length of responses does, it looks like a total."""
    shelf = Shelf()
    for step, spent in enumerate(tokens):
        shelf.add(Record("grpo", 1, step, 0.1 + step / 10, line=step + 1, tokens=spent))
    found = doubts(shelf, (), 1.0)
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


def test_what_steps_cost_is_told_once_for_all_runs() -> None:
    shelf = Shelf()
    for seed in (1, 2):
        for step, spent in enumerate((30.0, 31.0, 33.0)):
            shelf.add(Record("grpo", seed, step, seed / 9, line=1, tokens=spent, seconds=spent))
    (said,) = doubts(shelf, (), 1.0)
    assert "30 of 33 tokens are spent by step 0 of 2 (more that are so: 3): what" in said


def test_one_log_under_two_names_is_told() -> None:
    curve = [0.1, 0.2, 0.3, 0.4, 0.5]
    (said,) = told(grpo=curve, srpo=curve)
    assert said.startswith("srpo, seed 1, repeats grpo, seed 1, step by step: one log under")
    shelf = Shelf()
    for arm, seed in (("grpo", 1), ("grpo", 2), ("srpo", 1), ("srpo", 2)):
        for step, accuracy in enumerate(curve if arm == "grpo" else curve[::-1]):
            shelf.add(Record(arm, seed, step, accuracy, line=1))
    (said,) = doubts(shelf, (), 1.0)
    assert said == (
        "grpo, seed 2, repeats grpo, seed 1, step by step (more that do so: 1): one log under two "
        "names?"
    )
    assert told(grpo=curve, srpo=[*curve[:-1], 0.6]) == []
    assert told(grpo=[*curve[:-1], 0.1], srpo=[*curve[:-1], 0.1]) == []  # four may agree by chance


@pytest.mark.parametrize(
    ("scale", "least", "said"),
    [
        (0.01, 0.0062, "gsm8k never gets above 1 %, math reaches 35 %"),
        (0.01, 0.0, None),  # nothing right is nothing in either unit
        (0.01, 0.02, None),
        (1.0, 0.0062, None),  # of fractions a hard data set may have so few
    ],
)
def test_data_sets_of_two_units_are_told(scale: float, least: float, said: str | None) -> None:
    """One --scale for a column of percent and one of fractions."""
    shelf = Shelf()
    for task, accuracy in (("gsm8k", least), ("math", 0.35)):
        shelf.add(Record("grpo", 1, 0, accuracy, line=1, task=task))
    found = doubts(shelf, (), scale)
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


def test_a_standard_error_of_a_million_answers_is_told() -> None:
    """A fraction beside percent, of which --scale made a hundredth."""
    for errors, said in (
        ((3e-4, 4e-4, 4.9e-4), True),  # a thousandth of 0.4, 0.49 and 0.5
        ((3e-4, 4e-4, 5.1e-4), False),
        ((3e-4, 4e-4, None), False),  # two are too few
    ):
        shelf = Shelf()
        for step, (accuracy, error) in enumerate(zip((0.2, 0.4, 0.5), errors, strict=True)):
            shelf.add(Record("grpo", 1, step, accuracy, line=step + 1, stderr=error))
        found = ["million answers (the first is 0.0003)" in s for s in doubts(shelf, (), 0.01)]
        assert found == [True] * said


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([0.5, 0.4, 0.4], True),  # of 0.5, 0.2 and 0.8
        ([0.475, 0.38, 0.38], True),  # rounded, or with n − 1
        ([0.47, 0.4, 0.4], False),
        ([0.05, 0.4, 0.4], False),
        ([0.5, None, 0.4], False),  # two are too few
    ],
)
def test_a_standard_deviation_in_the_place_of_an_error_is_told(
    errors: list[float | None], said: bool
) -> None:
    shelf = Shelf()
    for step, (accuracy, error) in enumerate(zip((0.5, 0.2, 0.8), errors, strict=True)):
        shelf.add(Record("grpo", 1, step, accuracy, line=step + 1, stderr=error))
    assert [f"the first is {errors[0]:.3g}" in s for s in doubts(shelf, (), 1.0)] == [True] * said
