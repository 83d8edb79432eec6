"""A small fixed-seed edition of ``python -m benchmarks.calibration``."""

import numpy as np
import pytest

from benchmarks.calibration import FAMILIES, Cell, allowed, false, run

N = 300
BY_NAME = {family.name: family for family in FAMILIES}


def cell(name: str, pairs: int, ratio: float, simulations: int = N) -> Cell:
    return Cell(BY_NAME[name], pairs, ratio, simulations)


@pytest.mark.parametrize(
    ("name", "pairs", "ratio"),
    [
        ("clean", 8, 0.1),
        ("clean", 20, 1.0),
        ("24 answers", 10, 0.1),
        ("96 answers", 8, 0.11),
        ("plateaus ± 6 points", 10, 0.1),
        ("challenger ends 4 points lower", 8, 0.1),
        ("t3 tails", 8, 0.1),
        ("AR(1) noise, 0.9", 10, 0.1),
        ("micro schedule", 8, 0.1),
        ("uneven evaluations", 8, 0.09),
        ("gain 0.02, noise 0.015", 8, 0.1),
        ("budget of ten baselines", 8, 1.0),
    ],
)
def test_intervals_cover_and_verdicts_are_rarely_false(name, pairs, ratio) -> None:
    line = run(cell(name, pairs, ratio))
    assert line["covers"] >= 0.92 - 3 * np.sqrt(0.92 * 0.08 / N)
    assert false(line) <= allowed(line)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("one challenger in ten fails", 0.1),
        ("one baseline in ten fails", 0.11),
        ("the challenger collapses", 0.05),
    ],
)
def test_failures_and_collapse_rarely_decide(name, ratio) -> None:
    line = run(cell(name, 10, ratio))
    assert false(line) <= allowed(line)


def test_a_baseline_that_collapses_gives_no_verdict() -> None:
    assert run(cell("the baseline collapses", 8, 0.05, 100))["no_verdict"] > 0.95


@pytest.mark.parametrize("ratio", [0.1, 1.0])
def test_looking_again_and_again_gives_chance_no_second_try(ratio) -> None:
    """Seeds are added until the verdict is in."""
    line = run(cell("extended: micro schedule", 32, ratio, 150))
    assert false(line) <= allowed(line)


@pytest.mark.parametrize(
    ("name", "ratio", "verdict", "least"),
    [
        ("clean", 0.05, "supported", 0.95),
        ("micro schedule", 0.08, "supported", 0.25),
        ("96 answers", 0.2, "refuted", 0.6),
        ("24 answers", 0.3, "refuted", 0.5),
    ],
)
def test_real_effects_are_found(name, ratio, verdict, least) -> None:
    assert run(cell(name, 10, ratio, 250))[verdict] >= least


def test_at_a_lower_plateau_the_true_ratio_is_that_of_the_mean_curves() -> None:
    """1 − 0.1^(u^1.5) of a gain of .41 meets .9 · .45 a little later than at u = 1."""
    share = 0.9 * 0.45 / 0.41
    u = (np.log(1 - share) / np.log(0.1)) ** (1 / 1.5)
    line = run(Cell(BY_NAME["challenger ends 4 points lower"], 8, 0.1, 10))
    assert line["truth"] == pytest.approx(0.1 * u, rel=0.1)
