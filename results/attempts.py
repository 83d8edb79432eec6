"""The attempts that were made at a run: a folder for each, numbered from 1."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from srpo_bench.results.store import number, read_record

ATTEMPTS = "attempts"
ATTEMPT = "attempt.json"


def attempt_numbers(run: Path) -> list[int]:
    """Attempts that were made at a run, oldest first."""
    with suppress(FileNotFoundError):
        numbers = (number(path.name) for path in (run / ATTEMPTS).iterdir())
        return sorted(n for n in numbers if n is not None)
    return []


def attempts(run: Path) -> list[dict[str, Any]]:
    """What each of them said of itself: when it started, and on which machine.

    Raises:
        ResultsError: its words are damaged.
    """
    return [read_record(run / ATTEMPTS / str(n) / ATTEMPT) for n in attempt_numbers(run)]
