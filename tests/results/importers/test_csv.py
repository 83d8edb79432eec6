"""Tidy CSV: what is read, and the sentence for everything that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srpo_bench.results.store import ResultsError, read_json
from tests.results.importers.ask import HEADER, curve, evals, table, take


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_columns_in_any_order_rows_in_any_order_more_columns(tmp_path: Path, out: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        *("x,0.5,grpo,10,1", "x,0.25,grpo,0,1", "x,0.75,srpo,4,1", '"a, b",0.2,srpo,0,1'),
        header="note,accuracy,algo,step,seed",
    )
    done = take("csv", path, out=out)
    assert done.written.runs == [("grpo", 1), ("srpo", 1)]
    assert curve(out) == [(0, 0.25), (10, 0.5)]
    assert curve(out, "srpo/seed-1") == [(0, 0.2), (4, 0.75)]
    assert list(done.notes.ignored) == ["note"]


def test_names_are_found_whatever_their_case_and_integers_may_look_like_floats(
    tmp_path: Path, out: Path
) -> None:
    rows = ("GRPO,1.0,0,0.1", "GRPO,1,10.0,0.2", "GRPO,1,2e1,.3")
    take("csv", table(tmp_path / "a.csv", *rows, header="Algo, Seed ,STEP,Accuracy"), out=out)
    assert curve(out, "GRPO/seed-1") == [(0, 0.1), (10, 0.2), (20, 0.3)]


def test_of_two_names_that_differ_in_case_the_user_chooses(tmp_path: Path, out: Path) -> None:
    """Unless one of them is the name itself."""
    path = table(tmp_path / "a.csv", "grpo,1,0,7,0.5", header="algo,seed,Step,STEP,accuracy")
    with pytest.raises(ResultsError, match="'Step' and 'STEP' may both be step: say --map step=…"):
        take("csv", path, out=out)
    take("csv", path, out=out, mapped=["step=STEP"])
    assert curve(out) == [(7, 0.5)]
    itself = table(tmp_path / "b.csv", "grpo,1,0,7,0.5", header="algo,seed,Step,step,accuracy")
    take("csv", itself, out=tmp_path / "b")
    assert curve(tmp_path / "b") == [(7, 0.5)]


def test_a_mark_at_the_start_other_line_ends_and_none_at_the_last(
    tmp_path: Path, out: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\ngrpo,1,0,0.1\r\n\r\ngrpo,1,5,0.9".encode())
    done = take("csv", path, out=out)
    assert curve(out) == [(0, 0.1), (5, 0.9)]
    assert done.notes.skipped == {"blank lines": 1}


def test_totals_and_standard_errors_are_kept(tmp_path: Path, out: Path) -> None:
    header = f"{HEADER},responses,tokens,seconds,stderr"
    rows = ("grpo,1,0,0.1,0,0,0,0.01", "grpo,1,5,0.2,640,9000,1.5,0.02")
    take("csv", table(tmp_path / "a.csv", *rows, header=header), out=out)
    last = evals(out)[-1]
    assert last["spent"] == {"responses": 640, "tokens": 9000, "seconds": 1.5}
    assert last["stderr"] == 0.02


def test_a_standard_error_is_in_the_unit_of_its_accuracy(tmp_path: Path, out: Path) -> None:
    percent = table(tmp_path / "a.csv", "grpo,1,0,12.5,2,3", header=f"{HEADER},stderr,seconds")
    take("csv", percent, out=out, scale=0.01)
    line = evals(out)[0]
    assert (line["accuracy"], line["stderr"], line["spent"]) == (0.125, 0.02, {"seconds": 3})
    mixed = table(tmp_path / "b.csv", "grpo,1,0,0.125,2", header=f"{HEADER},stderr")
    with pytest.raises(ResultsError, match=r"line 2: stderr must be at most 0\.5, got 2: in the"):
        take("csv", mixed, out=tmp_path / "mixed")


TASKS = "algo,seed,step,accuracy,task,stderr,seconds"


def test_a_row_a_data_set_is_one_evaluation(tmp_path: Path, out: Path) -> None:
    rows = ("grpo,1,0,0.2,math,0.03,0", "grpo,1,0,0.2,gsm8k,0.04,0", "grpo,1,5,0.4,gsm8k,,61")
    done = take(
        "csv", table(tmp_path / "a.csv", *rows, "grpo,1,5,0.8,math,,62", header=TASKS), out=out
    )
    first, last = evals(out)
    assert (first["accuracy"], first["stderr"]) == (0.2, pytest.approx(0.025))
    assert first["tasks"] == {
        "gsm8k": {"accuracy": 0.2, "stderr": 0.04},
        "math": {"accuracy": 0.2, "stderr": 0.03},
    }
    assert (last["accuracy"], last["stderr"]) == (pytest.approx(0.6), None)
    assert last["spent"] == {"seconds": 62}
    assert done.notes.skipped == {"empty cells of stderr": 2}
    assert json.loads((out / "comparison.json").read_text())["eval_tasks"] == ["math", "gsm8k"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("grpo,1,5,0.4,gsm8k,,", "step 0 is scored on math, .* step 5 on gsm8k: .* those rows"),
        ("grpo,1,5,0.4, ,,", "line 3: task is empty"),
        ("grpo,1,0,0.4,math,,", "tell grpo, seed 1, step 0 twice"),
    ],
)
def test_a_data_set_more_or_less_is_refused(tmp_path: Path, out: Path, row: str, said: str) -> None:
    path = table(tmp_path / "a.csv", "grpo,1,0,0.2,math,,", row, header=TASKS)
    with pytest.raises(ResultsError, match=said):
        take("csv", path, out=out)


@pytest.mark.parametrize("name", ["all", "Average", "overall"])
def test_a_row_that_sums_up_the_others_is_no_data_set(tmp_path: Path, out: Path, name: str) -> None:
    """Else the mean of 20, 60 and, weighted by their problems, 30 % would be the accuracy."""
    rows = ("grpo,1,0,0.2,math", "grpo,1,0,0.6,code", f"grpo,1,0,0.3,{name}")
    with pytest.raises(ResultsError, match=f"line 4: task '{name}' is no data set but all of them"):
        take("csv", table(tmp_path / "a.csv", *rows, header=f"{HEADER},task"), out=out)


def test_totals_of_any_data_set_may_not_fall(tmp_path: Path, out: Path) -> None:
    """They are the evaluation's, whichever of its rows has them."""
    rows = [f"grpo,1,{step},0.5,{task},{tokens}" for step, spent in ((0, 0), (5, 900), (10, 300))
            for task, tokens in (("code", ""), ("math", spent))]  # fmt: skip
    header = f"{HEADER},task,tokens"
    with pytest.raises(ResultsError, match=r"tokens fall from 900 \(line 4\) to 300 \(line 6\)"):
        take("csv", table(tmp_path / "a.csv", *rows, header=header), out=out)
    take("csv", table(tmp_path / "b.csv", *rows[:4], header=header), out=out)
    assert [line["spent"] for line in evals(out)] == [{"tokens": 0}, {"tokens": 900}]


