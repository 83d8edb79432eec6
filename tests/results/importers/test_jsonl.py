"""JSON lines with flat keys."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from srpo_bench.results.importers.jsonl import objects
from srpo_bench.results.importers.lines import Lines
from srpo_bench.results.importers.record import Notes
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import curve, take


def lines(path: Path, *rows: object, end: str = "") -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + end, encoding="utf-8")
    return path


def row(step: int, accuracy: object, **more: object) -> dict[str, object]:
    return {"algo": "grpo", "seed": 1, "step": step, "accuracy": accuracy, **more}


def test_keys_are_columns(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", row(5, 0.2, loss=1), row(0, "0.1"))
    done = take("jsonl", path, out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(0, 0.1), (5, 0.2)]
    assert list(done.notes.ignored) == ["loss"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert done.files == [{"path": str(path), "scores": 2, "sha256": digest}]


def test_lines_of_training_are_left_out_when_asked(tmp_path: Path) -> None:
    training = {"algo": "grpo", "seed": 1, "step": 1, "loss": 0.5}
    path = lines(tmp_path / "a.jsonl", training, row(0, 0.1), row(3, None), row(5, 0.2))
    done = take("jsonl", path, out=tmp_path / "out", skip_empty=True)
    assert curve(tmp_path / "out") == [(0, 0.1), (5, 0.2)]
    assert done.notes.skipped == {"rows without an accuracy (--skip-empty)": 2}
    with pytest.raises(ResultsError, match=r"line 1: no column 'accuracy'.*add --skip-empty"):
        take("jsonl", path, out=tmp_path / "other")


def test_a_history_whose_steps_are_the_trackers_own_is_doubted_once(tmp_path: Path) -> None:
    """Though its keys change from line to line."""
    told = [{"algo": "grpo", "seed": 1, "_step": n, "accuracy": 0.1} for n in (0, 5)]
    path = lines(tmp_path / "a.jsonl", told[0], told[1] | {"loss": 0.5})
    done = take("jsonl", path, out=tmp_path / "out", mapped=("step=_step",))
    (doubt,) = done.notes.doubts
    assert doubt.startswith("Steps are read from W&B's own _step; ")


def test_a_line_without_a_step_is_told_though_it_could_be_left_out(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", row(0, 0.1), {"algo": "grpo", "seed": 1, "loss": 0.5})
    with pytest.raises(ResultsError, match="line 2: no column 'step'"):
        take("jsonl", path, out=tmp_path / "out", skip_empty=True)


def test_another_trainers_file_is_sent_to_its_reader(tmp_path: Path) -> None:
    for keys, name in (
        ({"step": 1, "data": {}}, "verl"),
        ({"log_history": [], "epoch": 1}, "trl"),
    ):
        path = lines(tmp_path / "a.jsonl", keys)
        with pytest.raises(ResultsError, match=f"line 1: this is .*; use --from {name}"):
            take("jsonl", path, out=tmp_path / "out")


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="is a folder; name a file of one evaluation a row"):
        list(Lines(tmp_path))


def test_a_torn_last_line_is_counted_and_a_whole_one_needs_no_line_end(tmp_path: Path) -> None:
    torn = lines(tmp_path / "a.jsonl", row(0, 0.1), end='{"algo": "grpo", "se')
    done = take("jsonl", torn, out=tmp_path / "torn")
    assert done.notes.skipped == {"torn last line (no line end)": 1}
    whole = lines(tmp_path / "b.jsonl", row(0, 0.1), end=json.dumps(row(5, 0.2)))
    take("jsonl", whole, out=tmp_path / "whole")
    assert curve(tmp_path / "whole") == [(0, 0.1), (5, 0.2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": \n{"b": 1}\n', "line 1: not JSON"),
        ("[1, 2]\n", "line 1: a JSON object is needed, not list"),
        ("algo,seed,step,accuracy\ngrpo,1,0,0.1\n", r"line 1: not JSON \(CSV\? then --from csv"),
        ('{\n "log_history": []\n}\n', "trainer_state.json is read with --from trl"),
        ('{"step": 1, "data": {}}\n', "verl's file logger; use --from verl"),
        (json.dumps(row(0, True)) + "\n", "accuracy must be a number, not True"),
        (json.dumps(row(0, [1])) + "\n", "accuracy must be a number"),
        (json.dumps({"algo": "grpo", "seed": 1, "accuracy": 0.5}) + "\n", "no column 'step'"),
        (json.dumps(row(0, 0.1)) + "\n\0\n", "line 2: binary"),
        ("\n", "no line has a 'accuracy'"),
        ('{"a": 1, "b": }\n', r"line 1: not JSON \(Expecting value: line 1 column 15"),
        (
            '{"algo": "grpo", "seed": 1, "step": 0, "accuracy": 0.1, "accuracy": 0.9}\n',
            r"line 1: not JSON \('accuracy' stands twice in one object",
        ),
        ("[" * 200000 + "\n", r"line 1: not JSON \(nested too deeply\)"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(ResultsError, match=said):
        take("jsonl", path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_left_out_of_lines_is_counted_line_by_line(tmp_path: Path) -> None:
    def read(text: str) -> dict[str, int]:
        (tmp_path / "a").write_text(text)
        notes = Notes()
        list(objects(Lines(tmp_path / "a"), notes))
        return dict(notes.skipped)

    assert read('{"a": 1}\n\n{"b": 2}\n') == {"blank lines": 1}
    assert read('{"a": 1}\n{"b"') == {"torn last line (no line end)": 1}
    for text, line in (('{"a"', 1), ('{"a": 1}\n{"b"\n', 2)):
        with pytest.raises(ResultsError, match=f"line {line}: not JSON"):
            read(text)


def test_every_file_must_have_an_accuracy(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"algo": "grpo", "seed": 1, "step": 0, "accuracy": 0.5}\n')
    (tmp_path / "b.jsonl").write_text('{"algo": "srpo", "seed": 1, "step": 0, "loss": 0.5}\n')
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    with pytest.raises(ResultsError, match=r"b\.jsonl: no line has a 'accuracy'"):
        take("jsonl", *files, out=tmp_path / "out", skip_empty=True)


def test_a_line_of_no_data_set_beside_those_of_some_is_refused(tmp_path: Path) -> None:
    """Else their mean would be one of them."""
    line = {"algo": "grpo", "seed": 1, "step": 0, "accuracy": 0.5}
    of = [{**line, "task": name} for name in ("math", "code")]
    path = tmp_path / "a.jsonl"
    for lines, number in (([line, *of], 2), ([*of, line], 3)):
        path.write_text("".join(json.dumps(one) + "\n" for one in lines))
        with pytest.raises(ResultsError, match=f"line {number}: some lines name a task and some"):
            take("jsonl", path, out=tmp_path / "out")


def test_a_data_set_is_named_by_its_key(tmp_path: Path) -> None:
    line = '{{"algo": "grpo", "seed": 1, "step": 0, "accuracy": {}, "set": "{}"}}\n'
    (tmp_path / "a.jsonl").write_text(line.format(0.25, "math") + line.format(0.75, "gsm8k"))
    take("jsonl", tmp_path / "a.jsonl", out=tmp_path / "out", mapped=["task=set"])
    assert curve(tmp_path / "out") == [(0, 0.5)]


@pytest.mark.parametrize("name", [["grpo"], {"name": "grpo"}, True, 1.0])
def test_an_arm_or_a_data_set_is_called_by_a_name(tmp_path: Path, name: object) -> None:
    line = {"algo": "grpo", "task": "gsm8k", "seed": 1, "step": 0, "accuracy": 0.5}
    path = tmp_path / "a.jsonl"
    for key in ("algo", "task"):
        path.write_text(json.dumps({**line, key: name}) + "\n")
        with pytest.raises(ResultsError, match=f"line 1: {key} must be a name, not "):
            take("jsonl", path, out=tmp_path / "none")
    path.write_text(json.dumps({**line, "algo": 2}) + "\n")
    take("jsonl", path, out=tmp_path / "out")
    assert (tmp_path / "out" / "2" / "seed-1").is_dir()
