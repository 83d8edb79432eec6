"""Defaults as the papers give them, typed in anew from the papers."""

from __future__ import annotations

import pytest

from srpo_bench.algorithms import registry
from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.registry import get
from tests.bounds import described

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


CLIPPED = {"epsilon_low": "0.2 in [0, 1]", "epsilon_high": "0.2 in [0, )", "beta": "0 in [0, )"}
GROUP = CLIPPED | {"advantage_eps": "0.0001 in (0, )"}
WITH_KL = GROUP | {"beta": "0.04 in [0, )"}

ALGORITHMS = {
    "grpo": WITH_KL,
    "grpo-again": WITH_KL,
    "random-reward": WITH_KL,
    "grpo-token": GROUP,
    "grpo-masked": GROUP,
    "hr-random": GROUP,
    "srpo-paper": GROUP,
    "srpo": GROUP
    | {
        "replay_fraction": "0.25 in [0, )",
        "history_steps": "8 in [1, )",
        "half_life": "4 in (0, )",
        "success_decay": "0.5 in [0, 1)",
        "solved_at": "0.95 in (0, )",
        "max_drift": "0.2 in (0, )",
        "score_eps": "0.01 in (0, )",
        "priority_alpha": "0.6 in [0, )",
        "importance_beta": "0.4 in [0, )",
    },
    "dapo": GROUP | {"epsilon_high": "0.28 in [0, )"},
    "dr_grpo": CLIPPED,
    "rloo": CLIPPED,
    "gspo": GROUP | {"epsilon_low": "0.0003 in [0, 1]", "epsilon_high": "0.0004 in [0, )"},
    "cispo": GROUP | {"epsilon_low": "1 in [0, 1]", "epsilon_high": "4 in [0, )"},
}

SAMPLERS = {
    "shuffled": {},
    "shuffled-again": {},
    "history": {"stage_one_epochs": "0 in [0, )", "readmit_after": "None in [1, )"},
    "history-random": {"stage_one_epochs": "0 in [0, )"},
    "npr": {"threshold": "0.9 in (0, 1]", "min_steps": "1 in [1, )"},
    "dynamic": {"max_rounds": "10 in [1, )"},
    "dps": {"prior": "1 in (0, )", "decay": "0.7 in [0, 1]", "candidates": "32 in [1, )"},
    "greso": {
        "max_rounds": "10 in [1, )",
        "explore": "0.5 in (0, 1)",
        "explore_step": "0.01 in [0, )",
        "explore_least": "0.01 in (0, 1]",
        "base_least": "0.05 in (0, 0.5)",
        "target_easy": "0.0833333333 in [0, 1]",
        "target_hard": "0.166666667 in [0, 1]",
        "first_round": "1.5 in [1, )",
        "safety": "1.25 in [1, )",
    },
    "mopps": {
        "prior": "1 in (0, )",
        "decay": "0.5 in [0, 1]",
        "target": "0.5 in [0, 1]",
        "candidates": "8 in [1, )",
    },
    "speed": {"max_rounds": "10 in [1, )", "screening": "0.333333333 in (0, 1]"},
    "pods": {"generated": "4 in [1, )"},
}


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_an_algorithms_numbers_and_what_they_may_be(name: str) -> None:
    assert described(get(name).Settings) == ALGORITHMS[name]


@pytest.mark.parametrize("name", registry.SAMPLERS)
def test_a_samplers_numbers_and_what_they_may_be(name: str) -> None:
    assert described(registry.get_sampler(name).Settings) == SAMPLERS[name]


def test_a_run_without_hidden_states_has_none() -> None:
    assert RunInfo((), 1, 2, 3, max_new_tokens=4).hidden_size == 0
