"""What a run's last steps are said to suffer from."""

from __future__ import annotations

from typing import Any

from srpo_bench.harness.cli.health import LOOK_BACK, health

WELL: dict[str, Any] = {"pool_size": 24, "grad_norm": 0.7, "truncated": 0.1}


def test_a_run_that_is_well_has_no_words() -> None:
    assert health([WELL] * 3, 12) == ""


def test_a_pool_smaller_than_a_batch_is_named() -> None:
    assert health([WELL, WELL | {"pool_size": 1}], 12) == "pool of 1 prompt"
    assert health([WELL | {"pool_size": 11}], 12) == "pool of 11 prompts"
    assert health([WELL | {"pool_size": 12}], 12) == ""
    assert health([WELL | {"pool_size": 0}], 12) == ""  # a method without a pool


def test_steps_without_gradient_are_counted_among_the_last() -> None:
    long_ago = [WELL | {"grad_norm": 0.0}] * 5
    assert health([*long_ago, *[WELL] * LOOK_BACK], 12) == ""
    assert health([WELL, *long_ago], 12) == "no gradient in 5 of 6 steps"


def test_cut_off_responses_are_worth_a_word_when_most_are() -> None:
    assert health([WELL | {"truncated": 0.5}], 12) == ""
    assert health([WELL | {"truncated": 0.93}], 12) == "93 % cut off"


def test_what_is_not_recorded_is_no_ailment() -> None:
    assert health([{"pool_size": None}, {}], 12) == ""
