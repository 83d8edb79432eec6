"""Evaluations that are told twice, logs that run backwards, and what looks wrong."""

import json
from pathlib import Path

import pytest

from srpo_bench.results.store import ResultsError, read_json
from tests.results.importers.ask import contract, curve, evals, table, take
from tests.results.importers.test_trl import REAL, state

ROWS = ("grpo,1,0,0.1", "grpo,1,5,0.2", "grpo,1,5,0.3", "grpo,1,10,0.4")


def test_two_values_of_one_step_are_refused_or_chosen_from(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *ROWS)
    with pytest.raises(ResultsError, match=r"0\.2 and 0\.3; .* --on-repeat first or last"):
        take("csv", path, out=tmp_path / "none")
    for choice, value in (("first", 0.2), ("last", 0.3)):
        done = take("csv", path, out=tmp_path / choice, on_repeat=choice)
        assert curve(tmp_path / choice) == [(0, 0.1), (5, value), (10, 0.4)]
        label = f"repeated evaluations that differ (--on-repeat {choice})"
        assert done.notes.skipped == {label: 1}


def test_a_run_that_was_made_twice_is_no_evaluation_within_a_step(tmp_path: Path) -> None:
    """Its updates differ, and what a step is nobody said: two rows that contradict one another."""
    rows = ("grpo,1,0,0.1,0", "grpo,1,5,0.2,20", "grpo,1,5,0.3,25")
    path = table(tmp_path / "a.csv", *rows, header="algo,seed,step,accuracy,updates")
    with pytest.raises(ResultsError, match=r"step 5 twice, with accuracy 0\.2 and 0\.3"):
        take("csv", path, out=tmp_path / "none")
    take("csv", path, out=tmp_path / "last", on_repeat="last")
    assert curve(tmp_path / "last") == [(0, 0.1), (5, 0.3)]


def test_one_name_in_two_normal_forms_is_one_name(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "grp\u00f6,1,0,0.1", "grpo\u0308,2,0,0.1")
    with pytest.raises(
        ResultsError, match=r"line 3: .* differ in how their accents are coded only"
    ):
        take("csv", path, out=tmp_path / "none")


def test_of_two_equal_ones_each_tells_what_the_other_does_not(tmp_path: Path) -> None:
    header = "algo,seed,step,accuracy,tokens,seconds"
    path = table(tmp_path / "a.csv", "grpo,1,0,0.1,0,0", "grpo,1,5,0.2,900,", "grpo,1,5,0.2,,7",
                 header=header)  # fmt: skip
    done = take("csv", path, out=tmp_path / "out")
    assert evals(tmp_path / "out")[1]["spent"] == {"tokens": 900, "seconds": 7}
    assert done.notes.skipped["identical duplicates"] == 1


def test_a_history_in_reverse_is_refused(tmp_path: Path) -> None:
    logged = json.loads(REAL.read_text())["log_history"]
    path = state(tmp_path / "s.json", log_history=logged[::-1])
    with pytest.raises(ResultsError, match="lists its steps backwards, from 8 to 0"):
        take("trl", f"grpo/1={path}", out=tmp_path / "out")


def test_a_resumed_history_goes_back_once(tmp_path: Path) -> None:
    logged = json.loads(REAL.read_text())["log_history"]
    path = state(tmp_path / "s.json", log_history=[*logged, *logged[4:]])
    done = take("trl", f"grpo/1={path}", out=tmp_path / "out")
    assert [step for step, _ in curve(tmp_path / "out")] == [0, 4, 8]
    assert done.notes.skipped["identical duplicates"] > 0


def test_more_steps_than_its_budget_is_told(tmp_path: Path) -> None:
    path = state(tmp_path / "s.json", global_step=8, max_steps=6)
    done = take("trl", f"grpo/1={path}", out=tmp_path / "out")
    (doubt,) = done.notes.doubts
    assert "global_step 8 is beyond max_steps 6" in doubt
    assert contract(tmp_path / "out")["steps"] is None
    assert read_json(tmp_path / "out" / "comparison.json")["notes"] == [doubt]


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        (("grpo,1,0,20", "grpo,1,5,60", "srpo,1,0,0.2", "srpo,1,5,0.6"), {"scale": 0.01},
         "srpo never gets above 1 %, grpo reaches 60 %"),
        (("grpo,1,0,0.2", "grpo,1,5,0.6"), {"scale": 0.01}, "no accuracy is above 0.6 %"),
        (("grpo,1,0,20", "grpo,1,5,0.3", "grpo,1,9,40"), {"scale": 0.01},
         "1 of 3 accuracies are far below both of their neighbours (the first is 0.3 %)"),
        (("grpo,1,0,0.2", "grpo,1,5,0", "grpo,1,9,0.3"), {},
         "1 of 3 accuracies are far below both of their neighbours (the first is 0 %)"),
    ],
)  # fmt: skip
def test_percent_among_fractions_is_told(
    tmp_path: Path, rows: tuple[str, ...], more: dict, said: str
) -> None:
    done = take("csv", table(tmp_path / "a.csv", *rows), out=tmp_path / "out", **more)
    (doubt,) = done.notes.doubts
    assert said in doubt
    assert read_json(tmp_path / "out" / "comparison.json")["notes"] == [doubt]


def test_a_column_of_percents_below_one_is_told_by_its_name(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv", "grpo,1,0,0.2", "grpo,1,5,0.8", header="algo,seed,step,acc_pct"
    )
    done = take("csv", path, out=tmp_path / "out", mapped=["accuracy=acc_pct"])
    (doubt,) = done.notes.doubts
    assert "'acc_pct' sounds like percent" in doubt
    scaled = take("csv", path, out=tmp_path / "b", mapped=["accuracy=acc_pct"], scale=0.01)
    assert "sounds like percent" not in str(scaled.notes.doubts)


def test_an_honest_low_score_is_no_doubt(tmp_path: Path) -> None:
    rows = ("grpo,1,0,0.004", "grpo,1,5,0.02", "srpo,1,0,0.003", "srpo,1,5,0.06")
    assert take("csv", table(tmp_path / "a.csv", *rows), out=tmp_path / "out").notes.doubts == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("grpo,1,5,0.2,1764100000.5", "seconds 1764100000 are a date"),
        ("grpo,1,1764100000,0.2,3", "step 1764100000 is a date"),
    ],
)
def test_a_date_is_neither_step_nor_seconds(tmp_path: Path, row: str, said: str) -> None:
    path = table(tmp_path / "a.csv", row, header="algo,seed,step,accuracy,seconds")
    with pytest.raises(ResultsError, match=said):
        take("csv", path, out=tmp_path / "out")