def test_every_file_must_have_an_accuracy(tmp_path: Path, out: Path) -> None:
    """Else a seed whose column is empty is left out without a word."""
    whole = table(tmp_path / "a.csv", "1,0,0.1", "1,5,0.2", header="seed,step,accuracy")
    empty = table(tmp_path / "b.csv", "2,0,", "2,5,", header="seed,step,accuracy")
    with pytest.raises(ResultsError, match=r"There is no evaluation in .*b\.csv"):
        take("csv", whole, empty, out=out, arm="grpo", skip_empty=True)


def test_columns_of_other_names_are_mapped(tmp_path: Path, out: Path) -> None:
    path = table(tmp_path / "a.csv", "7,12.5,mine", header="global_step,val/acc,method")
    mapped = ("accuracy=val/acc", "step=global_step", "algo=method")
    take("csv", path, out=out, mapped=mapped, seed=3, scale=0.01)
    assert curve(out, "mine/seed-3") == [(7, 0.125)]


def test_a_file_named_as_one_run_needs_no_columns_for_it(tmp_path: Path, out: Path) -> None:
    path = table(tmp_path / "a.csv", "0,0.1", "5,0.2", header="step,accuracy")
    take("csv", f"grpo/1={path}", out=out)
    assert curve(out) == [(0, 0.1), (5, 0.2)]


def test_rows_without_an_accuracy_are_left_out_when_asked(tmp_path: Path, out: Path) -> None:
    rows = ("grpo,1,0,0.1", "grpo,1,1,", "grpo,1,2,NaN", "grpo,1,5,0.2")
    done = take("csv", table(tmp_path / "a.csv", *rows), out=out, skip_empty=True)
    assert curve(out) == [(0, 0.1), (5, 0.2)]
    assert done.notes.skipped == {
        "rows without an accuracy (--skip-empty)": 1,
        "accuracies that are NaN": 1,
    }
    assert done.notes.doubts == ["1 accuracy is NaN and left out: evaluations that failed?"]
    assert read_json(out / "comparison.json")["notes"] == done.notes.doubts


