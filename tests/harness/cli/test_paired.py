"""``bench eval A B --paired``, word for word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from srpo_bench.harness.cli import paired
from srpo_bench.results.outcomes import Side, TaskTest
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.problems import Paired
from tests.harness.cli.screen import bench, printed
from tests.results.test_outcomes import IDS, scored

ONE = Paired(0.75, 0.5, Estimate(0.25, -0.125, 0.625, 8, "x"), 0.1, 0.25, "sign flips", 3, 1)


def test_two_scored_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = (
        scored(tmp_path / "x", {"m": [2, 0, 1]}),
        scored(tmp_path / "y", {"p": [1, 0, 0]}),
    )
    assert bench(monkeypatch, "eval", ours, theirs, "--paired") == 0
    first, second, third, head, row, last = printed(capsys)
    assert first.startswith("A: ")
    assert first.endswith("x")
    assert second.startswith("B: ")
    assert third == "Of the final scoring, on the problems that both were asked."
    assert head.split()[:6] == ["task", "n", "k", "seeds", "A", "B"]
    assert row.split()[:8] == ["t", "3", "2", "1", "50.0", "%", "16.7", "%"]
    assert last == "Intervals are 95 %, over problems; p is two-sided, of no difference."


def test_two_scored_models_for_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = (
        scored(tmp_path / "x", {"m": [2, 0, 1]}),
        scored(tmp_path / "y", {"p": [1, 0, 0]}),
    )
    assert bench(monkeypatch, "eval", ours, theirs, "--paired", "--json") == 0
    text = capsys.readouterr().out
    found = json.loads(text)
    assert text.splitlines()[1].startswith('  "ours"')
    assert list(found) == ["ours", "theirs", "phase", "known_to_differ", "tests"]
    (test,) = found["tests"]
    assert (test["task"], test["result"]["ours"]) == ("t", 0.5)
    assert len(IDS) == test["result"]["difference"]["n"]


def test_what_is_no_record_is_the_users_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(monkeypatch, "eval", tmp_path / "a", tmp_path / "b", "--paired") == 2
    assert capsys.readouterr().err.startswith("bench: ")


def test_rows_and_seeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = [TaskTest("math", 1, (2, 2), ONE), TaskTest("gsm8k", 3, (1, 4), ONE)]
    monkeypatch.setattr(paired, "read_side", lambda path: Side(str(path), {}))
    monkeypatch.setattr(paired, "compare", lambda a, b: ("evaluation", tests))
    differ = ["step 4 and 8", "style base and chat"]
    monkeypatch.setattr(paired, "known_to_differ", lambda a, b, phase: differ)
    monkeypatch.setenv("COLUMNS", "132")
    paired.show_paired(Path("one"), Path("two"), False)
    lines = printed(capsys)
    assert lines.pop(3) == "Known to differ, A and B: step 4 and 8; style base and chat."
    assert lines[:3] == [
        "A: one",
        "B: two",
        "Of evaluations while training, on the problems that both were asked.",
    ]
    points = "+25.0 points (-12.5 to +62.5)"
    assert [re.split(r" {2,}", line) for line in lines[3:6]] == [
        ["task", "n", "k", "seeds", "A", "B", "A less B", "better on A : B", "p", "test"],
        ["math", "8", "2", "1", "75.0 %", "50.0 %", points, "3 : 1", "0.250", "sign flips"],
        ["gsm8k", "8", "1, 4", "3", "75.0 %", "50.0 %", points, "3 : 1", "0.250", "sign flips"],
    ]
    assert lines[6:] == [
        "Intervals are 95 %, over problems and seeds; p is two-sided, of no difference."
    ]
    assert [line.index("%") for line in lines[4:6]] == [lines[3].index("A")] * 2  # flush right
