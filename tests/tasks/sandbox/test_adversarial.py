"""No program cheats, breaks out, hangs the grader or leaves anything behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox import Program, Sandbox
from tests.tasks.sandbox.adversarial import ESCAPED, ESCAPES, FORGERIES, SQUARES

HONEST = Program("def f(x):\n    return x * x\n", SQUARES, "f")


def test_corpus_is_large_enough() -> None:
    assert len(FORGERIES) + len(ESCAPES) >= 60


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_earns_nothing(name: str, sandbox: Sandbox) -> None:
    verdict, honest = sandbox.run([Program(FORGERIES[name], SQUARES, "f"), HONEST])
    assert verdict.outcome in (Outcome.WRONG, Outcome.TIMEOUT, Outcome.UNPARSEABLE), verdict
    assert honest.outcome is Outcome.CORRECT, honest


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_outside_is_reached(
    name: str, sandbox: Sandbox, canary: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "secret")
    before = canary.stat()
    code = ESCAPES[name].replace("{canary}", str(canary)).replace("{port}", str(port))
    program = Program(code.replace("{pid}", str(os.getpid())), ESCAPED, "f")
    verdict, honest = sandbox.run([program, HONEST])
    assert verdict.outcome in (Outcome.WRONG, Outcome.TIMEOUT), verdict
    assert honest.outcome is Outcome.CORRECT, honest
    after = canary.stat()
    assert canary.read_text() == "secret"
    assert (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)
    assert list(canary.parent.iterdir()) == [canary]


def test_escapes_do_escape_without_a_sandbox(canary: Path) -> None:
    """The corpus tests something: unprotected, the same program reads the file."""
    code = ESCAPES["read/canary"].replace("{canary}", str(canary))
    with Sandbox(mode="unsafe") as sandbox:
        (verdict,) = sandbox.run([Program(code, ESCAPED, "f")])
    assert verdict.outcome is Outcome.CORRECT, verdict