def test_a_history_whose_steps_are_the_trackers_own_is_doubted_once(
    tmp_path: Path, out: Path
) -> None:
    rows = ("grpo,1,0,0.1", "grpo,1,5,0.2")
    paths = [table(tmp_path / f"{n}.csv", *rows, header="algo,seed,_step,accuracy") for n in "ab"]
    done = take("csv", *paths, out=out, mapped=("step=_step",))
    (doubt,) = done.notes.doubts
    assert doubt.startswith("Steps are read from W&B's own _step; where the trainer hands it none")


def test_a_column_without_a_name_is_said_to_have_none(tmp_path: Path, out: Path) -> None:
    path = table(tmp_path / "a.csv", "0,grpo,1,0,0.1", header=",algo,seed,step,accuracy")
    assert list(take("csv", path, out=out).notes.ignored) == ["(no name)"]


def test_a_torn_last_line_is_counted(tmp_path: Path, out: Path) -> None:
    path = table(tmp_path / "a.csv", "grpo,1,0,0.1", "grpo,1,5,0.2")
    path.write_text(path.read_text() + "grpo,1,1")
    done = take("csv", path, out=out)
    assert done.notes.skipped == {"torn last line (no line end)": 1}
    assert len(evals(out)) == 2


def test_identical_rows_are_counted_once(tmp_path: Path, out: Path) -> None:
    rows = ("grpo,1,0,0.1", "grpo,1,5,0.2", "grpo,1,0,0.10")
    done = take("csv", table(tmp_path / "a.csv", *rows), out=out)
    assert done.notes.skipped == {"identical duplicates": 1}
    assert len(evals(out)) == 2


