from __future__ import annotations

import json
from pathlib import Path

import pytest

from srpo_bench.results.report import words, write_report
from srpo_bench.results.report.analysis import analyse
from srpo_bench.results.runs import Run, read
from srpo_bench.results.statistics.mismatch import LARGE_KL, mismatches
from tests.results import synthetic
from tests.results.made import NAN, comparison, run

WARNING = "did not sample from the policy that was trained"


def _compared(folder: Path, arm: str, kl: float) -> None:
    """Every step of an arm's runs compares engine and learner; KL grows from half to 1.5 times."""
    for path in folder.glob(f"{arm}/seed-*/steps.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            line["mismatch"] = {
                "difference_mean": 0.01,
                "difference_max": 0.1 + line["step"],
                "kl": kl * (0.5 + (line["step"] - 1) / (len(lines) - 1)),
                "ess_token": 0.99,
                "ess_sequence": 0.8,
            }
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_steps_are_taken_together(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=21)
    _compared(folder, "srpo", kl=0.02)
    found = mismatches(read(folder))
    assert list(found) == ["srpo"]  # grpo's steps say nothing of it
    m = found["srpo"]
    assert (m.kl, m.worst_kl, m.largest) == pytest.approx((0.02, 0.03, 21.1))
    assert (m.mean, m.ess_token, m.ess_sequence) == pytest.approx((0.01, 0.99, 0.8))
    assert m.is_large


def test_the_report_warns_of_a_large_mismatch_and_names_the_arm(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=20)
    _compared(folder, "srpo", kl=2 * LARGE_KL)
    _compared(folder, "grpo", kl=0.1 * LARGE_KL)
    synthetic.change(folder, "comparison.json", contract={"rollout.correction": "token-truncated"})
    told = write_report(folder)
    assert told["arms"]["srpo"]["mismatch"]["kl"] == pytest.approx(2 * LARGE_KL)
    report = folder / "report"
    for name in ("index.html", "report.md"):
        text = (report / name).read_text()
        said = next(line for line in text.splitlines() if WARNING in line)
        assert "srpo: KL 0.002 nats" in said
        assert "grpo:" not in said
        assert "was corrected: token-truncated" in said
        assert "Engine against learner" in text
    assert (report / "figures" / "mismatch.svg").exists()
    assert (report / "tables" / "mismatch.csv").read_text().count("\n") == 3


def test_nothing_is_said_where_nothing_was_compared_and_no_alarm_where_they_agree(
    tmp_path: Path,
) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=20)
    told = write_report(folder)
    assert told["arms"]["grpo"]["mismatch"] is None
    report = folder / "report"
    assert "Engine against learner" not in (report / "index.html").read_text()
    assert not list(report.glob("*/mismatch*"))
    _compared(folder, "grpo", kl=1e-13)
    assert words.mismatch(analyse(folder)) == ""


def stepped(kl: list[float], **more: list[float]) -> Run:
    columns = {"difference_mean": kl, "difference_max": kl, "kl": kl, "ess_token": kl}
    columns |= {"ess_sequence": kl, **more}
    return run("srpo", curves={f"mismatch_{name}": values for name, values in columns.items()})


def test_steps_that_were_not_compared_are_left_out_by_hand() -> None:
    told = stepped([0.2, NAN, 0.4], difference_max=[1, NAN, 3], ess_token=[0.5, NAN, 0.9])
    found = mismatches(comparison(told, stepped([0.6], difference_max=[2.0], ess_token=[1.0])))
    m = found["srpo"]
    assert (m.mean, m.kl, m.worst_kl) == pytest.approx((0.4, 0.4, 0.6))
    assert (m.largest, m.ess_token, m.ess_sequence) == pytest.approx((3, 0.8, 0.4))
    assert mismatches(comparison(stepped([NAN, NAN]))) == {}
    assert mismatches(comparison(stepped([NAN, NAN], difference_max=[1.0, 2.0]))) == {}
    assert mismatches(comparison(arms=[{"arm": "grpo"}])) == {}


def test_large_is_more_than_rounding_explains() -> None:
    assert LARGE_KL == 0.001
    assert not mismatches(comparison(stepped([0.001])))["srpo"].is_large
    assert mismatches(comparison(stepped([0.00101])))["srpo"].is_large
