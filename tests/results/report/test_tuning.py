"""The table of what was tuned, word for word."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from srpo_bench.results.report.tables.tuning import sentence, table

TUNED: dict[str, Any] = {
    "candidates": [
        {"algorithm": "grpo", "values": {"lr": 1, "b": 2}, "scores": [0.5, None], "mean": None,
         "chosen": False},
        {"algorithm": "srpo", "values": {}, "scores": [0.25, 0.5], "mean": 0.375, "steps": 52.25,
         "chosen": True},
    ],
    "budget": {"grpo": {"candidates": 1, "runs": 2}, "srpo": {"candidates": 3, "runs": 6}},
    "seeds": [101, 102],
    "steps": 64,
    "rule": "best mean.",
}  # fmt: skip


def analysis(tuning: dict[str, Any] | None) -> Any:
    plan = {} if tuning is None else {"tuning": tuning}
    return SimpleNamespace(comparison=SimpleNamespace(plan=plan))


def test_a_row_a_candidate() -> None:
    found = table(analysis(TUNED))
    assert found.columns == (
        "method", "tried", "steps to target", "accuracy at the end, mean", "each seed", "",
    )  # fmt: skip
    assert found.rows == (
        ("grpo", "lr=1, b=2", "–", "–", "50.0, failed", ""),
        ("srpo", "as it is", "52.2", "37.5 %", "25.0, 50.0", "chosen"),
    )
    assert found.note == sentence(TUNED)


def test_budget_seeds_rule_and_what_differs() -> None:
    assert sentence(TUNED) == (
        "Tried before these runs, on seeds that are not among theirs (101, 102), 64 steps each. "
        "Budget: grpo: 1 candidate, 2 runs; srpo: 3 candidates, 6 runs. Rule: best mean."
    )
    more = {"untuned": ["dapo", "rloo"], "differs": {"steps": [64, 96], "data.shots": [0, 1]}}
    assert sentence(TUNED | more) == sentence(TUNED) + (
        " Not tuned themselves: dapo, rloo. Tuned with other settings: steps 64, here 96; "
        "data.shots 0, here 1."
    )


def test_without_a_tuning_it_is_empty() -> None:
    found = table(analysis(None))
    assert (found.rows, found.note) == ((), "")
