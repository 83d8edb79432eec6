"""Scores by benchmark against closed forms, and the reported ones against the claims."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from srpo_bench.results.judgement.claims import load
from srpo_bench.results.report import write_report
from srpo_bench.results.report.analysis import analyse
from srpo_bench.results.report.tables import benchmarks as tables
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.benchmarks import at_end, at_start, references
from tests.results import made, synthetic

pytestmark = pytest.mark.usefixtures("no_figures")


def final(run: Path, scores: dict[str, float], n: int = 100) -> None:
    tasks = {
        t: {"accuracy": a, "stderr": 0.04, "pass_at_k": a, "n": n, "k": 1, "length": 9.0}
        for t, a in scores.items()
    }
    (run / "final.json").write_text(json.dumps({"step": 20, "tasks": tasks}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "c", seeds=2, steps=20, every=5)


def test_final_scores_have_both_standard_errors(folder: Path) -> None:
    for seed, accuracy in ((1, 0.4), (2, 0.5)):
        final(folder / "grpo" / f"seed-{seed}", {"gsm8k": accuracy})
    found = at_end(read(folder).of("grpo"))
    assert list(found) == ["gsm8k"]
    score = found["gsm8k"]
    assert score.value == pytest.approx(0.45)
    assert score.between == pytest.approx(0.05)  # sd 0.0707 over √2
    assert score.sampling == pytest.approx(0.04 / math.sqrt(2))
    assert (score.seeds, score.problems, score.k) == (2, 100, 1)


def test_without_final_scores_the_last_evaluation_counts(folder: Path) -> None:
    run = folder / "srpo" / "seed-1"
    last = json.loads((run / "evals.jsonl").read_text().splitlines()[-1])
    synthetic.change(folder / "srpo" / "seed-2", "status.json", state="failed")
    found = at_end(read(folder).of("srpo"))
    assert list(found) == list(synthetic.TASKS)
    assert found["micro-math"].value == last["tasks"]["micro-math"]["accuracy"]
    assert math.isnan(found["micro-math"].between)


def test_the_base_counts_once_a_seed(folder: Path) -> None:
    assert {s.seeds for s in at_start(read(folder)).values()} == {2}


def test_an_unfinished_arm_and_runs_that_know_little_have_no_scores(folder: Path) -> None:
    for run in folder.glob("*/seed-*"):
        lines = [{"step": s, "accuracy": 0.5} for s in (0, 5)]
        (run / "evals.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert tables.measured(analyse(folder)).rows == ()


def test_every_figure_of_the_claims_stands_among_the_references() -> None:
    known = {value for report in references().reports for value in report.scores.values()}
    assert {figure.value for claim in load() for figure in claim.reported} <= known


def test_reports_name_who_and_where_and_known_benchmarks() -> None:
    for report in references().reports:
        assert report.reported_by
        assert report.where
        assert report.scores.keys() <= references().benchmarks.keys()


def test_the_table_of_final_benchmarks(folder: Path) -> None:
    for run in folder.glob("*/seed-*"):
        final(run, {"gsm8k": 0.5, "math": 0.25 + 0.1 * (run.parent.name == "srpo")})
    a = analyse(folder)
    table = tables.measured(a)
    assert table.columns == ("arm", "GSM8K (n = 100)", "MATH (n = 100)")
    assert table.rows[1] == ("srpo", "50.0 ± 0.0 (2.8)", "35.0 ± 0.0 (2.8)")
    assert "nothing in this table was measured here" in tables.reported(a).note.lower()


def test_micro_scores_are_never_beside_published_ones(folder: Path) -> None:
    write_report(folder)
    report = folder / "report"
    ours = (report / "tables" / "benchmarks.csv").read_text()
    assert ours.startswith('arm,"micro-gsm8k (n = 100, avg@8)"')
    assert not [r for r in references().reports for v in r.scores.values() if f",{v}," in ours]
    note = "nothing that was measured here is comparable to it"
    assert note in (report / "index.html").read_text()
    assert note in (report / "report.md").read_text()
    assert "92.4" in (report / "tables" / "references.tex").read_text()


def test_where_the_problems_come_from_is_shown(folder: Path) -> None:
    record = {
        **{"task": "mbpp", "role": "train", "split": "train", "source": "train.jsonl"},
        **{"revision": None, "sha256": "3ad0217c9f73" + "0" * 52, "official": True},
        **{"loaded": 374, "used": 373, "excluded": 1},
    }
    synthetic.change(folder, "comparison.json", data=[record])
    write_report(folder)
    row = "mbpp,train,train,train.jsonl,3ad0217c9f73…,yes,374,373,1"
    assert row in (folder / "report" / "tables" / "data.csv").read_text()
    assert 'id="table-data"' in (folder / "report" / "index.html").read_text()


@pytest.mark.filterwarnings("error")
def test_a_mean_and_its_errors_by_hand() -> None:
    """Accuracies 0.4 and 0.6: sd 0.1414 over √2. Errors of 0.03 and 0.04: 0.05 / 2."""
    told = [{"accuracy": 0.4, "stderr": 0.03, "n": 50, "k": 4}, {"accuracy": 0.6, "stderr": 0.04}]
    runs = [made.run(seed=i, last={"a": score}) for i, score in enumerate(told)]
    score = at_end(runs)["a"]
    assert (score.value, score.between, score.sampling) == pytest.approx((0.5, 0.1, 0.025))
    assert (score.seeds, score.problems, score.k) == (2, 50, 4)
    bare = at_end([made.run(last={"a": {"accuracy": 0.4}})])["a"]
    assert math.isnan(bare.between)
    assert math.isnan(bare.sampling)
    assert (bare.seeds, bare.problems, bare.k) == (1, 0, 0)


def test_one_final_score_among_the_finished_runs_decides_for_all() -> None:
    final, last = {"f": {"accuracy": 0.9}}, {"e": {"accuracy": 0.1}}
    both = [made.run(seed=1, final=final, last=last), made.run(seed=2, last=last)]
    assert {task: s.seeds for task, s in at_end(both).items()} == {"f": 1}
    lost = made.run(seed=3, final=final, last=last, state="failed")
    assert list(at_end([lost, both[1]])) == ["e"]


def test_the_base_is_each_seeds_first_run_that_was_evaluated_at_step_zero() -> None:
    one, other = {"a": {"accuracy": 0.25}}, {"a": {"accuracy": 0.75}}
    runs = [
        made.run("grpo", 1, first=one),
        made.run("srpo", 1, first=other),
        made.run("grpo", 2, first=other, step=(5, 10)),
        made.run("grpo", 3, (), first=other),
    ]
    found = at_start(made.comparison(*runs))["a"]
    assert (found.value, found.seeds) == (0.25, 1)


def test_what_others_reported_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        references().benchmarks = {}
    with pytest.raises(ValidationError):
        references().reports[0].model = "another"
