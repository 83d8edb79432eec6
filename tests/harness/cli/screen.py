"""What a command printed, line by line."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from rich.console import Console

from srpo_bench.harness.cli.app import main


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def consoles(monkeypatch: pytest.MonkeyPatch, where: str = "rich.console.Console") -> list[Any]:
    """How every console was made from here on; they print nothing."""
    made: list[Any] = []

    def console(**how: Any) -> Console:
        made.append(how)
        return Console(quiet=True)

    monkeypatch.setattr(where, console)
    return made


def bench(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run ``bench`` in this process, on a wide screen; its exit code."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["bench", *map(str, words)])
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code or 0)
