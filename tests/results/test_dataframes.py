"""The frames against the files that they are made of, and the notebook of docs/data.md."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srpo_bench.results import frames
from srpo_bench.results.dataframes import Frames
from srpo_bench.results.records import AXES
from srpo_bench.results.store import ResultsError, read_json, read_lines
from tests.results import synthetic
from tests.results.made import comparison, run

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
IDS = {task: [f"{task}/{i}" for i in range(5)] for task in synthetic.TASKS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = synthetic.write(tmp_path_factory.mktemp("frames") / "c", seeds=2, steps=40)
    synthetic.cut(folder / "srpo" / "seed-2", 0, "waiting")
    plan = read_json(folder / "comparison.json")
    plan["problems"] = {"evaluation": IDS, "final": {"micro-math": ["x", "y"]}}
    (folder / "comparison.json").write_text(json.dumps(plan))
    rng = np.random.default_rng(0)
    for path in folder.glob("*/seed-*/evals.jsonl"):
        lines = list(read_lines(path))
        for line in lines:
            for score in line["tasks"].values():
                score |= {"k": 4, "correct": rng.integers(0, 5, 5).tolist()}
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    score = {"accuracy": 0.75, "stderr": 0.1, "k": 2, "n": 2, "correct": [1, 2]}
    final = {"step": 40, "accuracy": 0.75, "stderr": 0.1, "tasks": {"micro-math": score}}
    (folder / "grpo" / "seed-1" / "final.json").write_text(json.dumps(final))
    return folder


def test_a_row_a_run_also_of_one_that_has_not_begun(folder: Path) -> None:
    runs = frames(folder).runs
    assert [*zip(runs["arm"], runs["seed"], runs["state"], strict=True)] == [
        ("grpo", 1, "done"), ("grpo", 2, "done"), ("srpo", 1, "done"), ("srpo", 2, "waiting"),
    ]  # fmt: skip
    assert runs["baseline"].tolist() == [True, True, False, False]
    first = next(read_lines(folder / "grpo" / "seed-1" / "evals.jsonl"))
    assert runs.loc[0, "accuracy_start"] == first["accuracy"]
    assert runs.loc[0, ["step", "budget", "responses"]].tolist() == [40, 40, 40 * 128]
    assert runs.iloc[3][["step", "accuracy_start", "accuracy_end"]].isna().all()


def test_a_row_a_step_with_nested_fields_and_seconds(folder: Path) -> None:
    steps = frames(folder).steps
    assert len(steps) == 3 * 40
    one = steps.query("arm == 'srpo' and seed == 1 and step == 7").iloc[0]
    line = list(read_lines(folder / "srpo" / "seed-1" / "steps.jsonl"))[6]
    clock = list(read_lines(folder / "srpo" / "seed-1" / "timing.jsonl"))[7]
    assert one["ledger.tokens_generated"] == line["ledger"]["tokens_generated"]
    assert one["algorithm.clip_fraction"] == line["algorithm"]["clip_fraction"]
    assert one["seconds.rollout"] == clock["rollout"]
    assert one["pool_size"] == line["pool_size"]


def test_a_row_an_evaluation_and_task_and_the_mean_that_is_judged(folder: Path) -> None:
    evals = frames(folder).evals
    assert len(evals) == 3 * 9 * 4 + 2
    lines = list(read_lines(folder / "grpo" / "seed-2" / "evals.jsonl"))
    mine = evals.query("arm == 'grpo' and seed == 2 and phase == 'evaluation'")
    mean = mine[mine["task"] == "all"]
    assert mean["accuracy"].tolist() == [line["accuracy"] for line in lines]
    assert mean["tokens"].tolist() == [line["spent"]["tokens"] for line in lines]
    math = mine[mine["task"] == "micro-math"]
    assert math["accuracy"].tolist() == [line["tasks"]["micro-math"]["accuracy"] for line in lines]
    share = np.array(lines[3]["tasks"]["micro-math"]["correct"]) / 4
    assert math["stderr_questions"].iloc[3] == pytest.approx(share.std(ddof=1) / np.sqrt(5))
    final = evals[evals["phase"] == "final"]
    assert [*zip(final["task"], final["step"], final["accuracy"], strict=True)] == [
        ("all", 40, 0.75), ("micro-math", 40, 0.75),
    ]  # fmt: skip


def test_a_row_a_problem(folder: Path) -> None:
    problems = frames(folder).problems
    assert len(problems) == 3 * 9 * 3 * 5 + 2
    lines = list(read_lines(folder / "srpo" / "seed-1" / "evals.jsonl"))
    mine = problems.query("arm == 'srpo' and seed == 1 and step == 10 and task == 'micro-gsm8k'")
    assert mine["problem"].tolist() == IDS["micro-gsm8k"]
    assert mine["correct"].tolist() == lines[2]["tasks"]["micro-gsm8k"]["correct"]
    assert problems[problems["phase"] == "final"]["correct"].tolist() == [1, 2]
    evals = frames(folder).evals.query("arm == 'grpo' and seed == 1")
    spent = evals["responses"][evals["phase"] == "final"].tolist()
    assert spent == [evals["responses"].max()] * 2


def test_older_records_have_no_problems_and_the_same_columns(tmp_path: Path, folder: Path) -> None:
    older = frames(synthetic.write(tmp_path / "c", seeds=1, steps=10))
    assert len(older.problems) == 0
    assert list(older.problems.columns) == list(frames(folder).problems.columns)
    assert older.evals["stderr_questions"].isna().all()
    assert str(older.problems["correct"].dtype) == "Int64"


def test_what_is_no_comparison_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"no comparison\.json"):
        frames(tmp_path)


def test_every_column_is_described(folder: Path) -> None:
    """docs/data.md names each column of the frames, and no other."""
    tables = re.split(r"^### `(\w+)`.*$", PAGE.read_text(), flags=re.M)
    described = dict(zip(tables[1::2], tables[2::2], strict=True))
    found = frames(folder)
    for name in ("runs", "evals", "problems"):
        rows = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \|", described[name], flags=re.M)
        named = re.findall(r"`([^`]+)`", " ".join(rows))
        assert sorted(named) == sorted(getattr(found, name).columns), name


@pytest.mark.integration
def test_the_notebook_runs(folder: Path, tmp_path: Path) -> None:
    """Its blocks, one after another, on a comparison that stands where the page says."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.M | re.S)
    assert len(blocks) >= 4
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "grpo-srpo-micro").symlink_to(folder)
    code = "import matplotlib; matplotlib.use('Agg')\n" + "\n".join(blocks)
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "learning.png").stat().st_size


def test_the_report_keeps_the_frames_as_csv(folder: Path) -> None:
    from srpo_bench.results.report import write_report

    write_report(folder)
    for name in ("runs", "evals"):
        path = folder / "report" / "data" / f"{name}.csv"
        read = pd.read_csv(path, float_precision="round_trip")
        frame = getattr(frames(folder), name)
        assert list(read.columns) == list(frame.columns)
        numbers = frame.select_dtypes("float64").columns
        assert np.array_equal(read[numbers], frame[numbers], equal_nan=True)


def test_columns_are_there_whatever_runs_have_spent_and_one_evaluation_is_a_beginning() -> None:
    runs = Frames(comparison(run("a", 1, (0.25,)), run("a", 2, ()))).runs
    assert list(runs.columns[-5:]) == list(AXES[1:])
    assert runs["step"].tolist() == [0, pd.NA]
    for name in ("accuracy_start", "accuracy_end"):
        assert runs[name].tolist() == [0.25, pytest.approx(np.nan, nan_ok=True)]
    evals = Frames(comparison()).evals
    assert list(evals.columns[-5:]) == list(AXES[1:])
