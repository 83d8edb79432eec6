"""SRPO's two stages on a mixed pool of real micro problems: staged, mixed, reversed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from srpo_bench.results.store import read_json, read_lines
from tests.integration.conftest import Bench

pytestmark = pytest.mark.integration

ORDERS = ("staged", "mixed", "reversed")
STEPS, ALONE = 8, 4


@pytest.fixture(scope="module")
def ordered(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One arm an order, from one contract: half of the steps are math alone."""
    folder = tmp_path_factory.mktemp("stages") / "c"
    own = [f"{order}.stages={order}" for order in ORDERS]
    chosen = [*own, "srpo-paper.stage_one_epochs=4", "srpo-paper.resample=false"]
    done = bench(
        *("compare", "--algos", ",".join(f"{order}=srpo-paper" for order in ORDERS)),
        *("--preset", "smoke", "--tasks", "micro-math,micro-humaneval", "--seeds", "1"),
        *("--steps", str(STEPS), "--out", folder, "--workers", "1"),
        *(word for text in chosen for word in ("--set", text)),
        *("--set", "data.pool_size=8", "--set", "rollout.prompts_per_step=4"),
        *("--set", "samples_every=1", "--set", f"evaluation.every={STEPS}"),
        *("--set", "evaluation.problems=2"),
    )
    assert done.returncode == 0, done.stderr
    return folder


def trained(folder: Path, order: str) -> list[Counter[str]]:
    """Responses by task that each step generated for training."""
    steps = [Counter[str]() for _ in range(STEPS)]
    for sample in read_lines(folder / order / "seed-1" / "samples.jsonl"):
        if sample["phase"] == "train":
            steps[sample["step"] - 1][sample["task"]] += 1
    return steps


def code(steps: list[Counter[str]]) -> int:
    return sum(step["micro-humaneval"] for step in steps)


def test_each_stage_trains_on_what_it_should_and_on_nothing_else(ordered: Path) -> None:
    staged, mixed, back = (trained(ordered, order) for order in ORDERS)
    assert all(step.keys() == {"micro-math"} for step in staged[:ALONE])
    assert code(staged[ALONE:]) > 0
    assert code(back[: STEPS - ALONE]) > 0
    assert all(step.keys() == {"micro-math"} for step in back[STEPS - ALONE :])
    assert code(mixed[: STEPS // 2]) > 0
    assert code(mixed[STEPS // 2 :]) > 0


def test_the_three_orders_cost_the_same(ordered: Path) -> None:
    budgets = {}
    for order in ORDERS:
        lines = list(read_lines(ordered / order / "seed-1" / "steps.jsonl"))
        budgets[order] = [(s["ledger"]["prompts"], s["ledger"]["responses"]) for s in lines]
    assert budgets["staged"] == budgets["mixed"] == budgets["reversed"]
    assert len(budgets["staged"]) == STEPS
    staged, mixed, back = (code(trained(ordered, order)) for order in ORDERS)
    assert staged == back  # exactly; mixed draws its share, and is close over many epochs
    assert abs(mixed - staged) <= staged / 2


def test_the_orders_are_in_the_record_and_an_unknown_one_is_refused(
    ordered: Path, bench: Bench, tmp_path: Path
) -> None:
    arms = read_json(ordered / "comparison.json")["arms"]
    assert [arm["sampler_settings"]["stages"] for arm in arms] == list(ORDERS)
    wrong = ("--algos", "srpo-paper", "--set", "srpo-paper.stages=shuffled")
    refused = bench("compare", *wrong, "--out", tmp_path / "c")
    assert refused.returncode == 2
    assert "stages" in refused.stderr
    assert not (tmp_path / "c").exists()
