"""Rows, marks and notes of tables at their edges."""

from __future__ import annotations

import csv
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.judgement.ladder import COINS
from srpo_bench.results.report import answer
from srpo_bench.results.report.analysis import TaskContrast
from srpo_bench.results.report.style import FEW
from srpo_bench.results.report.tables import costs, ladder, make
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.statistics.race import MIN_PAIRS
from srpo_bench.results.statistics.speed import ALPHA
from tests.results.made import run
from tests.results.report.test_by_hand import analysis, contrast, e


def test_costs_task_by_task() -> None:
    found, mean, better = contrast(), e(0.8, 0.7, 0.9), e(0.75, 0.5, 1.0)
    tasks = TaskContrast({"t": found, "x": found}, ("u", "v"), mean, better)
    a = analysis(tasks={"srpo": tasks}, judges={"srpo": SimpleNamespace(contrast=found)})
    found.ratio = e(0.5, 0.3, 0.6)
    table = costs.by_task(a)
    assert table.rows == (
        ("t", "srpo", "70.0 %", "50 % fewer (40 to 70)", "0.5 (0.3 to 0.6)"),
        ("x", "srpo", "70.0 %", "50 % fewer (40 to 70)", "0.5 (0.3 to 0.6)"),
        ("u", "srpo", "no gain told apart from none", "–", "–"),
        ("v", "srpo", "no gain told apart from none", "–", "–"),
        ("geometric mean", "srpo", "", "20 % fewer (10 to 30)", "0.8 (0.7 to 0.9)"),
        ("probability of improvement", "srpo", "", "75.0 % (50.0 to 100.0)", "0.75 (0.5 to 1)"),
    )
    own = (("srpo", found.ratio),)
    assert table.marks == (own, own, (), (), (("srpo", mean),), ())
    late = contrast(ratio=e(1.5, 0.9, inf))
    late.steps.bound = "lower"
    some = TaskContrast({"t": found, "x": late}, (), e(1.2, 0.7, inf), better)
    row = costs.by_task(analysis(tasks={"srpo": some})).rows[2]
    assert row[3] == "at least 20 % more (30 % fewer at best, with no upper end)"
    late.steps.bound, found.steps.bound = "upper", "lower"
    assert some.bound == ""  # which way the mean is off nobody knows
    found.steps.bound = ""
    a.tasks["srpo"] = TaskContrast({"t": found}, (), mean, better)
    alone = costs.by_task(a)  # the geometric mean of one task is that task's ratio
    assert [row[0] for row in alone.rows] == ["t", "probability of improvement"]
    assert alone.marks == (own, ())
    found.target = float("nan")  # no pair is complete
    assert (costs.by_task(a).rows[0][2], found.n) == ("–", 8)


def test_costs_on_every_axis_have_their_marks() -> None:
    found = contrast()
    found.steps.p = 0.02
    a = analysis(judges={"srpo": SimpleNamespace(contrast=found)})
    assert costs.table(a).marks == ((("srpo", found.steps.ratio),),)


def test_a_grid_says_what_a_named_target_is_where_there_is_one() -> None:
    found = contrast()
    found.ratio, found.steps.p = e(0.5, 0.3, 0.6), 0.02
    for named, note in (({"srpo": []}, ""), ({"srpo": [1]}, "Gain: grpo's")):
        a = analysis(grid={"srpo": {}}, named=named, judges={"srpo": None},
                     points=lambda _: [("half", found)])  # fmt: skip
        table = costs.grid(a)
        assert table.note.startswith(note)
        assert bool(table.note) == bool(note)
        assert table.rows == (
            ("half", "70.0 %", "srpo", "50 % fewer (40 to 70)", "0.5 (0.3 to 0.6)", "0.020",
             "8 of 8", "7 of 8"),
        )  # fmt: skip
    found.steps = None
    assert costs.grid(a).rows[0][5] == "–"


def rung(n: int = MIN_PAIRS, what: str = "history", **more: Any) -> Any:
    given = {
        "kind": "rung", "parts": 1, "also": (), "what": what, "control": what == COINS,
        "finished": True, "outcome": "not distinguishable", "p_steps": 0.01, "p_steps_holm": 0.02,
        "steps": e(0.5, 0.4, 0.6), "difference": e(0.01, -0.01, 0.03), "flops": None,
        "p_accuracy": 0.5, "p_accuracy_holm": 0.75,
        "contrast": SimpleNamespace(n=n, challenger="b", baseline="a", bound="", open_pairs=()),
    }  # fmt: skip
    return SimpleNamespace(**given | more)


def test_how_p_values_are_to_be_read() -> None:
    assert ladder.reading(analysis(ladder=[])) == ""
    said = ladder.reading(analysis(ladder=[rung(), rung(), rung(what=COINS)]))
    assert "for the 2 contrasts whose answer is not known beforehand" in said
    assert said.endswith("stands for.")
    few = ladder.reading(analysis(ladder=[rung(), rung(MIN_PAIRS - 1), rung(MIN_PAIRS - 2)]))
    assert few.endswith(f" {MIN_PAIRS - 2} pairs are too few to judge; {MIN_PAIRS} are needed.")


