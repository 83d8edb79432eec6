"""One long piece of work on screens of all kinds."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from srpo_bench.harness.cli.live import PLAIN_EVERY
from srpo_bench.harness.cli.meter import Meter
from tests.harness.cli.test_live import Clock


def test_without_a_screen_it_is_a_plain_line_now_and_then() -> None:
    out, clock = io.StringIO(), Clock()
    with Meter("loading", Console(file=out, width=30), clock) as meter:
        meter.show("asked", 100, 1_300)  # by an earlier attempt
        clock.now = PLAIN_EVERY
        meter.show("asked", 300, 1_300)
        assert out.getvalue() == ""
        clock.now = 20.0
        meter.show("asked", 500, 1_300, "0.31 [x] nats")  # 20 a second, so 800 in 40 s
        clock.now = 34.0
        meter.show("asked", 700, 1_300)
        clock.now = 40.0
        meter.show("asked", 1_300, 1_300)
        clock.now = 60.0
        meter.show("read")
        clock.now = 80.0
        meter.show("asked", 0, 10)
    assert out.getvalue().splitlines() == [
        "asked, 500 of 1,300, 0.31 [x] nats, about 40 s left",
        "asked, 1,300 of 1,300",
        "read",
        "asked, 0 of 10",
    ]


def test_by_default_it_is_no_part_of_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Meter("loading", clock=clock) as meter:
        clock.now = 20.0
        meter.show("asked")
    assert capsys.readouterr() == ("", "asked\n")


def test_on_a_screen_it_is_a_bar_that_leaves_nothing() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, _environ={"TERM": "xterm"})
    with Meter("loading", console) as meter:
        meter.show("asked", 3, 10, "0.31 [x] nats")
        meter._bar.refresh()  # type: ignore[union-attr]
    assert "loading" in out.getvalue()
    assert "asked, 0.31 [x] nats" in out.getvalue()
    assert out.getvalue().count("30%") > 0
    assert out.getvalue().endswith("\x1b[2K")  # the line is taken back
