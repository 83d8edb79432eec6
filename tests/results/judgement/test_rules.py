import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.rules import judge
from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.runs import Array, read
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast, contrast
from srpo_bench.results.statistics.inference import mean, ratio_of_means, sign_flip
from tests.results import synthetic


def ruling(folder: Path, **options: object) -> tuple[str, str]:
    found = verify(folder, ["steps-90"], **options)[0]  # type: ignore[arg-type]
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(0.05, "supported"), (0.5, "refuted"), (1.0, "refuted"), (3.0, "refuted")],
)
def test_a_clear_ratio_gets_its_verdict(tmp_path: Path, ratio: float, verdict: str) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": ratio})
    assert ruling(folder)[0] == verdict


def test_a_ratio_at_the_claim_is_inconclusive(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.1}, spread=0.3)
    assert ruling(folder)[0] == "inconclusive"


def test_seven_pairs_are_too_few(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, seeds=7)
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "7 complete seed pairs" in reason


def test_unmatched_runs_get_none_unless_vouched_for(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c")
    synthetic.change(folder / "srpo" / "seed-1", "manifest.json", contract={"optim.lr": 1.0})
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "optim.lr" in reason
    assert ruling(folder, vouched=True)[0] == "refuted"


def test_a_baseline_that_misses_the_target_gives_none(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, noise=0.0)
    for seed in (1, 2):  # two of eight collapse late: the gain stays, the target is never reached
        path = folder / "grpo" / f"seed-{seed}" / "evals.jsonl"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(lines[:20] + [_at(lines[20], i) for i in range(20, 81)]) + "\n")
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "75 % of its seeds" in reason


def _at(line: str, index: int) -> str:
    return json.dumps(json.loads(line) | {"step": 5 * index})


