"""Cells, lines, members, totals and cadences, each on either side of its bound."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.importers import columns as table
from srpo_bench.results.importers import console, jsonfile, logs, request, sources, units, write
from srpo_bench.results.importers.columns import Columns, parse_map
from srpo_bench.results.importers.convert import Imported, _file, _in_batches, _metric, _plan
from srpo_bench.results.importers.jsonfile import members
from srpo_bench.results.importers.lines import LONGEST, Lines
from srpo_bench.results.importers.logs import Direction, Row, Totals, Trainer
from srpo_bench.results.importers.record import (
    DATE,
    LARGEST,
    Notes,
    Record,
    accuracy_of,
    integer,
    number,
    positive,
    step_of,
)
from srpo_bench.results.importers.request import Request, consistent, on_repeat
from srpo_bench.results.importers.shelf import Shelf
from srpo_bench.results.importers.write import Cadence, folder_of
from srpo_bench.results.store import ResultsError


def refused(call: Any, *given: Any, kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as told:
        call(*given)
    return str(told.value)


def test_cells_that_are_numbers() -> None:
    assert [number(x, "x") for x in (None, "", "  ", "nan", math.nan)] == [None] * 5
    assert [number(x, "x") for x in (0, 1.5, " 2 ", "1e3")] == [0, 1.5, 2, 1000]
    assert refused(number, "5 %", "x") == (
        "x must be a number, not '5 %'; leave the sign away and add --scale 0.01"
    )
    assert refused(number, True, "x") == "x must be a number, not True"
    assert refused(number, "1_000", "x") == "x must be a number, not '1_000'"
    assert refused(number, math.inf, "x") == "x must be a number, not inf"
    assert refused(number, [1], "x") == "x must be a number, not [1]"
    assert refused(number, 10**400, "x").endswith("…")
    assert refused(number, "y" * 38, "x") == f"x must be a number, not '{'y' * 38}'"
    assert refused(number, "y" * 39, "x") == f"x must be a number, not '{'y' * 36}…"


def test_whole_numbers_steps_and_totals() -> None:
    assert [integer(x, "x") for x in ("10", 10.0, -3, LARGEST, -LARGEST)] == [
        10, 10, -3, LARGEST, -LARGEST,
    ]  # fmt: skip
    assert refused(integer, 2.0**54, "x").startswith("x must be a whole number")
    assert refused(integer, -(2.0**54), "x").startswith("x must be a whole number")
    assert refused(integer, 0.5, "x") == "x must be a whole number, not 0.5"
    assert refused(integer, None, "x") == "x is empty"
    assert (step_of(0), step_of(DATE - 1)) == (0, 999_999_999)
    assert refused(step_of, -1) == "step must not be negative, got -1"
    assert refused(step_of, DATE).startswith("step 1000000000 is a date")
    assert (positive(0, "tokens"), positive(DATE, "tokens"), positive(None, "x")) == (0, 1e9, None)
    assert positive(DATE - 1, "seconds") == 999_999_999
    assert refused(positive, DATE, "seconds").startswith("seconds 1000000000 are a date")
    assert refused(positive, -0.5, "tokens") == "tokens must not be negative, got -0.5"


def test_accuracies_are_fractions() -> None:
    assert [accuracy_of(x, 1.0, "a") for x in (0, 0.5, 1, None)] == [0, 0.5, 1, None]
    assert accuracy_of(50, 0.01, "a") == 0.5
    assert refused(accuracy_of, -0.1, 1.0, "a") == "a must lie between 0 and 1, got -0.1"
    for percent in (1.1, 100):
        assert refused(accuracy_of, percent, 1.0, "a").endswith("(percent? add --scale 0.01)")
    assert refused(accuracy_of, 101, 1.0, "a") == "a must lie between 0 and 1, got 101"


def test_columns_are_mapped_found_and_asked_for() -> None:
    assert parse_map(["accuracy=val/acc", "step=s=1"]) == {"accuracy": "val/acc", "step": "s=1"}
    assert refused(parse_map, ["accuracy="], kind=ResultsError).startswith("--map takes NAME=COL")
    assert refused(parse_map, ["accuracy"], kind=ResultsError).startswith("--map takes NAME=COL")
    assert refused(parse_map, ["acuracy=x"], kind=ResultsError) == (
        "--map knows no 'acuracy'; did you mean 'accuracy'?"
    )
    assert refused(parse_map, ["step=a", "step=b"], kind=ResultsError) == (
        "--map step=… appears twice; give one column."
    )
    whole_file = Columns(arm="a", seed=1)
    assert whole_file.locate([" Step", "ACCURACY"]) == {"step": " Step", "accuracy": "ACCURACY"}
    assert whole_file.locate(["step"], sparse=True) == {"step": "step"}
    mapped = Columns({"accuracy": "acc"}, "a", 1)
    assert mapped.locate(["step", "acc", "accuracy"])["accuracy"] == "acc"
    assert mapped.locate(["step", "accuracy"], sparse=True) == {"step": "step"}
    assert refused(mapped.locate, ["step", "accuracy"]).startswith("no column 'acc'; did you mean")
    assert refused(whole_file.locate, ["accuracy"]).startswith("no column 'step'; name it: --map")
    assert refused(whole_file.locate, ["step", "accuracy", "accuracy"]) == (
        "column 'accuracy' appears twice"
    )
    for missing, say in (("algo", "--arm NAME"), ("seed", "--seed N")):
        say += " or grpo/1=FILE"
        present = [n for n in ("algo", "seed", "step", "accuracy") if n != missing]
        assert refused(Columns().locate, present).endswith(
            f"; if the whole file has one {missing}, say {say}"
        )


def test_a_missing_column_is_told_with_what_is_there() -> None:
    one = Columns(arm="a", seed=1)
    assert one.missing("accuracy", ["x", "Acuracy"]) == (
        "no column 'accuracy'; did you mean --map accuracy=Acuracy? (there are 'x', 'Acuracy')"
    )
    assert "; name it: --map step=… (" in one.missing("step", ["seed", "algo"])  # they are others
    assert "; name it: --map algo=… (" in Columns().missing("algo", ["train/loss"])  # too far
    assert one.missing("step", ["q"]) == ("no column 'step'; name it: --map step=… (there are 'q')")
    many = [f"q{i}" for i in range(21)]
    assert "'q19' …)" in one.missing("step", many)
    assert "'q19')" in one.missing("step", many[:20])


def test_a_row_becomes_a_record() -> None:
    notes = Notes()
    told = {"algo": " a ", "seed": "2", "step": 5.0, "accuracy": 50, "tokens": "7", "stderr": ""}
    found = Columns(scale=0.01).record(told, 3, notes)
    assert found == Record("a", 2, 5, 0.5, 3, tokens=7)
    assert notes.skipped == {"empty cells of stderr": 1}
    every = {"accuracy": 1, "step": 1, **dict.fromkeys(table.OPTIONAL, 4), "stderr": 0.5}
    one = Columns(arm="b", seed=3)
    assert one.record(every, 1, notes) == Record("b", 3, 1, 1.0, 1, "4", 0.5, 4, 4, 4, 4)
    assert one.record({**every, "algo": "b", "seed": "3"}, 1, notes) is not None
    assert refused(one.record, {**every, "algo": "c"}, 1, notes) == (
        "algo is 'c', but the file was named as 'b'"
    )
    assert refused(one.record, {**every, "seed": 4}, 1, notes) == (
        "seed is 4, but the file was named as seed 3"
    )
    assert refused(Columns(seed=1).record, {**every, "algo": " "}, 1, notes) == "algo is empty"
    assert refused(Columns(arm="a").record, every, 1, notes) == "seed is empty"


def test_rows_without_an_accuracy_are_counted_where_they_may_be() -> None:
    notes = Notes()
    skip = Columns(skip_empty=True)
    for cell in (None, "", "nan"):
        assert skip.record({"accuracy": cell}, 1, notes) is None
    assert skip.record({}, 1, notes) is None
    assert notes.skipped == {table.EMPTY: 3, table.NAN: 1}
    assert refused(Columns().record, {"accuracy": ""}, 1, notes).startswith("accuracy is empty; if")


def test_lines_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    lines = Lines(path)
    assert [(text, lines.number, lines.whole) for text in lines] == [
        ("one\r\n", 1, True),
        ("two", 2, False),
    ]
    assert str(lines.wrong("bad")) == f"{path}, line 2: bad."
    path.write_bytes(b"x" * (LONGEST - 1) + b"\n")
    assert len(list(Lines(path))) == 1
    path.write_bytes(b"x" * LONGEST + b"\n")
    assert refused(list, Lines(path), kind=ResultsError).endswith(
        f"line 1: longer than {LONGEST} bytes, so this is no log of lines."
    )
    path.write_bytes(b"ok\nab\xff\n")
    assert "line 2: not UTF-8 text (byte 3); event files are" in refused(
        list, Lines(path), kind=ResultsError
    )
    path.write_bytes(b"a\0\n")
    assert "line 1: binary, not text; event files" in refused(list, Lines(path), kind=ResultsError)
    path.write_bytes(b"ok\nPK\x03\x04\n")
    assert len(list(Lines(path))) == 2  # only a file begins like that
    assert LONGEST == 2**20


def read_members(path: Path, text: str, inside: str = "log") -> list[tuple[str, Any, int]]:
    path.write_text(text)
    return list(members(path, inside))


def test_members_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert read_members(path, " { } ") == []
    assert read_members(path, '{"a": 1, "log": [{"x": 2}, 3], "b": [4]}') == [
        ("a", 1, 1),
        ("log", {"x": 2}, 1),
        ("log", 3, 2),
        ("b", [4], 1),
    ]
    assert read_members(path, '{"log": []}') == [("log", None, 1)]
    assert read_members(path, '{"log": 5}') == [("log", 5, 1)]
    long = {"log": list(range(15_000)), "n": 12345}
    found = read_members(path, json.dumps(long))  # over several blocks, numbers cut in two
    assert [value for _, value, _ in found] == [*range(15_000), 12345]
    assert [number for *_, number in found[:-1]] == list(range(1, 15_001))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "holds no JSON object"),
        ("", "is empty"),
        ('{"a": 1', "ends in the middle: it was cut off"),
        ('{"a": 1; "b": 2}', "';' where a comma or the end should be"),
        ('{"log": [1; 2]}', "';' where a comma or the end of the list should be"),
        ("{1: 2}", "a member needs a name and a colon"),
        ('{"a" 2}', "a member needs a name and a colon"),
    ],
)
def test_what_is_no_object(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.json"
    assert said in refused(read_members, path, text, kind=ResultsError)


def test_a_value_that_never_ends_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    deep = '{"a": ' + "[" * 200_000
    assert "no JSON, or far too long" in refused(read_members, path, deep, kind=ResultsError)
    assert "no JSON, or far too long" in refused(
        read_members, path, '{"a": "' + "x" * (jsonfile.LONGEST + (1 << 17)), kind=ResultsError
    )
    path.write_bytes(b'{"a": "\xff"}')
    assert refused(list, members(path, "log"), kind=ResultsError).endswith("is not UTF-8 text.")
    gone = members(tmp_path / "none", "log")
    assert refused(list, gone, kind=ResultsError).startswith("Cannot read ")


def test_the_console_has_lines_of_metrics_among_others(tmp_path: Path) -> None:
    import re

    path = tmp_path / "a.log"
    path.write_text("hello\n\x1b[32mx=1\x1b[0m  \ny=2\nx=3")
    notes, lines = Notes(), Lines(path)
    found = console.matches(lines, [re.compile(r"^x=(\d)$"), re.compile(r"^y=(\d)$")], notes)
    assert [m[1] for m in found] == ["1", "2"]
    assert notes.skipped == {console.OTHER: 1, "torn last line (no line end)": 1}
    assert not console.is_json(path)
    path.write_text('\n  {"a": 1}\n')
    assert console.is_json(path)
    assert [console.plain(x) for x in ("0.5", " -1e3 ", "np.float64(.5)", "5.", "x ")] == [
        0.5, -1000, 0.5, 5, "x ",
    ]  # fmt: skip


def test_a_log_that_only_ever_goes_back() -> None:
    def way(*steps: int) -> bool:
        told = Direction()
        for step in steps:
            told.see(step)
        return told.backwards

    assert way(3, 2, 1)
    assert not way()
    assert not way(3)
    assert not way(3, 3)
    assert not way(1, 2, 1, 0)
    assert not way(3, 1, 2)
    assert way(3, 1, 1)


def trainer(*rows: Row, cost: Any = None) -> Trainer:
    def read(path: Path, notes: Notes) -> Iterator[Row]:
        yield from rows

    return Trainer(
        "a log", read, lambda v: {"t": "eval/acc"} if "eval/acc" in v else {},
        cost or (lambda v, n: {"tokens": v["n"] * n} if "n" in v else None),
    )  # fmt: skip


def test_totals_are_summed_once_a_step_and_known_where_they_end() -> None:
    total, of = Totals(), trainer()
    assert total.at(0) == dict.fromkeys(("responses", "tokens", "seconds", "updates"), 0.0)
    assert total.at(1) == {}
    total.add(Row(2, {"n": 5}, 1), of)
    total.add(Row(2, {"n": 5}, 2), of)
    total.add(Row(1, {"n": 5}, 3), of)
    total.add(Row(3, {}, 4), of)
    assert (total.step, total.at(2), total.at(3)) == (2, {"tokens": 10}, {})
    total.add(Row(5, {"n": 1}, 5), of)
    assert total.at(5) == {"tokens": 13}
    total.add(Row(5, {"n": 1}, 6), trainer(cost=lambda v, n: {"tokens": 1.0}))  # no step since
    assert total.at(5) == {"tokens": 13}
    other = trainer(cost=lambda v, n: {"seconds": 1.0})
    total.add(Row(6, {}, 6), other)
    assert total.at(6) == {}


def test_evaluations_of_a_log_with_what_was_spent() -> None:
    rows = [
        Row(0, {"eval/acc": 0.25}, 1),
        Row(1, {"n": 5, "loss": 1}, 2),
        Row(1, {"eval/acc": 0.5}, 3),
        Row(2, {"eval/acc": 0.75}, 4),
    ]
    notes = Notes()
    found = list(logs.read(Path("p"), trainer(*rows), ("a", 1), notes, Totals()))
    assert found == [
        Record("a", 1, 0, 0.25, 1, "t", None, 0, 0, 0, 0),
        Record("a", 1, 1, 0.5, 3, "t", tokens=5),
        Record("a", 1, 2, 0.75, 4, "t"),
    ]
    assert notes.skipped == {logs.TRAINING: 1}
    assert notes.metrics == {"t": "eval/acc"}
    assert notes.facts == {"unit": "unstated"}
    named = list(logs.read(Path("p"), trainer(*rows), ("a", 1), Notes(), Totals(), ["loss"]))
    assert [(r.step, r.accuracy, r.task) for r in named] == [(1, 1, "")]
    two = ["loss", "n"]
    named = list(logs.read(Path("p"), trainer(*rows), ("a", 1), Notes(), Totals(), two, 0.1))
    assert [(r.task, r.accuracy) for r in named] == [("loss", 0.1), ("n", 0.5)]


def test_logs_that_cannot_be_read() -> None:
    def told(*rows: Row, metrics: tuple[str, ...] = ()) -> str:
        read = logs.read(Path("p"), trainer(*rows), ("a", 1), Notes(), Totals(), metrics)
        return refused(list, read, kind=ResultsError)

    assert told(Row(1, {"eval/acc": None}, 7)) == (
        "p, line 7: 'eval/acc' is empty or NaN: that evaluation failed."
    )
    assert told(Row(3, {"eval/acc": 0.5}, 1), Row(1, {"eval/acc": 0.5}, 2)).startswith(
        "p lists its steps backwards, from 3 to 1;"
    )
    assert told(Row(1, {"loss": 1}, 1)).startswith("p holds no held-out accuracy that is known")
    many = [Row(i, {f"k{i:03}": 1}, i) for i in range(1, 300)]
    assert told(*many).endswith(
        f"There are: {', '.join(f'k{i:03}' for i in range(1, 21))} and 180 more."
    )
    assert told(Row(1, {"loss": 1}, 1), metrics=("los",)) == (
        "p has no metric 'los'; did you mean 'loss'? There are: loss."
    )


def seen(*records: Record) -> Cadence:
    found = Cadence()
    for record in records:
        found.see(record)
    return found


def at(step: int, responses: float | None = None, **more: float) -> Record:
    return Record("a", 1, step, 0.5, step, responses=responses, **more)


@pytest.mark.parametrize(
    ("records", "every", "responses"),
    [
        ([at(0, 0), at(5, 50), at(10, 100)], 5, 10),
        ([at(0, 0), at(5, 50), at(10, 110)], 5, None),
        ([at(0, 0), at(5, 50), at(11, 110)], None, 10),
        ([at(5, 50), at(10, 100)], None, None),
        ([at(0), at(5, 50), at(10, 100)], 5, None),
        ([at(0, 0), at(5), at(10, 100)], 5, None),
        ([at(0, 0), at(2, 3)], 2, None),  # one and a half a step
        ([at(0, 0), at(5, 0)], 5, 0),
        ([at(0, 0)], None, None),
        ([], None, None),
    ],
)
def test_what_evaluations_prove(
    records: list[Record], every: int | None, responses: int | None
) -> None:
    found = seen(*records)
    assert found.contract() == {"eval_every": every, "responses_per_step": responses}
    assert (found.count, found.last) == (len(records), records[-1].step if records else 0)


def test_totals_may_stand_still_and_may_not_fall() -> None:
    seen(at(0, tokens=5), at(1, tokens=5), at(2), at(3, tokens=1))
    for axis in ("responses", "tokens", "seconds", "updates"):
        said = refused(seen, at(1, **{axis: 5.0}), at(2, **{axis: 4.0}), kind=ResultsError)
        assert said.startswith(f"a, seed 1: {axis} fall from 5 (line 1) to 4 (line 2);")


def test_an_evaluations_line_by_hand() -> None:
    one = write._line([Record("a", 1, 5, 0.5, 1, "", 0.1, tokens=7.0, seconds=1.5)])
    assert one == {
        "step": 5, "accuracy": 0.5, "stderr": 0.1, "tasks": {},
        "spent": {"tokens": 7, "seconds": 1.5},
    }  # fmt: skip
    assert isinstance(one["spent"]["tokens"], int)
    group = [Record("a", 1, 5, 0.2, 1, "x", 0.3), Record("a", 1, 5, 0.6, 2, "y", 0.4)]
    two = write._line(group)
    assert (two["accuracy"], two["stderr"]) == (pytest.approx(0.4), pytest.approx(0.25))
    assert two["tasks"] == {
        "x": {"accuracy": 0.2, "stderr": 0.3}, "y": {"accuracy": 0.6, "stderr": 0.4},
    }  # fmt: skip
    assert write._line([group[0], group[1]._replace(stderr=None)])["stderr"] is None
    assert write._line([group[0]._replace(stderr=None)])["stderr"] is None


def test_a_log_that_ends_early_is_stopped() -> None:
    assert write._cut(8, {}) == write._cut(8, {"steps": 8}) == ""
    assert write._cut(7, {"steps": 8}) == "the log ends at step 7 of 8"
    assert write._cut(7, {"steps": 8, "last_step": 8}) == ""
    assert write._status(7, {"steps": 8}, "why") == {
        "state": "stopped", "step": 7, "steps": 8, "reason": "why",
    }  # fmt: skip
    assert write._status(7, {}, "") == {"state": "done", "step": 7, "steps": 7, "reason": ""}


def test_folders_of_arms() -> None:
    assert folder_of("grpo+dps") == "grpo+dps"
    assert folder_of("a/b") == "a%2Fb"
    assert (folder_of(".x"), folder_of("Report")) == ("%2Ex", "%52eport")
    assert folder_of("n" * 200) == "n" * 200
    assert "cannot name an arm" in refused(folder_of, "n" * 201, kind=ResultsError)
    assert "cannot name an arm" in refused(folder_of, "a\n", kind=ResultsError)
    assert "cannot name an arm" in refused(folder_of, "\ud800", kind=ResultsError)


def test_a_folder_is_free_where_it_is_empty_or_not_there(tmp_path: Path) -> None:
    write.free(tmp_path)
    write.free(tmp_path / "none")
    (tmp_path / "file").write_text("")
    for taken in (tmp_path, tmp_path / "file"):
        assert "exists and is not empty" in refused(write.free, taken, kind=ResultsError)


def test_the_shelf_counts_repeats_and_what_is_within_a_step() -> None:
    def shelf(on_repeat: Any = None) -> Shelf:
        made = Shelf(on_repeat)
        made.open(Path("p"), "line")
        return made

    one = shelf()
    first = Record("a", 1, 5, 0.5, 1)
    assert one.add(first) == "new"
    assert one.add(first._replace(tokens=3.0)) == "same"
    assert [r.tokens for (r,) in one.evaluations(("a", 1))] == [3]
    assert one.add(first) == "same"
    assert refused(one.add, first._replace(accuracy=0.6, line=9), kind=ResultsError) == (
        "p, line 1 and p, line 9 tell a, seed 1, step 5 twice, with accuracy 0.5 and 0.6; keep one "
        "of them, or say which counts: --on-repeat first or last."
    )
    assert "differ in case only" in refused(one.add, Record("A", 1, 5, 1, 2), kind=ResultsError)
    for which, kept in (("first", 0.5), ("last", 0.6)):
        told = shelf(which)
        told.add(first)
        assert told.add(first._replace(accuracy=0.6)) == "repeat"
        assert [r.accuracy for (r,) in told.evaluations(("a", 1))] == [kept]
    for order in ((2.0, 3.0), (3.0, 2.0)):
        told = shelf()
        for updates in order:
            record = first._replace(accuracy=updates / 10, updates=updates)
            last = told.add(record, batched=True)
        assert last == "within"
        assert [r.accuracy for (r,) in told.evaluations(("a", 1))] == [0.3]
        again = record._replace(accuracy=0.9, updates=9.0)
        assert "with accuracy 0.3 and 0.9" in refused(told.add, again, kind=ResultsError)
    two_files = shelf()
    two_files.add(first)
    two_files.open(Path("q"), "event")
    two_files.add(first._replace(step=6, line=4))
    for step, told in ((5, "p, line 1 and q, event 7 tell"), (6, "q, event 4 and q, event 7 tell")):
        again = first._replace(step=step, accuracy=0.6, line=7)
        assert refused(two_files.add, again, kind=ResultsError).startswith(told)
    two = shelf()
    for step, task in ((5, "y"), (1, "x"), (5, "x")):
        two.add(Record("a", 1, step, 0.5, 1, task))
    assert [[(r.step, r.task) for r in g] for g in two.evaluations(("a", 1))] == [
        [(1, "x")], [(5, "x"), (5, "y")],
    ]  # fmt: skip


def test_steps_become_batches() -> None:
    assert [units.batches(n, 4) for n in (0, 1, 4, 5, 8)] == [0, 1, 1, 2, 2]
    assert units.batches(7, None) == 7
    record = Record("a", 1, 8, 0.5, 1)
    assert units.counted(record, "update", 4)[2:] == record._replace(step=2, updates=8.0)[2:]
    assert units.counted(record, "update", None) == record._replace(updates=8.0)
    batched = record._replace(updates=32.0)
    assert units.counted(record, "rollout batch", 4) == batched
    assert units.counted(batched, "rollout batch", 4) == batched
    assert units.counted(batched, "rollout batch", None) == batched
    assert units.counted(record, "rollout batch", None) == record
    assert refused(units.counted, batched, "update", 4, kind=ResultsError).startswith(
        "a, seed 1, step 8 (line 1): 32 updates are told, and with 1 a step they would be 8; is "
    )
    assert units.counted(record, "unstated", 4) == record
    assert units.result("update", 4) == "rollout batch"
    assert (units.result("update", None), units.result("unstated", 4)) == ("update", "unstated")
    assert units.choose("unstated", "update", 4) == "update"
    assert units.choose("update", None, None) == units.choose("update", "update", 1) == "update"
    assert "needs to know" in refused(units.choose, "unstated", None, 4, kind=ResultsError)
    assert "not one update" in refused(
        units.choose, "rollout batch", "update", None, kind=ResultsError
    )
    facts: Any = {
        ("a", 1): {"converted": True, "written": "rollout batch", "steps": 8, "last_step": 5},
        ("b", 1): {"converted": False, "written": "update", "steps": 8},
        ("c", 1): {"steps": 8},
    }
    _in_batches(facts, asked(updates_per_step=4))
    assert list(facts.values()) == [
        {"steps": 2, "last_step": 2, "unit": "rollout batch"},
        {"steps": 8, "unit": "update"},
        {"steps": 8, "unit": "unstated"},
    ]


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["accuracy"], "held-out accuracy"),
        ([" ACC "], "held-out accuracy"),
        (["eval/acc"], "held-out accuracy"),
        (["eval/reward"], "held-out reward"),
        (["val/test_score/x"], "held-out reward"),
        (["train/reward"], "training reward"),
        (["train/acc"], "not known to be held-out"),
        (["eval/acc", "train/acc"], "not known to be held-out"),
        (["accuracy", "acc"], "held-out accuracy"),
    ],
)
def test_what_a_metric_is_by_its_name(keys: list[str], kind: str) -> None:
    found = _metric({str(i): key for i, key in enumerate([*keys, keys[0]])}, True)
    assert found == {"keys": keys, "kind": kind, "named_by_user": True}


def test_a_data_set_of_training_problems_is_not_held_out() -> None:
    assert _metric({"test": "accuracy", "Train": "accuracy"}, False) == {
        "keys": ["accuracy"], "kind": "not known to be held-out", "named_by_user": False,
    }  # fmt: skip


def test_files_of_one_content_are_a_slip(tmp_path: Path) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(text)
    files = [_file(tmp_path / name, 1) for name in "abc"] + [_file(tmp_path, 0)]
    assert files[0]["sha256"] == files[1]["sha256"] != files[2]["sha256"]
    assert files[3] == {"path": str(tmp_path), "scores": 0}
    found = Imported(None, Notes(), {}, files)  # type: ignore[arg-type]
    assert found.same_files == [[str(tmp_path / "a"), str(tmp_path / "b")]]


def asked(format: str = "csv", **more: Any) -> Request:
    return Request(format, ["f"], Path("out"), **more)


@pytest.mark.parametrize(
    "fine",
    [
        asked(), asked(scale=1e-9), asked(updates_per_step=1), asked(unit="update"),
        asked("trl", seed=1), asked("wandb", runs=["x"]), asked(mapped=["x"], skip_empty=True),
        asked("trl", metrics=["x"]), asked("trackio", metrics=["x"]), asked(seed=1, arm="a"),
        Request("csv", ["f", "g"], Path("out"), seed=1),
    ],
)  # fmt: skip
def test_options_that_go_together(fine: Request) -> None:
    consistent(fine)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (asked(runs=["x"]), "--run is for wandb and trackio"),
        (asked("trl", runs=["x"]), "--run is for wandb and trackio"),
        (asked("wandb", arm="a"), "Tracked runs are told apart"),
        (asked("trackio", seed=0), "Tracked runs are told apart"),
        (asked(unit="unstated"), "--unit is 'rollout batch' or update, not 'unstated'"),
        (asked(updates_per_step=0), "at least 1"),
        (asked(metrics=["x"]), "--metric is for logs"),
        (asked("trl", mapped=["x"]), "--map and --skip-empty are for"),
        (asked("trl", skip_empty=True), "--map and --skip-empty are for"),
        (Request("trl", ["f", "g"], Path("out"), seed=0), "--seed names one run"),
        (asked(scale=0.0), "--scale makes fractions"),
        (asked(scale=1.1), "got 1.1"),
    ],
)
def test_options_that_do_not(bad: Request, said: str) -> None:
    assert said in refused(consistent, bad, kind=ResultsError)


def test_which_of_two_counts() -> None:
    assert [on_repeat(asked(on_repeat=x)) for x in (None, "first", "last")] == [
        None, "first", "last",
    ]  # fmt: skip
    assert refused(on_repeat, asked(on_repeat="x"), kind=ResultsError) == (
        "--on-repeat is first or last, not 'x'."
    )
    assert request.FORMATS[:2] == ("csv", "jsonl")


def test_the_innermost_name_of_a_path_counts() -> None:
    by_path = sources._by_path
    assert by_path(Path("grpo/seed-1/log.jsonl")) == ("grpo", 1)
    assert by_path(Path("x/grpo-seed2.jsonl")) == ("grpo", 2)
    assert by_path(Path("a/seed-1/b/seed-3")) == ("b", 3)
    assert by_path(Path("seed-4/log")) == (None, 4)
    assert by_path(Path("/seed-4/log")) == (None, 4)
    assert by_path(Path("../seed-4/log")) == (None, 4)
    assert by_path(Path("grpo.seed-5.d/log")) == (None, None)
    assert by_path(Path("log.jsonl")) == (None, None)
    assert by_path(Path("x/a.b-seed1")) == (None, None)  # a file's name ends at its dot


def shelf_of(*records: Record) -> Shelf:
    found = Shelf()
    for record in records:
        found.add(record)
    return found


PLAN = {"notes": ["n"], "imported": {"metric": "m"}, "baseline": "OURS"}


def test_what_is_written_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made beside its place, moved there when all is well, for everybody to read."""
    made: set[str] = set()
    real = write.write_json

    def written(path: Path, value: Any) -> None:
        made.add(path.relative_to(tmp_path / "a" / "b").parts[0])
        real(path, value)

    monkeypatch.setattr(write, "write_json", written)
    out = tmp_path / "a" / "b" / "c"
    records = [Record("ours", 1, step, 0.5, step + 1) for step in (0, 5, 10)]
    records += [Record("grpo", 2, step, 0.5, step + 1) for step in (5, 10)]
    facts = {("ours", 1): {"steps": 10, "unit": "update"},
             ("grpo", 2): {"steps": 20, "unit": "update"}}  # fmt: skip
    found = write.write(shelf_of(*records), out, PLAN, facts)
    assert (found.runs, found.evaluations) == ([("ours", 1), ("grpo", 2)], 5)
    assert (found.without_start, found.unfinished) == (["grpo/seed-2"], ["grpo/seed-2"])
    assert found.unit == "update"
    assert {name[:13] for name in made} == {".c.importing-"}
    assert out.stat().st_mode & 0o777 == 0o755
    plan = json.loads((out / "comparison.json").read_text())
    assert (plan["baseline"], plan["seeds"], plan["unit"]) == ("ours", [1, 2], "update")
    assert plan["contract"]["steps"] is None  # 10 and 20
    assert plan["contract"]["evaluation.metric"] == "m"
    manifest = json.loads((out / "grpo" / "seed-2" / "manifest.json").read_text())
    assert (manifest["arm"], manifest["algorithm"], manifest["seed"]) == ("grpo", "grpo", 2)
    assert manifest["contract"]["steps"] == 20
    lines = (out / "ours" / "seed-1" / "evals.jsonl").read_text().splitlines()
    assert lines[0].startswith('{"step":0,"accuracy":0.5,"stderr":null,')