def test_a_ladders_row() -> None:
    table = ladder.table(analysis(ladder=[rung(), rung(flops=e(1.5, 1.4, 1.6))]))
    first, second = table.rows
    assert first == (
        "history", "b", "a", "0.5 (0.4 to 0.6)", "0.010 (0.020)", "not distinguishable",
        "+1.0 (-1.0 to +3.0)", "0.500 (0.750)", "–", "8",
    )  # fmt: skip
    assert second[8] == "1.5 (1.4 to 1.6)"
    assert table.marks == ((("b", e(0.5, 0.4, 0.6)),),) * 2


@pytest.mark.parametrize(
    ("p", "n", "least"),
    [
        (2 / 2**8, 8, True),
        (2 / 2**8 * (1 + 1e-9), 8, True),
        (2 / 2**8 * (1 + 1.5e-9), 8, False),
        (3 / 2**8, 8, False),
        (1.0, 1, True),
        (2.0, 0, False),
    ],
)
def test_the_least_p_but_for_rounding(p: float, n: int, least: bool) -> None:
    difference = e(0.0, n=n)
    flip = ladder._flip(rung(difference=difference, p_accuracy=p))
    assert flip.endswith(", the least") == least


def test_what_is_adjusted_away_and_what_is_missing() -> None:
    said = ladder._sentence(rung(p_steps=ALPHA / 2, p_steps_holm=ALPHA))
    assert "once p is adjusted" in said
    said = ladder._sentence(rung(p_steps=ALPHA, p_steps_holm=ALPHA))
    assert "once p is adjusted" not in said
    missing = SimpleNamespace(challenger="b", baseline="a", bound="", open_pairs=(1, 2))
    for p, told in ((ALPHA / 2, True), (ALPHA, False)):
        said = ladder._sentence(rung(p_steps=p, p_steps_holm=p, contrast=missing))
        assert ("while runs are missing (2)" in said) == told


def test_the_claim_arm_by_arm_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        SimpleNamespace(challenger="x", verdict="no-verdict", measured="", ratio="–"),
        SimpleNamespace(challenger="y", verdict="refuted", measured="so many", ratio="1"),
    ]
    monkeypatch.setattr(answer, "headlines", lambda _: told)
    arms = {name: SimpleNamespace(final=e(0.5)) for name in "xy"}
    with_axis, without = contrast(), contrast(axes={})
    judges = {"x": SimpleNamespace(contrast=without), "y": SimpleNamespace(contrast=with_axis)}
    both = analysis(arms=arms, judges=judges, p_steps={"x": 0.5, "y": 0.04})
    table = make.verdicts(both)
    assert table.rows == (
        ("x", "no verdict", "–", "50.0 % (one seed)", "–"),
        ("y", "refuted", "50 % fewer (40 to 70)", "50.0 % (one seed)", "1"),
    )
    assert table.marks == ((), (("y", with_axis.steps.ratio),))
    assert "asked of all 2 at once" in table.note
    both.p_steps["x"] = float("nan")  # where no pair is complete nothing can be asked
    assert make.verdicts(both).note == ""
    assert make.verdicts(analysis(arms=arms, judges={"y": judges["y"]}, p_steps={})).rows == ()


def test_runs_that_were_added_say_so() -> None:
    runs = [run(arm, seed) for arm in ("grpo", "x") for seed in (1, 2)]
    late = [{"seeds": [2]}, {"arms": ["x"]}]
    a = analysis(*runs, plan={"added": late}, gain=None)
    assert [row[1] for row in make.runs(a).rows] == ["done", *["done, added later"] * 3]
    assert {row[1] for row in make.runs(analysis(*runs, gain=None)).rows} == {"done"}


def test_marks_of_tasks_are_left_out_where_arms_are_many() -> None:
    for arms, there in ((FEW, True), (FEW + 1, False)):
        made = {f"a{i}": SimpleNamespace(tasks={"t": e(0.5)}, iqm=e(0.5)) for i in range(arms)}
        table = make.tasks(analysis(run("a0", tasks={"t": (0, 1)}), arms=made))
        assert bool(table.marks) == there


def test_an_arm_of_which_nothing_is_done() -> None:
    crossed = SimpleNamespace(reached=0, n=2)
    arm = SimpleNamespace(algorithm="grpo", survival=crossed, states={"failed": 2}, base=e(0.2),
                          final=e(0.8))  # fmt: skip
    (row,) = make.arms(analysis(arms={"grpo": arm})).rows
    assert row[1] == "0 of 2"


def test_letters_of_any_script_and_lines_of_a_csv_file(tmp_path: Path) -> None:
    assert make._plain(["基准"]) == '["基准"]'
    table = Table("t", "", ("name", "one", "two"), (("a\nb", "1", "2"),))
    table.write_csv(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b'name,one,two\r\n"a\nb",1,2\r\n'
    rows = list(csv.reader((tmp_path / "t.csv").open(newline="")))
    assert rows == [["name", "one", "two"], ["a\nb", "1", "2"]]
    assert r"\begin{tabular}{lrr}" in table.latex()
