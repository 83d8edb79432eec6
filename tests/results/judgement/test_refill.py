"""What perfect refilling would give, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from srpo_bench.results.judgement.neutral import refill


def run(steps: list[int], all_correct: list[float]) -> Any:
    return SimpleNamespace(steps=np.array(steps), curves={"all_correct": np.array(all_correct)})


def judge(crossing: float | None, *runs: Any) -> Any:
    steps = None if crossing is None else SimpleNamespace(baseline=crossing)
    comparison = SimpleNamespace(of=lambda arm: list(runs) if arm == "grpo" else [])
    contrast = SimpleNamespace(steps=steps)
    return SimpleNamespace(contrast=contrast, comparison=comparison, baseline="grpo")


ONE = run([1, 2, 3], [0.0, 0.5, 1.0])
TWO = run([1, 2, 3], [0.25, np.nan, 1.0])


def test_the_share_of_all_correct_groups_up_to_the_crossing_is_what_can_be_saved() -> None:
    """Means of 0, ½ and of ¼ alone, which are ¼ each: 0.75 is left."""
    assert "would give 0.75 of grpo's steps" in refill(judge(2.0, ONE, TWO))
    assert "would give 0.44 of grpo's steps" in refill(judge(3.0, ONE, TWO))


def test_where_the_records_do_not_say_nothing_is_said() -> None:
    assert refill(judge(None, ONE)) == ""
    assert refill(judge(2.0)) == ""
    assert refill(judge(2.0, run([], []))) == ""
    assert refill(judge(2.0, run([1, 2], [np.nan, np.nan]))) == ""
