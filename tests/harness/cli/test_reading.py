"""``bench report``, and how ``bench`` ends when something fails under it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from srpo_bench.harness.cli import app, reading
from srpo_bench.harness.errors import UNWRITABLE
from srpo_bench.results import report as writing
from srpo_bench.results.report import watch as watching
from tests.harness.cli.screen import bench, printed


def summary(*titles: str) -> dict[str, Any]:
    return {"headlines": [{"title": t, "sentence": f"[{t}] took 3."} for t in titles]}


def test_the_reports_first_words_and_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def write_report(*words: Any, **more: Any) -> dict[str, Any]:
        asked.append((*words, more))
        return summary("a", "b", "c", "d", "e")

    monkeypatch.setattr(writing, "write_report", write_report)
    assert bench(monkeypatch, "report", tmp_path, "--target", "0.5") == 0
    page = (tmp_path / "report" / "index.html").resolve().as_uri()
    first = ["a. [a] took 3.", "b. [b] took 3.", "c. [c] took 3."]
    assert printed(capsys) == [
        *first,
        "2 more challengers are in the report.",
        f"Report: {page}",
    ]
    assert asked == [(tmp_path, False, [], {"exploratory": [0.5]})]
    monkeypatch.setenv("COLUMNS", "20")
    reading.say_report(tmp_path, summary("a"))
    assert capsys.readouterr().out.splitlines() == [first[0], f"Report: {page}"]  # in one piece
    monkeypatch.undo()
    reading.say_report(tmp_path, summary("a", "b", "c"))
    assert capsys.readouterr().out.splitlines()[:3] == first


def test_a_title_with_which_the_sentence_begins_is_not_said_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"title": "a against b: not judged", "sentence": "a against b: not judged (2 pairs)."}
    reading.say_report(tmp_path, {"headlines": [told]})
    assert capsys.readouterr().out.splitlines()[0] == "a against b: not judged (2 pairs)."


def test_watching_says_each_line_and_stops_at_the_users_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def watch(folder: Path, every: float, say: Any, **more: Any) -> dict[str, Any]:
        asked.append((folder, every, more))
        say("looked")
        if len(asked) > 1:
            raise KeyboardInterrupt
        return summary("a")

    monkeypatch.setattr(watching, "watch", watch)
    assert bench(monkeypatch, "report", tmp_path, "--watch", "--vouch-matched") == 0
    assert printed(capsys)[:2] == ["looked", "a. [a] took 3."]
    assert bench(monkeypatch, "report", tmp_path, "--watch", "--every", "2") == 130
    assert printed(capsys) == [
        "looked",
        f"Stopped watching; {tmp_path / 'report'} is as it was last written.",
    ]
    assert asked == [
        (tmp_path, 10.0, {"vouched": True, "exploratory": (), "claim_files": []}),
        (tmp_path, 2.0, {"vouched": False, "exploratory": (), "claim_files": []}),
    ]


def ends(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def fails(**_: Any) -> None:
        raise error

    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(SystemExit) as exit_:
        app.main()
    return int(exit_.value.code or 0)


@pytest.mark.parametrize("number", UNWRITABLE)
@pytest.mark.parametrize("name", [None, "/a/b"])
def test_a_disk_that_takes_no_more_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    name: str | None,
) -> None:
    assert ends(monkeypatch, OSError(number, "why", name)) == 2
    where = f" {name}" if name else ""
    assert capsys.readouterr().err == f"bench: Cannot write{where}: why.\n"


def test_other_faults_of_the_system_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: Any) -> None:
        raise OSError(errno.EIO, "why")

    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(OSError, match="why"):
        app.main()


def test_a_reader_that_has_gone_is_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Standard output leads nowhere afterwards, so that its last flush raises nothing."""
    with (tmp_path / "pipe").open("w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert ends(monkeypatch, BrokenPipeError()) == 1
        assert os.fstat(pipe.fileno()).st_rdev == Path(os.devnull).stat().st_rdev


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends(monkeypatch, typer.Abort()) == 130


def test_making_the_micro_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from srpo_bench.harness.models import micro, resolve

    made: list[Any] = []

    def train_base(out: Path, seed: int, progress: Any) -> None:
        made.append((out, seed))
        progress(1, 2)

    monkeypatch.setattr(micro, "train_base", train_base)
    monkeypatch.setattr(resolve, "digest", lambda out: "d" * 4)
    out = tmp_path / "base"
    assert bench(monkeypatch, "base", "--out", out) == 0
    assert printed(capsys)[-1] == f"{out}  dddd"
    assert bench(monkeypatch, "base", "--out", out, "--seed", "3") == 0
    assert made == [(out, 0), (out, 3)]
    out.mkdir()
    assert bench(monkeypatch, "base", "--out", out) == 2
    assert capsys.readouterr().err == f"bench: {out} exists; name a folder that does not.\n"
    (tmp_path / "file").touch()
    assert bench(monkeypatch, "base", "--out", tmp_path / "file" / "b") == 2
    assert "/file is no folder.\n" in capsys.readouterr().err
    assert len(made) == 2  # reported before the training, not after it


def test_the_catalogues_are_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from srpo_bench.harness.cli import catalogue

    said: list[Any] = []
    for name in ("list_algorithms", "show_algorithm", "list_tasks", "show_task"):
        monkeypatch.setattr(catalogue, name, lambda *words, name=name: said.append((name, *words)))

    def check_arm(*words: Any) -> bool:
        said.append(words)
        return words[0] == "grpo"

    monkeypatch.setattr(catalogue, "check_arm", check_arm)
    assert bench(monkeypatch, "algos") == 0
    assert bench(monkeypatch, "algos", "show", "srpo") == 0
    assert bench(monkeypatch, "algos", "check", "grpo") == 0
    assert bench(monkeypatch, "algos", "check", "mine", "--set", "a=1") == 1
    assert bench(monkeypatch, "tasks") == 0
    assert bench(monkeypatch, "tasks", "show", "math", "--data-dir", "d", "--shots", "2") == 0
    assert bench(monkeypatch, "tasks", "show", "math") == 0
    assert said == [
        ("list_algorithms",),
        ("show_algorithm", "srpo"),
        ("grpo", []),
        ("mine", ["a=1"]),
        ("list_tasks",),
        ("show_task", "math", Path("d"), 2),
        ("show_task", "math", None, 0),
    ]