GOOD = "grpo,1,0,0.1"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((GOOD, "grpo,1,5,0.2", "grpo,1,5,0.3"), "line 3 and .*line 4 tell grpo, seed 1, step 5"),
        ((GOOD, "GRPO,1,5,0.2"), "line 3: 'GRPO' and 'grpo' differ in case only"),
        ((GOOD, "grpo,1,5,52.5"), r"line 3: accuracy must lie .*52.5 \(percent\? add --scale 0.01"),
        ((GOOD, "grpo,1,5,-0.5"), "line 3: accuracy must lie between 0 and 1, got -0.5"),
        ((GOOD, "grpo,1,5,52%"), "not '52%'; leave the sign away and add --scale 0.01"),
        ((GOOD, "grpo,1,5,"), "line 3: accuracy is empty; .*--skip-empty"),
        ((GOOD, "grpo,1,5,nan"), "line 3: accuracy is NaN"),
        ((GOOD, "grpo,1,5,inf"), "line 3: accuracy must be a number"),
        ((GOOD, "grpo,1,2.5,0.2"), "line 3: step must be a whole number, not '2.5'"),
        ((GOOD, "grpo,1,-5,0.2"), "line 3: step must not be negative"),
        ((GOOD, "grpo,-1,5,0.2"), "line 3: a seed is not negative, as -1 is"),
        ((GOOD, "grpo,1,1e300,0.2"), "line 3: step must be a whole number"),
        ((GOOD, "grpo,1,1_0,0.2"), "line 3: step must be a number, not '1_0'"),
        ((GOOD, "n" * 300 + ",1,5,0.2"), "cannot name an arm"),
        ((GOOD, "a\x07b,1,5,0.2"), "cannot name an arm"),
        ((GOOD, "grpo,1,5\r,0.2"), "line 3: a carriage return inside the line"),
        ((GOOD, '{"algo": "grpo", "seed": 1}'), "line 3: JSON among CSV"),
        ((GOOD, "grpo,one,5,0.2"), "line 3: seed must be a number, not 'one'"),
        ((GOOD, "grpo,,5,0.2"), "line 3: seed is empty"),
        ((GOOD, " ,1,5,0.2"), "line 3: algo is empty"),
        ((GOOD, "grpo,1,5"), "line 3: 3 columns, and the header has 4"),
        ((GOOD, "grpo,1,5,0,2"), "line 3: 5 columns"),
        ((GOOD, 'grpo,1,5,"0.2'), "line 3: not CSV"),
        ((), "has a header and no rows"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, out: Path, rows: tuple[str, ...], said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        take("csv", table(tmp_path / "a.csv", *rows), out=out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b'{"algo": "grpo"}\n', "looks like JSON, not CSV; try --from jsonl"),
        (b"algo;seed;step;accuracy\n", "separates columns by semicolons"),
        (b"algo\tseed\tstep\taccuracy\n", "separates columns by tabs"),
        (b"\x1f\x8b\x08rest", "is compressed"),
        (b"PK\x03\x04rest", "is a zip or spreadsheet"),
        ("algo,seed".encode("utf-16"), "is UTF-16"),
        (b"\x18\x00\x00\x00", "binary, not text; event files"),
        (f"{HEADER}\ngrpo,1,0,\xff".encode("latin-1"), "line 2: not UTF-8 text"),
        (f"{HEADER}\n".encode() + b"x" * (1 << 20) + b"\n", "line 2: longer than"),
        (b"algo,seed,step,acc\n", r"no column 'accuracy'; did you mean --map accuracy=acc\?"),
        (b"algorithm,seed,step,accuracy\n", "did you mean --map algo=algorithm?.*say --arm NAME"),
        (b"algo,seed,step,accuracy,accuracy\n", "column 'accuracy' appears twice"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, out: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=said):
        take("csv", path, out=out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"mapped": ["accurcy=x"]}, "--map knows no 'accurcy'; did you mean 'accuracy'?"),
        ({"mapped": ["accuracy"]}, "--map takes NAME=COLUMN"),
        ({"mapped": ["step=a", "step=b"]}, "--map step=… appears twice"),
        ({"mapped": ["accuracy=val"]}, "no column 'val'"),
        ({"mapped": ["stderr=sd"]}, "no column 'sd'"),
        ({"metrics": ["x"]}, "--metric is for logs"),
        ({"scale": 100.0}, "--scale"),
        ({"baseline": "ppo"}, "There is no arm 'ppo' here; there are grpo"),
        ({"arm": "srpo"}, "line 2: algo is 'grpo', but the file was named as 'srpo'"),
        ({"seed": 2}, "line 2: seed is 1, but the file was named as seed 2"),
    ],
)
def test_wrong_requests_are_named(
    tmp_path: Path, out: Path, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(ResultsError, match=said):
        take("csv", table(tmp_path / "a.csv", GOOD), out=out, **asked)
    assert not out.exists()


def test_a_quote_that_never_closes_is_an_error_and_no_end_of_the_file(
    tmp_path: Path, out: Path
) -> None:
    rows = (GOOD, '"grpo,1,5,0.2', *(f"grpo,1,{step},0.3" for step in range(10, 20000)))
    with pytest.raises(ResultsError, match="not CSV"):
        take("csv", table(tmp_path / "a.csv", *rows), out=out)


@pytest.mark.parametrize(
    ("format", "begins", "said"),
    [
        ("csv", b"PAR1\x15\x04\xff", "is a Parquet table; save it as CSV"),
        ("jsonl", b"PAR1\x15\x04\xff", "is a Parquet table; save it as CSV"),
        ("trl", b"PAR1\x15\x04\xff", "is a Parquet table; save it as CSV"),
        ("wandb", b":W&B\x00\xff", "is W&B's own file of a run; name its project"),
        ("csv", b"SQLite format 3\x00", "is a data base; export its metrics as CSV"),
        ("csv", b"1700000000000 0.25 0\n1700000000001 0.5 10\n", "a metric of MLflow's file store"),
    ],
)
def test_what_other_tools_keep_is_refused_with_what_to_do(
    tmp_path: Path, format: str, begins: bytes, said: str
) -> None:
    path = tmp_path / "kept"
    path.write_bytes(begins)
    source = path if format in ("csv", "jsonl", "wandb") else f"grpo/1={path}"
    with pytest.raises(ResultsError, match=said):
        take(format, source, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("totals", "refused"),
    [((512, 512, 512), True), ((0, 0, 0), False), ((0, 512, 512), False), ((512, 512, 513), False)],
)
def test_a_total_that_stands_still_is_what_a_step_costs(
    tmp_path: Path, totals: tuple[int, ...], refused: bool
) -> None:
    """Read as totals, both arms would have spent the same at every step."""
    rows = [f"grpo,1,{10 * i},0.{i + 2},{n}" for i, n in enumerate(totals)]
    path = table(tmp_path / "a.csv", *rows, header=f"{HEADER},responses")
    if not refused:
        take("csv", path, out=tmp_path / "out")
        return
    with pytest.raises(ResultsError, match="512 at step 0 and still at step 20; they must be"):
        take("csv", path, out=tmp_path / "out")
