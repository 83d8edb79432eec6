"""A small fixed-seed edition of ``python -m benchmarks.calibration``."""

import numpy as np
import pytest

from benchmarks.calibration import Setting, covers, simulate

N = 400
SLACK = 3 * np.sqrt(0.95 * 0.05 / N)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(0.1, 8),
        Setting(0.5, 5),
        Setting(1.0, 8),
        Setting(2.0, 12),
        Setting(1.0, 8, censored=0.4),
    ],
    ids=str,
)
def test_intervals_cover_the_truth(setting: Setting) -> None:
    rng = np.random.default_rng(11)
    share = np.mean([covers(setting, simulate(setting, rng)) for _ in range(N)])
    assert share > 0.92 - SLACK
    assert share < 0.98 + SLACK


@pytest.mark.parametrize("ratio", [0.1, 1.0])
def test_support_is_rarely_false(ratio: float) -> None:
    """Under the null, and at the very edge of the claim."""
    rng = np.random.default_rng(12)
    verdicts = [simulate(Setting(ratio, 8), rng).verdict for _ in range(N)]
    assert verdicts.count("supported") / N <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / N)


def test_a_real_effect_is_found() -> None:
    rng = np.random.default_rng(13)
    verdicts = [simulate(Setting(0.05, 8), rng).verdict for _ in range(50)]
    assert verdicts.count("supported") >= 45


def test_the_closed_form_of_the_truth_agrees_with_a_draw() -> None:
    setting = Setting(0.5, 8, censored=0.4)
    z = np.random.default_rng(1).standard_normal(400_000)
    time = 200 * np.exp(setting.spread * z)
    ratio = np.minimum(0.5 * time, setting.budget).mean() / np.minimum(time, setting.budget).mean()
    assert setting.truth == pytest.approx(ratio, rel=2e-3)
