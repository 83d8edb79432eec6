"""W&B charts and trackio projects. The charts are hand-made after W&B's export, the trackio runs
are written by trackio itself; no W&B server can be reached, and a stand-in answers for it."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.importers import logs, readers, tracked
from srpo_bench.results.importers.record import Notes
from srpo_bench.results.importers.request import Request
from srpo_bench.results.importers.sources import parse_runs, run_of
from srpo_bench.results.store import ResultsError, read_json
from tests.results.importers.ask import contract, curve, evals, table, take
from tests.results.importers.test_recorded import STATE, sets

KEY = "eval/accuracy"
HEADER = ",".join(
    ['"Step"', *(f'"{run} - {KEY}{end}"' for run in ("grpo-s1", "srpo/seed-1")
                 for end in ("", "__MIN", "__MAX"))]
)  # fmt: skip
CHART = (
    '"0","0.1","0.1","0.1","0.1","0.1","0.1"',
    '"10","0.3","0.3","0.3","","",""',
    '"12","","","","0.5","0.5","0.5"',
)


def test_a_chart_holds_a_run_a_column(tmp_path: Path) -> None:
    done = take("wandb", table(tmp_path / "chart.csv", *CHART, header=HEADER), out=tmp_path / "out")
    assert done.written.runs == [("grpo", 1), ("srpo", 1)]
    assert curve(tmp_path / "out") == [(0, 0.1), (10, 0.3)]
    assert curve(tmp_path / "out", "srpo/seed-1") == [(0, 0.1), (12, 0.5)]
    assert done.metric == {"keys": [KEY], "kind": "held-out accuracy", "named_by_user": False}
    assert done.notes.metrics == {"": KEY}
    assert not done.notes.skipped
    assert read_json(tmp_path / "out" / "comparison.json")["unit"] == "unstated"


@pytest.mark.parametrize(
    ("axis", "doubted"), [("Step", True), ("_step", True), ("train/global_step", False)]
)
def test_a_chart_over_calls_of_the_log_is_doubted(tmp_path: Path, axis: str, doubted: bool) -> None:
    """Trainers that log every step in one arm and every tenth in the other would differ tenfold."""
    path = table(tmp_path / "chart.csv", *CHART, header=HEADER.replace("Step", axis))
    done = take("wandb", path, out=tmp_path / "out")
    assert [("counts calls of its log" in doubt) for doubt in done.notes.doubts] == [True] * doubted


def test_an_evaluation_that_came_out_as_nan_is_counted_and_told(tmp_path: Path) -> None:
    """Empty cells are the steps of other runs."""
    rows = (*CHART, '"20","NaN","NaN","NaN","","",""')
    done = take("wandb", table(tmp_path / "c.csv", *rows, header=HEADER), out=tmp_path / "out")
    assert done.notes.skipped == {"accuracies that are NaN": 1}
    assert any("1 accuracy is NaN" in doubt for doubt in done.notes.doubts)


def test_points_that_the_chart_averaged_are_told(tmp_path: Path) -> None:
    """They are read, and no figure that was measured."""
    rows = (*CHART, '"20","0.4","0.3","0.5","","",""')
    done = take("wandb", table(tmp_path / "c.csv", *rows, header=HEADER), out=tmp_path / "out")
    assert not done.notes.skipped
    assert curve(tmp_path / "out")[-1] == (20, 0.4)
    assert any("(MIN and MAX differ): 1. " in doubt for doubt in done.notes.doubts)


def test_a_run_without_a_point_is_told(tmp_path: Path) -> None:
    header = '"train/global_step","grpo-s1 - eval/acc","grpo-s2 - eval/acc"'
    path = table(tmp_path / "c.csv", "0,0.1,", "9,0.3,", header=header)
    done = take("wandb", path, out=tmp_path / "out")
    assert done.notes.doubts == [f"{path}: 'grpo-s2' has no point in it, and is left out."]


def test_charts_of_two_metrics_are_no_comparison(tmp_path: Path) -> None:
    """Else one arm's training reward stands beside the other's accuracy."""
    ours = table(tmp_path / "a.csv", "0,0.1", "9,0.9", header='"Step","grpo-s1 - train/reward"')
    theirs = table(tmp_path / "b.csv", "0,0.1", "9,0.3", header='"Step","srpo-s1 - eval/accuracy"')
    said = r"b\.csv: the accuracy is 'eval/accuracy' here and 'train/reward' before"
    with pytest.raises(ResultsError, match=said):
        take("wandb", ours, theirs, out=tmp_path / "out")


def test_two_columns_are_no_one_run(tmp_path: Path) -> None:
    """Else two runs that were evaluated at different steps are woven into one."""
    rows = ("0,0.1,", "5,,0.5", "10,0.3,", "15,,0.7")
    for one, other in (("grpo-s1", "GRPO"), ("GRPO", "GRPO")):
        header = f'"Step","{one} - eval/acc","{other} - eval/acc"'
        path = table(tmp_path / "c.csv", *rows, header=header)
        said = f"'{one}' and 'GRPO' are both grpo, seed 1; tell them apart"
        with pytest.raises(ResultsError, match=said):
            take("wandb", path, out=tmp_path / "out", runs=["grpo/1=GRPO"])


def test_several_metrics_are_chosen_from_or_are_data_sets(tmp_path: Path) -> None:
    header = '"Step","grpo-s1 - eval/math","grpo-s1 - eval/code"'
    path = table(tmp_path / "c.csv", '"0","0.25","0.5"', header=header)
    with pytest.raises(ResultsError, match="shows eval/math, eval/code: name the accuracy"):
        take("wandb", path, out=tmp_path / "no")
    take("wandb", path, out=tmp_path / "one", metrics=["eval/math"])
    assert curve(tmp_path / "one") == [(0, 0.25)]
    take("wandb", path, out=tmp_path / "both", metrics=["eval/math", "eval/code"])
    assert curve(tmp_path / "both") == [(0, 0.375)]


def test_names_that_tell_nothing_are_named_by_hand(tmp_path: Path) -> None:
    header = '"Step","sun - 7 - eval/acc","Group: grpo - eval/acc"'
    path = table(tmp_path / "c.csv", '"0","0.25","0.5"', header=header)
    with pytest.raises(ResultsError, match=r"Which run is 'sun - 7'.*ungroup the chart"):
        take("wandb", path, out=tmp_path / "no")
    named = ["grpo/1=sun - 7", "srpo/2=Group: grpo"]
    assert take("wandb", path, out=tmp_path / "out", runs=named).written.runs == [
        ("grpo", 1), ("srpo", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "run"),
    [("grpo-s1", ("grpo", 1)), ("GRPO_seed=12", ("GRPO", 12)), ("grpo/seed-3", ("grpo", 3)),
     ("dapo no kl-seed4", ("dapo no kl", 4))],
)  # fmt: skip
def test_arm_and_seed_of_a_name(name: str, run: tuple[str, int]) -> None:
    assert run_of(name, {}) == run


@pytest.mark.parametrize("name", ["grpo", "grpo-1", "s1", "seed-1", "lessons1"])
def test_names_without_both(name: str) -> None:
    with pytest.raises(ResultsError, match="Which run is"):
        run_of(name, {})


def test_what_run_takes() -> None:
    assert parse_runs(["grpo/1=a=b"]) == {"a=b": ("grpo", 1)}
    for texts, said in ((["grpo=1"], "takes ARM/SEED=NAME"), (["a/1=x", "b/2=x"], "'x' twice")):
        with pytest.raises(ResultsError, match=said):
            parse_runs(texts)


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ('"Wall Time","a-s1 - k"', ('"1","0.5"',), "has 'Wall Time' on its x axis"),
        ('"Step","accuracy"', ('"1","0.5"',), "is no 'RUN - KEY'"),
        ('"Step","a-s1 - k"', ('"1","0.5","2"',), "line 2: 3 columns, and the header has 2"),
        ('"Step","a-s1 - k"', ('"1","50"',), "line 2: 'a-s1 - k' must lie between 0 and 1"),
        ('"Step","a-s1 - k__MIN"', ('"1","0.5"',), "holds no run"),
        ('"Step","a-s1 - k"', ('"1",""',), "There is no evaluation"),
    ],
)
def test_charts_that_cannot_be_read(
    tmp_path: Path, header: str, rows: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ResultsError, match=said):
        take("wandb", table(tmp_path / "c.csv", *rows, header=header), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


LOG = """
import json, os, sys, trackio
state, project = sys.argv[1:]
for seed in (1, 2):
    run = trackio.init(project=project, name=f"grpo-seed{seed}", config={"max_steps": 6},
                       embed=False, auto_log_gpu=False, auto_log_cpu=False)
    for entry in json.load(open(state))["log_history"]:
        row = {k.replace("eval_", "eval/", 1): v for k, v in entry.items() if k.startswith("eval_")}
        run.log({**(row or {"train/loss": entry.get("loss", 0.0)}),
                 "train/global_step": entry["step"]})
    run.finish()
