"""What comes of an import: run directories that prove what they can, all of them or none."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from srpo_bench.results.judgement.matched import matched
from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.report import write_report
from srpo_bench.results.runs import read
from srpo_bench.results.store import ResultsError, read_json
from tests.results.conftest import rendered
from tests.results.importers.ask import HEADER, contract, curve, table, take


def rows(arm: str = "grpo", seed: int = 1, every: int = 5, last: int = 20) -> list[str]:
    return [f"{arm},{seed},{s},{0.2 + s / 100}" for s in range(0, last + 1, every)]


def test_the_evaluations_prove_their_cadence_and_the_totals_a_steps_responses(
    tmp_path: Path,
) -> None:
    even = [f"{row},{128 * 5 * i}" for i, row in enumerate(rows())]
    odd = ["srpo,1,0,0.2,0", "srpo,1,5,0.3,640", "srpo,1,12,0.4,700"]
    path = table(tmp_path / "a.csv", *even, *odd, header=f"{HEADER},responses")
    done = take("csv", path, out=tmp_path / "out")
    known = contract(tmp_path / "out")
    assert (known["eval_every"], known["responses_per_step"]) == (5, 128)
    known = contract(tmp_path / "out", "srpo/seed-1")
    assert (known["eval_every"], known["responses_per_step"]) == (None, None)
    assert {"eval_every", "responses_per_step", "steps"} <= set(done.written.unknown)
    path = table(path, *even, header=f"{HEADER},responses")
    done = take("csv", path, out=tmp_path / "one")
    assert done.written.unknown == ["base_sha256", "pool_digest", "evaluation_digest", "steps"]
    whole = read_json(tmp_path / "one" / "comparison.json")
    assert whole["contract"] == contract(tmp_path / "one")
    assert whole["arms"] == [{"arm": "grpo", "algorithm": "grpo", "settings": {}}]
    manifest = read_json(tmp_path / "one" / "grpo" / "seed-1" / "manifest.json")
    assert done.written.unit == whole["unit"] == manifest["unit"] == "unstated"


def test_runs_are_not_proved_matched_and_what_differs_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows(), *rows("srpo", every=10))
    take("csv", path, out=tmp_path / "out")
    proof = matched(read(tmp_path / "out").runs)
    assert not proof
    assert proof.differing == {"eval_every": [5, 10]}
    assert {"base_sha256", "pool_digest", "evaluation_digest"} <= set(proof.unknown)


def test_without_a_first_evaluation_there_is_no_target(tmp_path: Path) -> None:
    late = [row for seed in range(1, 10) for arm in ("grpo", "srpo") for row in rows(arm, seed)[1:]]
    take("csv", table(tmp_path / "a.csv", *late), out=tmp_path / "out", vouched=True)
    (verdict,) = verify(tmp_path / "out", ["steps-90"])
    assert verdict.verdict == "no-verdict"
    assert verdict.reason.startswith("no evaluation at step 0: the baseline's first is at step 5")


def test_running_totals_may_not_fall(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        *("grpo,1,0,0.1,50", "grpo,1,10,0.3,40", "grpo,1,5,0.2,60"),
        header=f"{HEADER},tokens",
    )
    with pytest.raises(ResultsError, match=r"tokens fall from 60 \(line 4\) to 40 \(line 3\)"):
        take("csv", path, out=tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]


def test_a_folder_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows())
    (tmp_path / "out").mkdir()
    take("csv", path, out=tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ResultsError, match="exists and is not empty; choose another --out"):
        take("csv", path, out=tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_folders_that_were_made_on_the_way_go_with_a_failure(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows())
    with pytest.raises(ResultsError, match="no arm 'ppo'"):
        take("csv", path, out=tmp_path / "new" / "deep" / "out", baseline="ppo")
    assert not (tmp_path / "new").exists()
    take("csv", path, out=tmp_path / "new" / "deep" / "out")
    assert (tmp_path / "new" / "deep" / "out" / "comparison.json").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "GRPO (ours)",
        "a/b",
        "..",
        "report",
        "stop",
        "β=0.1 <script>",
        "C:\\x",
        "50%",
        "-x",
        "n" * 40,
    ],
)
def test_an_arm_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = table(tmp_path / "a.csv", *rows(), *rows(name))
    take("csv", path, out=tmp_path / "out", vouched=True)
    comparison = read(tmp_path / "out")
    assert set(comparison.arms) == {"grpo", name}
    assert all((tmp_path / "out").resolve() in r.folder.resolve().parents for r in comparison.runs)
    assert not {"report", "stop"} & {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.integration
def test_the_page_takes_a_name_for_a_name(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows(), *rows("β=0.1 <script>"))
    take("csv", path, out=tmp_path / "out", vouched=True)
    with rendered():
        write_report(tmp_path / "out")
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "β=0.1 &lt;script&gt;" in page
    assert "0.1 <script>" not in page


def test_the_baseline_is_found_by_its_name_whatever_its_case(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows("SRPO"), *rows("GRPO"), *rows("Mine"))
    take("csv", path, out=tmp_path / "a")
    assert read(tmp_path / "a").baseline == "GRPO"
    assert {v.baseline for v in verify(tmp_path / "a")} == {"GRPO"}
    (found,) = verify(tmp_path / "a", ["steps-90"], baseline="mine", challenger="srpo")
    assert (found.baseline, found.challenger) == ("Mine", "SRPO")
    take("csv", path, out=tmp_path / "b", baseline="mine")
    assert read(tmp_path / "b").baseline == "Mine"


def test_the_first_screen_says_that_runs_were_imported_and_vouched_for(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows(), *rows("srpo"))
    for vouched, said in ((False, "The runs are not matched"), (True, "Vouched for by the user")):
        out = tmp_path / str(vouched)
        take("csv", path, out=out, vouched=vouched, mapped=["accuracy=accuracy"])
        write_report(out)
        page = (out / "report" / "index.html").read_text()
        head = page[page.index("<header>") : page.index("</header>")]
        assert "Imported from a CSV file" in head
        assert said in head
        assert "Imported from a CSV file" in (out / "report" / "report.md").read_text()


def test_a_reward_in_training_is_called_one_on_the_first_screen(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows(), *rows("srpo"), header="algo,seed,step,train_reward")
    take("csv", path, out=tmp_path / "out", mapped=["accuracy=train_reward"])
    write_report(tmp_path / "out")
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "a reward in training and no score on held-out problems" in page


def test_several_files_and_the_same_one_twice(tmp_path: Path) -> None:
    one = table(tmp_path / "a.csv", *rows())
    two = table(tmp_path / "b.csv", *rows("srpo"))
    done = take("csv", one, two, out=tmp_path / "out")
    assert len(done.written.runs) == 2
    assert done.same_files == []
    again = take("csv", one, one, out=tmp_path / "again")
    assert again.notes.skipped == {"identical duplicates": 5}
    assert again.same_files == [[str(one)] * 2]


def long_line(format: str, step: int) -> str:
    """A line of about 1.2 KB; every fiftieth step is an evaluation."""
    note, score = "x" * 1180, 0.5 if step % 50 == 0 else None
    if format == "csv":
        return f"grpo,1,{step},{'' if score is None else score},{note}"
    if format == "jsonl":
        row = {"algo": "grpo", "seed": 1, "step": step, "accuracy": score, "note": note}
        return json.dumps(row)
    metric = {"trl": "eval_accuracy", "verl": "val-core/a/acc/mean@1"}[format]
    data = {"note": note} | ({} if score is None else {metric: score})
    return json.dumps({"step": step, "data": data} if format == "verl" else {"step": step} | data)


@pytest.mark.parametrize("format", ["csv", "jsonl", "verl", "trl"])
def test_a_long_file_is_imported_in_bounded_memory(tmp_path: Path, format: str) -> None:
    """6 MB, most of it training steps: Python holds less than a tenth of it at any time."""
    path, table = tmp_path / "long", format in ("csv", "jsonl")
    before = {"csv": f"{HEADER},note\n", "trl": '{"log_history": ['}.get(format, "")
    between, after = "\n", "\n"
    if format == "trl":
        between, after = ",\n", '], "global_step": 5000, "max_steps": 5000}'
    lines = between.join(long_line(format, step) for step in range(5_001))
    path.write_text(before + lines + after)
    assert path.stat().st_size > 5_950_000
    tracemalloc.start()
    try:
        take(format, str(path) if table else f"grpo/1={path}", out=tmp_path / "o", skip_empty=table)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 595_000
    assert [step for step, _ in curve(tmp_path / "o")] == list(range(0, 5_001, 50))


def test_what_was_left_out_is_recorded(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *rows(), rows()[0], "")
    take("csv", path, out=tmp_path / "out")
    plan = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert plan["imported"]["skipped"] == {"identical duplicates": 1, "blank lines": 1}
    assert len(plan["imported"]["files"][0]["sha256"]) == 64
