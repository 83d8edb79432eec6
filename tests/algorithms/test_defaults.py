"""Defaults as the papers give them, typed in anew from the papers."""

from __future__ import annotations

import pytest

from srpo_bench.algorithms.registry import get

PUBLISHED = [
    ("grpo", {"beta": 0.04}),  # arXiv 2402.03300, section 4.2
    ("grpo-token", {"beta": 0.0}),  # arXiv 2504.14286
    ("dapo", {"epsilon_low": 0.2, "epsilon_high": 0.28, "beta": 0.0}),  # arXiv 2503.14476, 4.1
    ("gspo", {"epsilon_low": 3e-4, "epsilon_high": 4e-4}),  # arXiv 2507.18071, 5.1
    ("dr_grpo", {"epsilon_low": 0.2, "epsilon_high": 0.2, "beta": 0.0}),  # arXiv 2503.20783
    ("cispo", {"epsilon_low": 1.0, "beta": 0.0}),  # arXiv 2506.13585
]


@pytest.mark.parametrize(("name", "values"), PUBLISHED)
def test_defaults_are_those_of_the_papers(name: str, values: dict[str, float]) -> None:
    settings = get(name).Settings().model_dump()
    assert {key: settings[key] for key in values} == values
