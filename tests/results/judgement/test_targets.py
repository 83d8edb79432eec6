"""Targets that a user names: before any run they decide, afterwards they decide nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srpo_bench.harness.cli.verdicts import show_verdicts
from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.targets import checked, targets
from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.report import write_report
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.speed import Goal
from srpo_bench.results.statistics.steps import Gain, gain
from srpo_bench.results.store import ResultsError
from tests.results import synthetic
from tests.results.made import comparison

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("t") / "c", samples=0)


def planned(path: Path, *levels: float, **options: object) -> Path:
    folder = synthetic.write(path, training=False, samples=0, **options)  # type: ignore[arg-type]
    synthetic.change(folder, "comparison.json", targets=list(levels))
    return folder


def steps(folder: Path, *asked: float) -> list[ClaimVerdict]:
    return verify(folder, ["steps-90"], exploratory=asked)


def reached(folder: Path, *asked: float, claim: str = "steps-90") -> bool:
    """What decides the exit code."""
    return show_verdicts(folder, [claim], None, None, None, False, True, asked)


def test_the_default_decides_where_none_is_named(folder: Path) -> None:
    comparison = read(folder)
    gained = gain(comparison.of("grpo"))
    (only,) = targets(comparison, gained)
    assert (only.level, only.standing, only.named) == (gained.level(), "decides", False)
    assert [v.target for v in steps(folder)] == [pytest.approx(gained.level())]


def test_the_first_one_planned_decides_and_the_next_stands_beside_it(tmp_path: Path) -> None:
    found = steps(planned(tmp_path / "c", 0.7, 0.65), 0.8, 0.65)
    assert [(v.target, v.standing) for v in found] == [
        (0.7, "decides"),
        (0.65, "named beforehand"),
        (0.8, "exploratory"),
    ]
    assert [v.label for v in found] == ["steps-90", "steps-90 at 65 %", "steps-90 at 80 %"]
    assert {v.verdict for v in found} == {"refuted"}
    assert ["exploratory" in v.reason for v in found] == [False, False, True]


def test_steps_are_counted_to_the_level_that_is_named(tmp_path: Path) -> None:
    """Where the slow arm's curve and the fast one's are the same but for their pace, so is the
    ratio at any level; where the level cannot be reached, there is none."""
    early, late = steps(planned(tmp_path / "c", 0.5, noise=0.0, spread=0.0), 0.8)
    assert early.ratio == pytest.approx(0.5, rel=0.01)
    assert late.ratio == pytest.approx(0.5, rel=0.01)
    (never,) = steps(planned(tmp_path / "d", 0.99))
    assert never.verdict == "no-verdict"
    assert "0 % of its seeds" in never.reason


def test_a_level_below_the_base_gives_no_verdict(tmp_path: Path) -> None:
    (found,) = steps(planned(tmp_path / "c", 0.15))
    assert found.verdict == "no-verdict"
    assert "not above the base" in found.reason


def test_a_target_named_afterwards_decides_no_exit_code(tmp_path: Path) -> None:
    folder = planned(tmp_path / "c", 0.99)
    assert steps(folder, 0.7)[1].verdict == "refuted"
    assert not reached(folder, 0.7)
    assert reached(planned(tmp_path / "d", 0.7), 0.99)


def test_claims_about_accuracy_do_not_hang_on_the_named_target(tmp_path: Path) -> None:
    assert reached(planned(tmp_path / "c", 0.99), claim="steps-90-accuracy")


@pytest.mark.parametrize(("level", "said"), [(80, "write 0.8"), (1, "0.8, not 1"), (-0.1, "-0.1")])
def test_a_level_is_a_fraction(folder: Path, level: float, said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        checked(level)
    with pytest.raises(ResultsError, match=said):
        steps(folder, level)


@pytest.mark.parametrize("level", [0.0, 1.0, 100.0, -1.0])
def test_what_cannot_be_meant_in_percent_is_not_said_to_be(level: float) -> None:
    with pytest.raises(ResultsError) as refused:
        checked(level)
    assert str(refused.value).endswith(f"such as 0.8, not {level:g}.")
    for meant in (1.5, 99.0):
        with pytest.raises(ResultsError, match=rf"For {meant:g} % write {meant / 100:g}\.$"):
            checked(meant)


def test_the_report_shows_named_targets_and_what_they_count_for(tmp_path: Path) -> None:
    folder = planned(tmp_path / "c", 0.6)
    told = write_report(folder, exploratory=[0.4])
    assert told["target"]["accuracy"] == 0.6
    assert told["target"]["fraction_of_gain"] is None
    assert [p["standing"] for p in told["comparisons"][0]["named"]] == ["decides", "exploratory"]
    rows = (folder / "report" / "tables" / "grid.csv").read_text()
    assert '"named beforehand, decides",60.0 %,srpo' in rows
    assert "exploratory,40.0 %,srpo" in rows
    text = (folder / "report" / "report.md").read_text()
    assert " to 60.0 % accuracy, the target that was named beforehand" in text
    assert "| steps-90 at 40 % |" in text


def test_verdicts_for_machines_say_what_was_counted_to(folder: Path) -> None:
    (default, asked) = (json.loads(json.dumps(v.to_dict())) for v in steps(folder, 0.5))
    assert (default["standing"], asked["standing"], asked["target"]) == (
        "decides",
        "exploratory",
        0.5,
    )


def test_targets_in_order_by_hand() -> None:
    gained = Gain(0.2, 0.7, np.array([0.5, 0.5]))
    found = targets(comparison(targets=[0.7, 0.65, 0.6]), gained, [0.8, 0.65, 0.8, 0.75])
    assert [(t.level, t.standing, t.named) for t in found] == [
        (0.7, "decides", True),
        (0.65, "named beforehand", True),
        (0.6, "named beforehand", True),
        (0.8, "exploratory", True),
        (0.75, "exploratory", True),
    ]
    assert [t.goal for t in found[:2]] == [Goal(level=0.7), Goal(level=0.65)]
    (only,) = targets(comparison(), gained)
    assert (only.level, only.named, only.goal) == (pytest.approx(0.65), False, Goal())