"""
READ = """
import sys
from pathlib import Path
from tests.results.importers.ask import take
done = take("trackio", sys.argv[1], out=Path(sys.argv[2]))
print(done.written.runs, done.written.unfinished)
"""


@pytest.mark.integration
def test_a_trackio_project_that_trackio_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What TRL logs, through trackio's own data base and back; it reads TRACKIO_DIR on import."""
    pytest.importorskip("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))

    def python(code: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    wrote = python(LOG, STATE, "demo")
    assert wrote.returncode == 0, wrote.stderr
    done = python(READ, "demo", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("[('grpo', 1), ('grpo', 2)] []")
    lines = evals(tmp_path / "out")
    read = {(x["step"], t): s["accuracy"] for x in lines for t, s in x["tasks"].items()}
    assert read == sets()
    assert contract(tmp_path / "out")["steps"] == 6
    run = json.loads((tmp_path / "out" / "grpo" / "seed-2" / "manifest.json").read_text())
    assert run["unit"] == "update"
    none = python(READ, "other", tmp_path / "none")
    assert "There is no trackio project 'other'; there are: demo" in none.stderr


class Api:
    """As much of wandb.Api as is used: runs with name, config, state and scan_history."""

    def runs(self, project: str) -> list[Any]:
        if project != "me/demo":
            raise ValueError(f"Could not find project {project}")
        rows = [{"_step": 3 * i, "_timestamp": 1e9, "train/global_step": 10 * i,
                 "eval/accuracy": 0.2 + i / 10} for i in range(3)]  # fmt: skip
        named = (("grpo-s1", rows, "finished"), ("srpo-s1", rows[:2], "crashed"))
        return [
            SimpleNamespace(
                name=n, config={"max_steps": 20}, scan_history=lambda r=r: iter(r), state=state
            )
            for n, r, state in named
        ]


def test_wandbs_own_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenError(Exception):
        pass

    class Silent:
        def runs(self, project: str) -> list[Any]:
            raise BrokenError(f"no\n answer {'x' * 300}")

    wandb = SimpleNamespace(Api=Api, Error=BrokenError)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    found = list(tracked.wandb_runs("me/demo"))
    assert [(run.name, run.config) for run in found] == [
        ("grpo-s1", {"max_steps": 20}), ("srpo-s1", {"max_steps": 20}),
    ]  # fmt: skip
    assert [row["train/global_step"] for row in found[1].rows] == [0, 10]
    assert [run.state for run in found] == ["finished", "crashed"]
    named = ["grpo/1=srpo-s1"]
    with pytest.raises(ResultsError, match="'grpo-s1' and 'srpo-s1' are both grpo, seed 1"):
        take("wandb", "me/demo", out=tmp_path / "out", metrics=["eval/accuracy"], runs=named)
    wandb.Api = Silent
    with pytest.raises(ResultsError) as refused:
        list(tracked.wandb_runs("me/demo"))
    assert str(refused.value) == f"W&B gives no runs of me/demo: no answer {'x' * 190}"


def test_a_budget_is_one_that_was_not_passed() -> None:
    def facts(budget: Any, *steps: int) -> dict[str, Any]:
        notes = Notes()
        run = tracked.TrackedRun("r", {"max_steps": budget}, [{"_step": s} for s in steps])
        list(tracked.trainer(run).rows(Path("p"), notes))
        return notes.facts

    assert facts(1, 0, 1) == {"steps": 1, "last_step": 1}
    assert facts(3, 0, 1) == {"steps": 3, "last_step": 1}
    assert facts(1, 0, 2) == facts(1, 0) == facts("1", 0, 1) == {}


def test_a_run_that_was_cut_off_is_so_whatever_its_tracker_counted() -> None:
    """A call of the log more a step, such as a table of completions, which tells no step."""
    table = {"_type": "table-file", "path": "x"}
    rows: list[dict[str, Any]] = []
    for step in range(1, 6):
        for more in ({"completions": table, "timestamp": "now"}, {"train/global_step": step}):
            rows.append({"_step": len(rows), "_runtime": 1.0, **more})
    notes = Notes()
    run = tracked.TrackedRun("r", {"max_steps": 8}, rows)
    read = list(tracked.trainer(run).rows(Path("p"), notes))
    assert [(row.step, row.line) for row in read] == [(step, 2 * step) for step in range(1, 6)]
    assert notes.facts == {"steps": 8, "last_step": 5}
    assert notes.doubts == []
    rows.append({"_step": 10, "eval/accuracy": "NaN"})
    assert [row.step for row in tracked.trainer(run).rows(Path("p"), notes)][-1] == 10
    assert (notes.facts, notes.doubts) == ({"steps": 8, "last_step": 5}, [tracked.DOUBT])


@pytest.mark.parametrize("state", ["", "finished", "crashed", "running"])
def test_a_run_that_did_not_finish_by_its_tracker_is_doubted(state: str) -> None:
    """Where its budget is unknown, as verl's is, nothing else says so."""
    notes = Notes()
    run = tracked.TrackedRun("r", {}, [{"train/global_step": 1, "eval/accuracy": 0.5}], state)
    assert len(list(tracked.trainer(run).rows(Path("p"), notes))) == 1
    said = [f"W&B says that r is {state}: is its log whole?"]
    assert notes.doubts == (said if state in ("crashed", "running") else [])


def test_training_rewards_below_zero_are_told_in_whatever_log_verl_names_them() -> None:
    notes, old = Notes(), "val/test_score/openai/gsm8k"
    step = {"train/global_step": 1}
    rows = [{**step, old: 0.25}, {**step, "critic/score/min": -1.0}]
    whose = tracked.trainer(tracked.TrackedRun("r", {}, rows))
    list(logs.read(Path("p"), whose, ("grpo", 1), notes, logs.Totals(), [old]))
    assert [doubt for doubt in notes.doubts if "go down to -1 ('critic/score/min')" in doubt]


@pytest.mark.integration
def test_a_wandb_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setattr(wandb, "Api", Api)
    done = take("wandb", "me/demo", out=tmp_path / "out", metrics=["eval/accuracy"])
    assert curve(tmp_path / "out") == [(0, 0.2), (10, 0.3), (20, 0.4)]
    assert done.written.unfinished == ["srpo/seed-1"]
    with pytest.raises(ResultsError, match="W&B gives no runs of me/other: Could not find"):
        take("wandb", "me/other", out=tmp_path / "none")
    twice = ["grpo/1=srpo-s1"]
    with pytest.raises(ResultsError, match="'grpo-s1' and 'srpo-s1' are both grpo, seed 1"):
        take("wandb", "me/demo", out=tmp_path / "none", metrics=["eval/accuracy"], runs=twice)


def test_options_that_tracked_runs_do_not_take(tmp_path: Path) -> None:
    path = table(tmp_path / "c.csv", *CHART, header=HEADER)
    with pytest.raises(ResultsError, match="use --run ARM/SEED=NAME"):
        take("wandb", path, out=tmp_path / "out", arm="grpo")
    with pytest.raises(ResultsError, match="--map and --skip-empty are for csv"):
        take("wandb", path, out=tmp_path / "out", skip_empty=True)


def test_a_metric_that_is_not_there_is_named(tmp_path: Path) -> None:
    header = '"Step","grpo-s1 - eval/math","grpo-s1 - train/x"'
    path = table(tmp_path / "c.csv", '"0","0.25","0.5"', header=header)
    with pytest.raises(ResultsError, match=r"has no metric 'eval/maht'; did you mean 'eval/math'"):
        take("wandb", path, out=tmp_path / "no", metrics=["eval/maht"])
    with pytest.raises(ResultsError, match=r"'zzz'; there are: eval/math, train/x\.$"):
        take("wandb", path, out=tmp_path / "no", metrics=["eval/math", "zzz"])


def test_a_chart_of_another_kind_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "c.csv", '"0","0.25"', header='"Step","accuracy"')
    with pytest.raises(ResultsError, match="'accuracy' is no 'RUN - KEY'"):
        take("wandb", path, out=tmp_path / "no")


def test_trackios_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runs with what it logged, by their ids; of a project that is none, those there are."""
    trackio = pytest.importorskip("trackio")
    from trackio.sqlite_storage import SQLiteStorage

    known = [SimpleNamespace(name="a", id="1", config=None)]
    known += [SimpleNamespace(name="b", id="2", config={"max_steps": 3})]

    class Api:
        def runs(self, project: str) -> list[Any]:
            if project != "p":
                raise ValueError(project)
            return known

    projects = ["p", "q"]
    monkeypatch.setattr(trackio, "Api", Api)
    monkeypatch.setattr(SQLiteStorage, "get_projects", lambda: projects)
    monkeypatch.setattr(
        SQLiteStorage, "get_logs", lambda *words, **more: [{"asked": words, **more}]
    )
    assert list(tracked.trackio_runs("p")) == [
        tracked.TrackedRun("a", {}, [{"asked": ("p", "a"), "run_id": "1"}]),
        tracked.TrackedRun("b", {"max_steps": 3}, [{"asked": ("p", "b"), "run_id": "2"}]),
    ]
    with pytest.raises(ResultsError, match=r"no trackio project 'r'; there are: p, q\.$"):
        list(tracked.trackio_runs("r"))
    projects.clear()
    with pytest.raises(ResultsError, match=r"there are: none\.$"):
        list(tracked.trackio_runs("r"))


@pytest.mark.parametrize(("name", "reader"), [("wandb", "wandb_runs"), ("trackio", "trackio_runs")])
def test_a_tracker_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, name: str, reader: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ResultsError, match=f"by the package {name}, which is not installed: pip"):
        list(getattr(tracked, reader)("p"))


def test_a_project_is_asked_where_no_chart_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    shelf: Any = SimpleNamespace(open=lambda *words: opened.append(words))
    monkeypatch.setattr(readers.wandb_chart, "read", lambda path, *_: ["chart"])
    monkeypatch.setattr(readers.Reading, "_log", lambda _, path, *__: iter([path.name]))
    run = SimpleNamespace(name="grpo/seed-1", config={}, rows=[])
    for name in ("wandb", "trackio"):
        monkeypatch.setitem(readers.PROJECTS, name, lambda _: [run])
    monkeypatch.setattr(readers.tracked, "trainer", lambda _: SimpleNamespace(unit="row"))
    (tmp_path / "chart").touch()

    def read(format: str, text: str) -> list[Any]:
        request = Request(format, [text], tmp_path / "out")
        ((source, records),) = readers.Reading(request, Notes(), {}, shelf).sources()
        assert source.path == Path(text)
        return list(records)

    assert read("wandb", "me/project") == ["project"]
    assert read("wandb", "me/chart.csv") == read("wandb", str(tmp_path / "chart")) == ["chart"]
    assert read("trackio", "me/chart.csv") == ["chart.csv"]
    assert opened == [
        (Path("me/project"), "row"), (Path("me/chart.csv"), "line"), (tmp_path / "chart", "line"),
        (Path("me/chart.csv"), "row"),
    ]  # fmt: skip


def test_runs_that_are_read_by_the_trackers_own_step_are_doubted_once() -> None:
    def doubts(*rows: dict[str, int]) -> list[str]:
        notes = Notes()
        run = tracked.TrackedRun("r", {}, rows)
        list(tracked.trainer(run).rows(Path("p"), notes))
        return notes.doubts

    assert doubts({"_step": 3, "train/global_step": 30}, {"_step": 4, "global_step": 40}) == []
    assert doubts({"_step": 3}, {"step": 4}) == [tracked.DOUBT]
    assert "counts calls of its log" in tracked.DOUBT
