"""A report of six arms of which one was cut off: the others lose nothing by it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from srpo_bench.results.report import answer, charts
from srpo_bench.results.report.analysis import Analysis, analyse
from srpo_bench.results.report.figures import curves, marks, plots
from srpo_bench.results.report.summary import summary
from srpo_bench.results.report.tables import costs, make
from tests.results import synthetic
from tests.results.made import run

ARMS = {"grpo": 1.0, "srpo": 0.5, "dapo": 0.8, "npr": 9.0, "rloo": 1.2, "greso": 0.7}
CUT = 40
"""The last evaluation of greso, whose runs cross near 70, of 200 steps."""


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """greso is stopped in both of its seeds, in one of them at once."""
    folder = tmp_path_factory.mktemp("cut") / "c"
    synthetic.write(folder, ARMS, 2, steps=200, target=100.0, every=10, training=False)
    for seed, last in ((1, CUT), (2, 0)):
        stopped = folder / "greso" / f"seed-{seed}"
        synthetic.change(stopped, "status.json", state="stopped")
        lines = (stopped / "evals.jsonl").read_text().splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["step"] <= last]
        (stopped / "evals.jsonl").write_text("".join(kept))
    return analyse(folder)


def named(axes: Axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


def test_every_run_of_six_arms_has_its_row(cut_off: Analysis) -> None:
    figure = plots.pairs(cut_off)
    assert figure is not None
    (axes,) = figure.axes
    assert named(axes) == list(ARMS)
    dots = [line for line in axes.lines if line.get_marker() in ("o", ">")]
    assert len(dots) == 12
    assert len({float(line.get_ydata()[0]) for line in dots}) == 12  # type: ignore[index]


def test_too_many_rows_are_not_drawn(cut_off: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "MAX_ROWS", 12)
    assert plots.pairs(cut_off) is not None
    monkeypatch.setattr(plots, "MAX_ROWS", 11)
    assert plots.pairs(cut_off) is None


def test_profiles_are_of_the_arms_that_have_a_pair(cut_off: Analysis) -> None:
    times = marks.task_times(cut_off)
    assert set(times) == set(ARMS) - {"greso"}
    assert {len(t) for t in times.values()} == {3}
    figure = plots.profiles(cut_off)
    assert figure is not None
    assert named(figure.axes[0]) == list(ARMS)[:-1]


def test_nobody_is_watched_beyond_the_last_evaluation(cut_off: Analysis) -> None:
    figure = plots.survival(cut_off)
    assert figure is not None
    ends = {line.get_label().split()[0]: line.get_xdata()[-1] for line in figure.axes[0].lines}  # type: ignore[union-attr, index]
    assert ends == {**dict.fromkeys(ARMS, 200), "greso": CUT}
    told = summary(cut_off)["arms"]
    assert told["greso"]["steps_to_target"]["rmst"] is None
    assert 0 < told["srpo"]["steps_to_target"]["rmst"] < 200
    pairs = {pair["challenger"]: pair for pair in summary(cut_off)["comparisons"]}
    assert pairs["greso"]["rmst_ratio"] is None
    assert 0 < pairs["srpo"]["rmst_ratio"] < 1


def test_tasks_have_no_place_for_an_arm_that_never_ended(cut_off: Analysis) -> None:
    figure = plots.tasks(cut_off)
    assert figure is not None
    assert named(figure.axes[0]) == list(ARMS)[:-1]


def test_dots_on_the_target_are_where_the_mean_curves_cross(cut_off: Analysis) -> None:
    figure = plots.accuracy(cut_off)
    assert figure is not None
    dots = {
        round(float(line.get_xdata()[0]), 6): line.get_markerfacecolor()  # type: ignore[index]
        for line in figure.axes[0].lines
        if line.get_marker() == "o" and len(line.get_xdata()) == 1  # type: ignore[arg-type]
    }
    first = cut_off.first_steps
    assert first is not None
    cells = [judge.contrast.steps for judge in cut_off.judges.values()]
    expected = {round(cell.challenger, 6) for cell in cells if cell} | {round(first.baseline, 6)}
    assert dots.keys() == expected
    assert dots[200.0] == plots.PAPER  # npr never gets there
    assert [dots[x] for x in sorted(dots)].count(plots.PAPER) == 1


def test_a_run_that_stopped_at_once_does_not_hide_the_others_of_its_arm(
    cut_off: Analysis,
) -> None:
    band = curves.accuracy(cut_off.comparison.of("greso"))
    assert band is not None
    assert (band.x[-1], band.n, band.of, band.count) == (CUT, 1, 2, "1 run so far")
    done = curves.accuracy(cut_off.comparison.of("srpo"))
    assert done is not None
    assert done.count == "n = 2"


def test_of_runs_under_way_those_half_as_far_as_the_furthest_are_drawn() -> None:
    runs = [run(seed=s, state="running") for s in range(4)]
    assert curves._together(runs, [100, 50, 49, 0]) == runs[:2]
    assert curves._together(runs, [0, 0, 0, 0]) == runs
    done = run(seed=9)
    assert curves._together([*runs, done], [100, 50, 49, 0, 1]) == [done]
    assert curves._together([], []) == []


def test_tables_say_what_is_not_known_yet(cut_off: Analysis) -> None:
    rows = {row[0]: row for row in make.arms(cut_off).rows}
    assert rows["greso"][1] == "0 of 2"
    assert rows["greso"][4].endswith(" of 2 so far")
    assert rows["srpo"][4] == "2 of 2"
    assert rows["grpo"][5] != "–"
    grid = [row for row in costs.grid(cut_off).rows if row[2] == "greso"]
    assert {row[1] for row in grid} == {"–"}
    tasks = [row for row in costs.by_task(cut_off).rows if row[1] == "greso"]
    assert "nan" not in str(tasks)
    spent = {row[1]: row[3:5] for row in costs.table(cut_off).rows if row[0] == "training steps"}
    assert spent["npr"][0] == "> 200"
    assert not spent["srpo"][0].startswith(">")


def test_only_a_pair_of_its_own_is_unfinished(cut_off: Analysis) -> None:
    told = {h.challenger: h for h in answer.headlines(cut_off)}
    assert "so far" not in told["srpo"].sentence
    assert " yet " not in told["srpo"].title
    assert (answer.is_over(cut_off, "srpo"), answer.is_over(cut_off, "greso")) == (True, False)
    assert "10 of 12 runs of 200 steps" in answer.runs(cut_off)


def test_the_family_is_of_those_that_could_be_asked(cut_off: Analysis) -> None:
    assert np.isnan(cut_off.p_steps["greso"])
    assert "asked of all 4 at once" in make.verdicts(cut_off).note


def test_an_axis_is_drawn_where_all_finished_runs_record_it(cut_off: Analysis) -> None:
    assert marks.is_recorded(cut_off, "tokens")
    (stopped, *_) = cut_off.comparison.of("greso")
    spent = dict(stopped.evals.spent)
    try:
        stopped.evals.spent.pop("tokens")  # type: ignore[attr-defined]
        assert marks.is_recorded(cut_off, "tokens")
        assert "tokens" not in charts.data(cut_off)["runs"]["greso/seed-1"]["spent"]
    finally:
        stopped.evals.spent.update(spent)  # type: ignore[attr-defined]


def test_a_tick_says_where_it_stands() -> None:
    """Matplotlib has a tick every 2.5 points, too."""
    told = [marks.per_cent(x) for x in (0.225, 0.25, 0.07, 1.0, 0.0)]
    assert told == ["22.5 %", "25 %", "7 %", "100 %", "0 %"]


def test_a_headline_names_the_accuracy_that_its_own_pairs_count_to(tmp_path: Path) -> None:
    """nine tenths of the gain of the baseline's runs in complete pairs, not of all of them."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, 3, noise=0.05)
    synthetic.change(folder / "srpo" / "seed-3", "status.json", state="failed")
    a = analyse(folder)
    target = a.judges["srpo"].contrast.target
    assert f"{100 * target:.1f}" != f"{100 * a.target:.1f}"
    (headline,) = answer.headlines(a)
    assert f" to {100 * target:.1f} % accuracy, nine tenths of grpo's gain" in headline.sentence