def test_late_evaluations_leave_no_headroom(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", every=20)
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "no headroom" in reason
    assert "second evaluation is at step 40" in reason


def test_a_long_epoch_leaves_no_headroom(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c")
    for run in folder.glob("*/seed-*"):
        synthetic.change(run, "manifest.json", contract={"pool_size": 800})
    synthetic.change(folder, "comparison.json", contract={"pool_size": 800})
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "one epoch takes 50 steps" in reason


def test_a_baseline_that_learns_nothing_gives_none(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", gain=-0.1)
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "gained nothing" in reason


def test_unfinished_runs_are_not_peeked_at(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=10)
    synthetic.change(folder / "srpo" / "seed-3", "status.json", state="running")
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "srpo/seed-3" in reason


def test_a_failed_run_is_counted_at_both_extremes(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, seeds=9)
    lost = folder / "srpo" / "seed-9"
    synthetic.change(lost, "status.json", state="failed", reason="out of memory")
    (lost / "evals.jsonl").write_text('{"step": 0, "accuracy": 0.2}\n')
    verdict, reason = ruling(folder)
    assert verdict == "inconclusive"
    assert "srpo/seed-9" in reason


def test_a_failed_run_does_not_undo_what_holds_either_way(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.8}, seeds=9)
    lost = folder / "srpo" / "seed-9"
    synthetic.change(lost, "status.json", state="failed", reason="out of memory")
    lines = (lost / "evals.jsonl").read_text().splitlines()[:20]
    (lost / "evals.jsonl").write_text("\n".join(lines) + "\n")
    assert ruling(folder)[0] == "refuted"


def test_challengers_that_never_arrive_give_a_lower_bound(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 9.0})
    found = Judge(read(folder), "srpo", "grpo").contrast
    assert found.reached_challenger == 0
    assert found.bound.startswith("a lower bound")
    assert found.axes["steps"].challenger.tolist() == [400.0] * 8


def test_axes_that_are_not_recorded_are_not_compared(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", training=False)
    found = contrast(read(folder), "srpo", "grpo", 0.8)
    assert list(found.axes) == ["steps", "responses", "tokens", "updates", "flops"]


BASELINE = np.array([100.0, 130, 90, 110, 120, 95, 105, 140])


def at_ratio(challenger: Array, low: Array | None = None, high: Array | None = None) -> Contrast:
    """A contrast whose challenger's crossings lie between low and high."""
    low, high = (challenger if x is None else x for x in (low, high))
    cell = AxisContrast(
        axis="steps",
        seeds=tuple(range(len(challenger))),
        challenger=challenger,
        baseline=BASELINE,
        ratio=ratio_of_means(challenger, BASELINE),
        difference=mean(challenger - BASELINE),
        p=sign_flip(challenger - BASELINE),
        extremes=None,
        bounds=(ratio_of_means(low, BASELINE), ratio_of_means(high, BASELINE)),
    )
    return Contrast("srpo", "grpo", 0.8, {"steps": cell}, (), 1.0, 1.0, 1.0)


@pytest.mark.parametrize("times", [0.1, 0.1 * (1 + 1e-12), 1 / 10])
def test_exactly_a_tenth_in_every_pair_is_at_most_a_tenth(times: float) -> None:
    assert judge(at_ratio(times * BASELINE), "steps", 0.1).verdict == "supported"


def test_a_hair_above_a_tenth_in_every_pair_is_refuted() -> None:
    assert judge(at_ratio(0.1001 * BASELINE), "steps", 0.1).verdict == "refuted"


def test_a_verdict_holds_wherever_between_two_evaluations_the_runs_crossed() -> None:
    jitter = np.linspace(0.98, 1.02, 8)
    below, above = 0.08 * BASELINE * jitter, 0.13 * BASELINE * jitter
    assert judge(at_ratio(below), "steps", 0.1).verdict == "supported"
    assert judge(at_ratio(above), "steps", 0.1).verdict == "refuted"
    late = judge(at_ratio(below, high=below + 4), "steps", 0.1)
    early = judge(at_ratio(above, low=above - 5), "steps", 0.1)
    assert late.verdict == early.verdict == "inconclusive"
    assert "where between two evaluations" in late.reason
    assert judge(at_ratio(below, low=below - 4), "steps", 0.1).verdict == "supported"
    assert judge(at_ratio(above, high=above + 5), "steps", 0.1).verdict == "refuted"


def test_the_bounds_are_the_evaluations_around_the_crossings(tmp_path: Path) -> None:
    comparison = read(synthetic.write(tmp_path / "c", noise=0.0, training=False))
    cell = contrast(comparison, "srpo", "grpo", 0.8).axes["steps"]
    before, after = 5 * np.floor(cell.challenger / 5), 5 * np.ceil(cell.challenger / 5)
    early, late = 5 * np.floor(cell.baseline / 5), 5 * np.ceil(cell.baseline / 5)
    assert cell.bounds == (ratio_of_means(before, late), ratio_of_means(after, early))
    assert cell.extremes is None


def test_a_gain_within_its_own_noise_gives_none(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", gain=0.01, noise=0.03, training=False, samples=0)
    gained = Judge(read(folder), "srpo", "grpo").gain
    assert gained.size > 0 > mean(gained.by_seed).low
    verdict, reason = ruling(folder)
    assert verdict == "no-verdict"
    assert "not told apart from none" in reason


def test_planned_seeds_that_are_gone_from_both_arms_are_counted_as_missing(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, 12, training=False)
    for seed in range(9, 13):
        for arm in ("grpo", "srpo"):
            shutil.rmtree(folder / arm / f"seed-{seed}")
    verdict, reason = ruling(folder)
    assert verdict != "supported"
    assert "67 % of its seeds" in reason


def test_baselines_that_failed_are_not_counted_as_reaching(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=12, training=False)
    for seed in range(9, 13):
        lost = folder / "grpo" / f"seed-{seed}"
        synthetic.change(lost, "status.json", state="failed", reason="out of memory")
        lines = (lost / "evals.jsonl").read_text().splitlines()[:9]
        (lost / "evals.jsonl").write_text("\n".join(lines) + "\n")
    found = Judge(read(folder), "srpo", "grpo").contrast
    assert found.reached_baseline == 1.0
    assert found.baseline_share == pytest.approx(8 / 12)
    assert "67 % of its seeds" in ruling(folder)[1]


def test_a_verdict_names_the_runs_that_it_did_without(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.8}, 10, training=False)
    shutil.rmtree(folder / "srpo" / "seed-9")
    verdict, reason = ruling(folder)
    assert verdict == "refuted"
    assert "srpo/seed-9" in reason


def test_a_refutation_by_censored_challengers_is_said_to_be_a_bound(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 9.0}, training=False)
    verdict, reason = ruling(folder)
    assert verdict == "refuted"
    assert "a lower bound" in reason


def test_a_claim_below_a_tenth_asks_for_room_of_its_own(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.004}, training=False)
    own = tmp_path / "own.yaml"
    own.write_text(
        "- {id: tiny, claim: 99.5 % fewer, made_by: me, where: here, "
        "test: {kind: ratio, threshold: 0.005}}"
    )
    found = verify(folder, ["tiny"], claim_files=[own])[0]
    assert found.verdict == "no-verdict"
    assert "no headroom" in found.reason
