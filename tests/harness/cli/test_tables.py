"""How wide a table may be."""

from __future__ import annotations

import pytest

from srpo_bench.harness.cli.tables import console


@pytest.mark.parametrize(
    ("surroundings", "width"),
    [
        ({}, 132),  # a pipe
        ({"COLUMNS": "90"}, 90),
        ({"COLUMNS": "90", "FORCE_COLOR": "1"}, 90),  # a screen
        ({"FORCE_COLOR": "1"}, 80),  # a screen that nobody has measured
    ],
)
def test_a_pipe_is_wide_and_a_screen_keeps_its_width(
    monkeypatch: pytest.MonkeyPatch, surroundings: dict[str, str], width: int
) -> None:
    for name in ("COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    assert console().width == width
