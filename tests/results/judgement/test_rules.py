import json
import shutil
from pathlib import Path

import pytest

from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.rules import judge, settled, told_apart
from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.contrast import contrast
from srpo_bench.results.statistics.inference import mean
from srpo_bench.results.statistics.speed import Goal
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


@pytest.mark.parametrize("lost", [1, 2])
def test_runs_that_diverged_after_they_arrived_hold_up_a_support(tmp_path: Path, lost: int) -> None:
    """Of ten challengers one or two fail at step 95, long after they crossed at 10. They may have
    kept what they reached, or lost it: nobody knows."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, 10, training=False)
    assert ruling(folder)[0] == "supported"
    for seed in range(10, 10 - lost, -1):
        failed = folder / "srpo" / f"seed-{seed}"
        synthetic.change(failed, "status.json", state="failed", reason="The loss is not finite.")
        lines = (failed / "evals.jsonl").read_text().splitlines(keepends=True)[:20]
        (failed / "evals.jsonl").write_text("".join(lines))
    verdict, reason = ruling(folder)
    assert verdict == "inconclusive"
    assert "hangs on runs that are missing (srpo/seed-" in reason


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
    assert found.reached == (0, 8)
    assert found.bound.startswith("a lower bound")
    assert found.axes["steps"].challenger == 400


def test_axes_that_are_not_recorded_are_not_compared(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", training=False)
    found = contrast(read(folder), "srpo", "grpo", Goal(level=0.8))
    assert list(found.axes) == ["steps", "responses", "tokens", "updates", "flops"]


@pytest.mark.integration
def test_a_hair_on_either_side_of_a_tenth_in_every_pair_is_told(tmp_path: Path) -> None:
    """Ratios round: a tenth of every pair's steps is at most a tenth, a little more is not less."""
    for ratio, verdict in ((0.085, "supported"), (0.118, "refuted")):
        folder = synthetic.write(
            tmp_path / verdict, {"grpo": 1.0, "srpo": ratio}, every=2, shared=1.0, noise=0.002
        )
        assert ruling(folder)[0] == verdict


def test_told_apart_and_the_verdict_are_one_rule(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.9}, 12, training=False)
    found = Judge(read(folder), "srpo", "grpo").contrast
    assert found.steps is not None
    side, _ = settled(found, found.steps, 1.0)
    outcome = {-1: "fewer steps", 0: "not distinguishable", 1: "more steps"}[side]
    assert told_apart(found, found.steps.p) == outcome
    assert told_apart(found, 0.5) == "not distinguishable"  # after Holm
    assert judge(found, "steps", 1.0).verdict == ("supported" if side < 0 else "inconclusive")


def test_cadence_does_not_cost_the_verdict(tmp_path: Path) -> None:
    """Evaluations every 5 of 200 steps, a true ratio of 0.06: the crossing lies between the second
    and the third evaluation in every run, and the curve says where."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.06}, 10, training=False)
    assert ruling(folder)[0] == "supported"


def test_a_third_arm_with_a_longer_budget_changes_nothing(tmp_path: Path) -> None:
    arms = {"grpo": 1.0, "srpo": 3.0}
    two = synthetic.write(tmp_path / "two", arms, 10, training=False)
    three = synthetic.write(tmp_path / "three", arms, 10, training=False)
    longer = synthetic.write(tmp_path / "l", {"dapo": 1.0}, 10, steps=1000, training=False)
    (longer / "dapo").rename(three / "dapo")
    for folder in (two, three):
        plan = json.loads((folder / "comparison.json").read_text())
        plan["contract"].pop("steps")
        (folder / "comparison.json").write_text(json.dumps(plan))
    told = [contrast(read(folder), "srpo", "grpo", Goal()) for folder in (two, three)]
    assert told[0].ratio == told[1].ratio
    assert told[0].open_pairs == told[1].open_pairs == ()


def test_a_finished_run_is_censored_at_its_end_and_never_missing(tmp_path: Path) -> None:
    """Budgets of 405 steps, evaluated every 5, whose last evaluation three logs have lost."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 9.0}, 10, training=False)
    for seed in (1, 2, 3):
        path = folder / "srpo" / f"seed-{seed}" / "evals.jsonl"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    found = contrast(read(folder), "srpo", "grpo", Goal())
    assert (found.n, found.open_pairs) == (10, ())
    assert found.steps is not None
    assert found.steps.challenger == 395


def test_a_challenger_that_ends_lower_is_not_supported(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.04}, 10, training=False)
    change_later(folder / "srpo", 250, -0.12)
    verdict, reason = ruling(folder)
    assert verdict == "inconclusive"
    assert "collapses" in reason or "not shown to be as good" in reason


def test_where_the_two_estimates_part_the_reason_says_why(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.04}, 10, training=False)
    change_later(folder / "srpo", 250, -0.4)
    verdict, reason = ruling(folder)
    assert verdict == "inconclusive"
    assert "its two estimates part: srpo reaches the target and does not keep it" in reason


def test_a_baseline_that_collapses_gives_no_verdict(tmp_path: Path) -> None:
    """It ends at half of its gain, which every run keeps: a target is there and means nothing."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, 10, training=False)
    change_later(folder / "grpo", 350, -0.35)
    verdict, reason = ruling(folder)
    assert (verdict, "collapses" in reason) == ("no-verdict", True)


def change_later(arm: Path, step: int, by: float) -> None:
    for path in arm.glob("seed-*/evals.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            line["accuracy"] += by if line["step"] > step else 0.0
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def test_a_gain_within_its_own_noise_gives_none(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", gain=0.01, noise=0.03, training=False, samples=0)
    gained = Judge(read(folder), "srpo", "grpo").gain
    assert gained.size > 0 > mean(gained.by_seed, floor=gained.error).low
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
    assert found.reached[1] == 8
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
