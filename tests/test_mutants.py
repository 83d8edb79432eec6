"""The tool that makes mutants: they say nothing where they are not put in their place."""

from __future__ import annotations

import gc

from srpo_bench.results.statistics.inference import of
from tests.mutants.together import _living


def test_functions_that_a_collected_session_has_frozen_are_found() -> None:
    gc.freeze()
    functions, _ = _living()
    gc.freeze()
    assert of in dict(functions["results/statistics/inference.py"]).values()
