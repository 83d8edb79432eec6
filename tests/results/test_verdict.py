import json
from pathlib import Path

import pytest

from results.claims import Judge, verify
from results.contrast import contrast
from results.runs import read
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
    assert ruling(folder, vouch_unmatched=True)[0] == "refuted"


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
