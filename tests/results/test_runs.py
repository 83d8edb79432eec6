import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srpo_bench.results.runs import read, samples
from srpo_bench.results.seal import seal
from srpo_bench.results.store import ResultsError
from tests.results import synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "c", seeds=2, steps=20, every=5)


def test_runs_are_read_by_arm_and_seed(folder: Path) -> None:
    c = read(folder)
    assert [r.name for r in c.runs] == ["grpo/seed-1", "grpo/seed-2", "srpo/seed-1", "srpo/seed-2"]
    assert c.arms == ["grpo", "srpo"]
    assert (c.baseline, c.horizon, c.seeds) == ("grpo", 20, [1, 2])
    assert c.runs[0].evals.step.tolist() == [0, 5, 10, 15, 20]


def test_what_an_arms_methods_say_of_its_runs_is_among_the_notes_once(folder: Path) -> None:
    planned = read(folder).notes
    assert planned == ["All tasks are procedural twins."]
    for seed in (1, 2):
        path = folder / "srpo" / f"seed-{seed}" / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["notes"] = [*planned, "The two stages change nothing."]
        path.write_text(json.dumps(manifest))
    assert read(folder).notes == [*planned, "srpo: The two stages change nothing."]


def test_seconds_leave_evaluation_out(folder: Path) -> None:
    run = read(folder).runs[0]
    lines = [json.loads(x) for x in (run.folder / "timing.jsonl").read_text().splitlines()]
    spent = [sum(x[k] for k in ("rollout", "grading", "training", "other")) for x in lines]
    assert run.evals.spent["seconds"][-1] == pytest.approx(sum(spent))
    assert run.totals["seconds_evaluation"] == pytest.approx(0.2 * 21)


def test_seconds_are_unknown_where_the_clock_did_not_see_all(folder: Path) -> None:
    path = folder / "grpo" / "seed-1" / "timing.jsonl"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert "seconds" not in read(folder).runs[0].evals.spent
    assert "seconds" in read(folder).runs[1].evals.spent


def test_zero_variance_groups_are_all_correct_or_all_wrong(folder: Path) -> None:
    run = read(folder).runs[0]
    first = json.loads((run.folder / "steps.jsonl").read_text().splitlines()[0])
    expected = (first["groups_all_correct"] + first["groups_all_wrong"]) / first["groups"]
    assert run.curves["zero_variance"][0] == expected


def test_a_bare_imported_run_is_read(folder: Path) -> None:
    run = folder / "grpo" / "seed-1"
    for path in run.iterdir():
        if path.name not in ("manifest.json", "evals.jsonl"):
            path.unlink()
    (run / "evals.jsonl").write_text('{"step": 0, "accuracy": 0.1}\n{"step": 9, "accuracy": 1}\n')
    found = read(folder).of("grpo")[0]
    assert found.state == "done"
    assert list(found.evals.spent) == ["steps"]
    assert np.isnan(found.evals.stderr).all()


def test_a_run_that_has_not_begun_waits(folder: Path) -> None:
    run = folder / "grpo" / "seed-1"
    for path in run.iterdir():
        if path.name != "manifest.json":
            path.unlink()
    found = read(folder).of("grpo")[0]
    assert (found.state, len(found.evals), found.last_step) == ("waiting", 0, 0)


def test_a_step_that_stands_twice_counts_once_and_order_does_not_matter(folder: Path) -> None:
    path = folder / "grpo" / "seed-1" / "evals.jsonl"
    lines = [{"step": s, "accuracy": a} for s, a in ((5, 0.3), (0, 0.1), (5, 0.4))]
    path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    evals = read(folder).of("grpo")[0].evals
    assert (evals.step.tolist(), evals.accuracy.tolist()) == ([0, 5], [0.1, 0.4])


def test_a_torn_last_line_is_left_out(folder: Path) -> None:
    path = folder / "grpo" / "seed-1" / "evals.jsonl"
    whole = len(read(folder).of("grpo")[0].evals)
    path.write_text(path.read_text()[:-20])
    assert len(read(folder).of("grpo")[0].evals) == whole - 1