def test_an_arm_with_pairs_and_runs_that_have_not_begun_is_not_judged(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, seeds=8)
    synthetic.cut(folder / "srpo" / "seed-8", 0, "waiting")
    told = summary(analyse(folder))
    assert {claim["verdict"] for claim in told["claims"]} == {"no-verdict"}


def test_steps_of_an_arm_whose_pairs_have_a_target_of_their_own_say_to_which(
    tmp_path: Path,
) -> None:
    """dapo's one pair ends lower than the mean of the baseline's three runs."""
    folder = tmp_path / "c"
    synthetic.write(folder, {"grpo": 1.0, "srpo": 0.5, "dapo": 0.5}, 3, steps=200, target=100.0)
    for seed in (2, 3):
        synthetic.change(folder / "dapo" / f"seed-{seed}", "status.json", state="stopped")
    path = folder / "grpo" / "seed-1" / "evals.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines[1:]:
        line["accuracy"] *= 0.8
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    a = analyse(folder)
    pair = a.judges["dapo"].contrast
    assert pair.target < a.target - 0.01
    told = {row[0]: row[-1] for row in make.arms(a).rows}
    assert told["dapo"].endswith(f", to {100 * pair.target:.1f} %")
    assert not any("to" in told[arm] for arm in ("grpo", "srpo"))
