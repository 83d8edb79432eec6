"""The tool that makes mutants: they say nothing where they are not put in their place."""

from __future__ import annotations

import ast
import gc

from srpo_bench.results.statistics.inference import of
from tests.mutants.sites import sites
from tests.mutants.together import _living


def test_functions_that_a_collected_session_has_frozen_are_found() -> None:
    gc.freeze()
    functions, _ = _living()
    gc.freeze()
    assert of in dict(functions["results/statistics/inference.py"]).values()


def test_a_statement_can_go_wherever_it_stands() -> None:
    tree = ast.parse("def f(x):\n    g(x)\n    x[0] = y\n    if x:\n        h(x)\n    return x\n")
    gone = [site.what for site in sites(tree) if site.what.startswith("delete")]
    assert gone == ["delete g(x)", "delete x[0] = y", "delete h(x)"]
    sites(tree)[0].apply()
    assert ast.unparse(tree).splitlines()[1].strip() == "pass"
