"""Numbers that decide what is judged, refused or shown, as the pages of docs/ have them: one that
was changed by mistake need not show anywhere else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

CONSTANTS: dict[str, Any] = {
    "importers.doubts.SMALL": 0.01,
    "importers.doubts.FAR": 20.0,
    "importers.lines.LONGEST": 2**20,
    "importers.logs.KEYS": 200,
    "importers.logs.SHOWN": 20,
    "judgement.evaluated.APART": 2.0,
    "judgement.headroom.ROOM": 0.1,
    "judgement.matched.VARIED": 10,
    "judgement.matched.DIGITS": 6,
    "judgement.power.LIKELY": 0.8,
    "judgement.power.SIMULATIONS": 400,
    "judgement.power.FURTHEST": 8,
    "judgement.rules.EQUIVALENT": 0.1,
    "judgement.scored.MIN_PROBLEMS": 30,
    "judgement.start.MARGIN": 0.02,
    "judgement.starving.OFTEN": 0.05,
    "report.charts.POINTS": 150,
    "report.figures.curves.WINDOWS": 40,
    "report.page.RUN_POINTS": 60,
    "report.pictures.LEAST": 0.01,
    "report.pictures.MOST": 20.0,
    "report.pictures.LETTER": 4.4,
    "report.samples.LIMIT": 240,
    "report.samples.CHARACTERS": 3000,
    "report.samples.PROBLEMS": 2,
    "report.scale.TOY": 1e7,
    "report.scale.SMALL": 1e9,
    "report.unit.TIMES": 3.0,
    "report.unit.ALIKE": 1e-4,
    "text.FAR": 2e4,
    "report.watch.EVERY": 10.0,
    "report.words.MANY_CUT": 0.5,
    "statistics.across.RESAMPLES": 2000,
    "statistics.curves.TOLERANCE": 1e-9,
    "statistics.curves.TIE": 1e-13,
    "statistics.curves.HALVINGS": 48,
    "statistics.health.RARE": 0.05,
    "statistics.inference.EXACT_UP_TO": 32,
    "statistics.mismatch.LARGE_KL": 1e-3,
    "statistics.race.MIN_PAIRS": 8,
    "statistics.race.MIN_REACHED": 0.8,
    "statistics.race.MARGIN": 0.1,
    "statistics.race.FALL": 4.0,
    "statistics.race.SMOOTH": 3,
    "statistics.sequential.ALPHA": 0.02,
    "statistics.sequential.TIGHTEST": 2.0,
    "statistics.speed.QUANTILE": 0.98,
    "statistics.speed.FRACTION": 0.9,
    "statistics.steps.GRID": (0.25, 0.5, 0.75, 0.9, 1.0),
    "statistics.survival.TIE": 1e-9,
    "runs.LARGE": 10**8,
    "store.SCHEMA": 1,
    "report.summary.SCHEMA": 1,
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_number_is_what_it_was_settled_to_be(name: str) -> None:
    module, _, constant = name.rpartition(".")
    assert getattr(import_module(f"srpo_bench.results.{module}"), constant) == CONSTANTS[name]