def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_: Any, folder: Path, *__: Any) -> Any:
        folder.rmdir()  # what is gone already is no second fault
        raise ResultsError("why")

    monkeypatch.setattr(write, "_fill", fill)
    for out in (tmp_path / "a" / "b" / "c", tmp_path / "d"):
        assert refused(write.write, Shelf(), out, PLAN, {}, kind=ResultsError) == "why"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_when_all_is_in_place_is_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = tmp_path / "a" / "b", Path.replace

    def replaced(path: Path, to: Path) -> Path:
        moved = real(path, to)
        if moved == out:
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "replace", replaced)
    with pytest.raises(KeyboardInterrupt):
        write.write(shelf_of(Record("ours", 1, 0, 0.5, 1)), out, PLAN, {})
    assert (out / "comparison.json").exists()


def test_a_list_of_just_enough_keys_is_whole() -> None:
    keys = {f"k{i:03}": None for i in range(1, 21)}
    told = logs._nothing(Path("p"), trainer(), (), keys)
    assert told.endswith(f"There are: {', '.join(keys)}.")


def test_a_value_as_long_as_may_be_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six characters of the first block stand before it."""
    block = 1 << 16
    monkeypatch.setattr(jsonfile, "LONGEST", block - 6)
    text = '{"a": "' + "x" * block + '"}'
    ((_, value, _),) = read_members(tmp_path / "a.json", text)
    assert value == "x" * block
    monkeypatch.setattr(jsonfile, "LONGEST", block - 7)
    assert "far too long" in refused(read_members, tmp_path / "a.json", text, kind=ResultsError)


def test_an_import_says_when_it_was_made_to_the_second(tmp_path: Path) -> None:
    asked = Request(format="csv", files=["a.csv"], out=tmp_path / "c", command="bench import")
    metric = {"keys": ["acc"], "kind": "held-out accuracy", "named_by_user": False}
    plan = _plan(asked, [], metric, Notes())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", plan["created"])
    assert (plan["name"], plan["imported"]["files"]) == ("c", [])


def test_what_is_not_asked_for_is_not_done() -> None:
    plain = Request("csv", ["a"], Path("out"))
    assert (plain.skip_empty, plain.vouched, plain.scale) == (False, False, 1.0)
    given = (plain.arm, plain.seed, plain.baseline, plain.on_repeat, plain.unit)
    assert given == (None,) * 5
    assert plain.updates_per_step is None
