"""Who is told of a signal, when, and what is left of it afterwards. Commands that are really
interrupted stand in ``tests/integration/test_interrupt.py``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from srpo_bench.harness import __main__ as program
from srpo_bench.harness.cli import STOPPED, bases, scores
from srpo_bench.harness.cli import interrupt as module
from srpo_bench.harness.cli.interrupt import AGAIN, IMPORTING, Interruptible, interrupt
from srpo_bench.harness.cli.reading import report
from srpo_bench.harness.scoring.record import UNFINISHED
from srpo_bench.results.store import write_json

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@pytest.fixture(autouse=True)
def timers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What the timer was set to; signals are as before afterwards."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    told: list[float] = [0.0]

    def setitimer(which: int, seconds: float) -> None:
        assert which == signal.ITIMER_REAL
        told.append(seconds)

    monkeypatch.setattr(module.signal, "setitimer", setitimer)
    monkeypatch.setattr(module.signal, "getitimer", lambda _: (told[-1], 0.0))
    yield told
    for number, handler in before.items():
        signal.signal(number, handler)


def frame(*files: str) -> Any:
    """Of these files, the innermost first."""
    found = None
    for file in reversed(files):
        found = SimpleNamespace(f_code=SimpleNamespace(co_filename=file), f_back=found)
    return found


@pytest.mark.parametrize("of", [frame("a.py", "b.py"), None])
def test_a_signal_is_heeded_at_once(of: Any, timers: list[float]) -> None:
    for number in NUMBERS:
        with pytest.raises(KeyboardInterrupt):
            interrupt(number, of)
    assert timers == [0.0] * 4


@pytest.mark.parametrize("of", [frame(IMPORTING), frame("a.py", "b.py", IMPORTING, "c.py")])
def test_within_an_import_it_waits_and_is_looked_at_again(of: Any, timers: list[float]) -> None:
    interrupt(signal.SIGTERM, of)
    interrupt(signal.SIGALRM, of)  # the timer's own look is no second asking
    assert timers == [0.0, AGAIN, AGAIN]
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGALRM, frame("a.py"))
    assert timers[-1] == 0.0


def test_asked_twice_it_waits_for_nothing(timers: list[float]) -> None:
    interrupt(signal.SIGINT, frame(IMPORTING))
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGINT, frame(IMPORTING))
    assert timers == [0.0, AGAIN, 0.0]


def test_a_command_that_is_stopped_says_so_and_leaves_signals_as_they_were(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], timers: list[float]
) -> None:
    def other(*_: Any) -> None: ...

    signal.signal(signal.SIGINT, other)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a shell has it of what it runs aside
    signal.signal(signal.SIGALRM, other)
    ends: list[BaseException | None] = [None, KeyboardInterrupt()]

    def invoke(self: Any, ctx: Any) -> str:
        handlers = [signal.getsignal(number) for number in NUMBERS]
        assert handlers == [interrupt, signal.SIG_IGN, interrupt]
        timers.append(1.0)  # one that is still to come
        if error := ends.pop(0):
            raise error
        return f"invoked {ctx}"

    monkeypatch.setattr(TyperGroup, "invoke", invoke)
    group: Any = object.__new__(Interruptible)
    assert group.invoke("it") == "invoked it"
    assert capsys.readouterr() == ("", "")
    with pytest.raises(typer.Exit) as end:
        group.invoke("it")
    assert end.value.exit_code == 130
    assert capsys.readouterr() == ("", "bench: Stopped; nothing is left half written.\n")
    assert timers == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert [signal.getsignal(number) for number in NUMBERS] == [other, signal.SIG_IGN, other]


def stopped(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_cold_start_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("srpo_bench.harness.growing.cold_start.grow", stopped)
    monkeypatch.setattr("srpo_bench.harness.environment.settle", lambda _: None)
    with pytest.raises(typer.Exit) as end:
        bases._grow(tmp_path, model="m", tasks=("t",))
    assert end.value.exit_code == 130
    assert "Stopped; nothing is lost. Go on with: the same command" in capsys.readouterr().out


def test_a_report_is_as_it_was_and_one_that_is_watched_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("srpo_bench.results.report.watch.watch", stopped)
    monkeypatch.setattr("srpo_bench.results.report.write_report", stopped)
    with pytest.raises(KeyboardInterrupt):
        report(tmp_path)
    assert capsys.readouterr().out == ""
    with pytest.raises(typer.Exit) as end:
        report(tmp_path, watch=True)
    assert end.value.exit_code == 130
    said = f"Stopped watching; {tmp_path / 'report'} is as it was last written.\n"
    assert capsys.readouterr().out == said


def test_scoring_says_what_it_leaves_where_it_leaves_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scores, "score_models", stopped)
    for name in ("settle", "make_repeatable"):
        monkeypatch.setattr(scores, name, lambda _: None)
    for nothing in (None, tmp_path / "none", tmp_path):
        with pytest.raises(KeyboardInterrupt):
            scores.score_and_show({}, 0, "own", nothing, False)
    line = {"task": "t", "metric": "a", "n": 1, "k": 1, "accuracy": 1.0, "stderr": None}
    record = {
        "settings": {"date": "2026-01-01"},
        "models": {"step-2": {}, "step-4": {}},
        "problems": {"t": ["t/1"]},
        "scores": [{"model": "step-2", **line}],
        "seconds": {},
        "samples": 0,
    }
    write_json(tmp_path / UNFINISHED, record)
    with pytest.raises(typer.Exit) as end:
        scores.score_and_show({}, 0, "own", tmp_path, False)
    assert end.value.exit_code == 130
    said = f"Stopped; {tmp_path} holds 1 of 2 scores. Go on with: the same command\n"
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("default", [True, False])
def test_a_signal_beside_a_command_is_answered_as_one_that_comes_while_it_runs(
    default: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGTERM, too, where nobody has said otherwise, as nohup and the like do."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL if default else signal.SIG_IGN)

    def command() -> None:
        answered = signal.getsignal(signal.SIGTERM)
        assert answered is (signal.default_int_handler if default else signal.SIG_IGN)
        raise KeyboardInterrupt

    monkeypatch.setattr("srpo_bench.harness.cli.app.main", command)
    with pytest.raises(SystemExit) as end:
        program.main()
    assert end.value.code == 130
    assert capsys.readouterr() == ("", f"{STOPPED}\n")
