"""Figures are made of their data and not rendered: that takes three quarters of a report's time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

BLANK = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9"><g/></svg>'
)


RENDER = Figure.savefig


def blank(_: Figure, target: Path | io.StringIO, **__: Any) -> None:
    if isinstance(target, io.StringIO):
        target.write(BLANK)
    else:
        target.write_bytes(b"")


@pytest.fixture(scope="package", autouse=True)
def _unrendered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", blank)
        yield


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sentences and tables are read: figures are not even made."""
    monkeypatch.setattr("srpo_bench.results.report.figures.write.FIGURES", {})


@contextmanager
def rendered() -> Iterator[None]:
    """Where figures themselves are tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", RENDER)
        yield