def test_a_run_that_was_trained_here_and_is_done_has_its_end(folder: Path) -> None:
    """Though nothing sealed it, as where the machine went down between the two."""
    run = folder / "grpo" / "seed-1"
    synthetic.change(folder, "comparison.json", config={})
    assert read(folder).of("grpo")[0].last_step == read(folder).horizon
    path = run / "evals.jsonl"
    for text, last in (("".join(path.read_text().splitlines(True)[:-1]), r"\d+"), ("", "0")):
        path.write_text(text)
        with pytest.raises(ResultsError, match=f"ends at step {last} of .*: its end is lost"):
            read(folder)
    synthetic.change(run, "status.json", state="running")
    assert len(read(folder).of("grpo")[0].evals) == 0


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("evals.jsonl", "{broken\n", "evals.jsonl, line 1: not JSON"),
        ("evals.jsonl", '{"step": 1}\n', "line 1: an evaluation needs"),
        ("evals.jsonl", '{"step": "x", "accuracy": 1}\n', "line 1: an evaluation needs"),
        ("evals.jsonl", '{"step": 1, "accuracy": NaN}\n', "line 1: an evaluation needs"),
        ("evals.jsonl", '{"step": 1, "accuracy": 1, "tasks": {"t": {}}}\n', "line 1: an eval"),
        ("steps.jsonl", '{"reward": 1}\n', "steps.jsonl, line 1"),
        ("steps.jsonl", '{"step": 1}\n7\n', "steps.jsonl, line 2: not a JSON object"),
        ("manifest.json", "[]", "must hold a JSON object"),
        ("manifest.json", "{", "cannot be read"),
        ("manifest.json", '{"schema": 2}', r"newer srpo-bench \(schema 2; .* up to 1\): upgrade"),
        ("status.json", '{"schema": "x"}', "newer srpo-bench"),
    ],
)
def test_broken_files_are_named(folder: Path, file: str, text: str, said: str) -> None:
    (folder / "grpo" / "seed-1" / file).write_text(text)
    with pytest.raises(ResultsError, match=said):
        read(folder)


def test_a_nan_is_read_as_python_writes_it(folder: Path) -> None:
    path = folder / "grpo" / "seed-1" / "steps.jsonl"
    path.write_text('{"step": 1, "reward": NaN, "length": 7, "groups": 0}\n')
    curves = read(folder).of("grpo")[0].curves
    assert np.isnan([curves["reward"][0], curves["all_correct"][0], curves["pool_size"][0]]).all()
    assert curves["length"].tolist() == [7]


def test_a_seed_that_stands_twice_is_no_second_seed(folder: Path) -> None:
    shutil.copytree(folder / "grpo" / "seed-1", folder / "grpo" / "seed-3")
    with pytest.raises(ResultsError, match="grpo/seed-1 twice"):
        read(folder)


def test_no_comparison_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"no comparison\.json"):
        read(tmp_path)


def test_samples_are_those_of_the_run(folder: Path) -> None:
    assert len(list(samples(read(folder).runs[0]))) == 6


def test_importing_the_room_is_light() -> None:
    code = "import sys, srpo_bench.results; "
    code += "print([m for m in ('numpy', 'torch', 'pandas') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.integration
def test_the_room_never_imports_torch_or_the_harness() -> None:
    code = (
        "import sys; from srpo_bench.results.judgement import verify;"
        "from srpo_bench.results.report import figures, page;"
        "rooms = ('torch', *(f'srpo_bench.{r}' for r in ('harness', 'algorithms', 'tasks')));"
        "print([m for m in rooms if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


BOTH_WAYS = """
import pathlib, sys
from srpo_bench.results import runs
folder = pathlib.Path(sys.argv[1])
alone = runs.read(folder).runs
runs.LARGE = 1
for one, other in zip(alone, runs.read(folder).runs, strict=True):
    assert (one.name, one.totals, one.manifest) == (other.name, other.totals, other.manifest)
    assert one.evals.accuracy.tobytes() == other.evals.accuracy.tobytes()
    assert all(one.curves[n].tobytes() == other.curves[n].tobytes() for n in one.curves)
(folder / "srpo/seed-2/steps.jsonl").write_text("no\\n")
try:
    runs.read(folder)
except runs.ResultsError as error:
    print(error)
"""


def test_large_comparisons_are_read_by_several_processes_alike(folder: Path) -> None:
    """In a process of its own: beside torch, which other tests load, one process reads."""
    done = subprocess.run(
        [sys.executable, "-c", BOTH_WAYS, str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "seed-2/steps.jsonl, line 1: not JSON" in done.stdout


def test_a_sealed_run_is_read_without_its_samples(folder: Path) -> None:
    run = folder / "grpo" / "seed-1"
    seal(run)
    (run / "samples.jsonl").unlink()
    assert read(folder).runs[0].name == "grpo/seed-1"
    with pytest.raises(ResultsError, match=r"samples\.jsonl is not as it was"):
        list(samples(read(folder).runs[0]))
    (run / "timing.jsonl").write_text("")
    with pytest.raises(ResultsError, match=r"timing\.jsonl is not as it was"):
        read(folder)


def test_a_plan_that_was_changed_is_refused(folder: Path) -> None:
    seal(folder, ["comparison.json"])
    assert len(read(folder).runs) == 4
    plan = folder / "comparison.json"
    plan.write_text(plan.read_text() + " ")
    with pytest.raises(ResultsError, match=r"comparison\.json is not as it was"):
        read(folder)
