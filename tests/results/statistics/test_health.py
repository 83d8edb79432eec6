"""What an arm's steps say of its training: short of prompts, repeated prompts, no gradient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.runs import read
from srpo_bench.results.statistics.health import RARE, Health, Window, window
from tests.results import synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One arm, two runs of ten steps; a batch is 16 prompts of 64."""
    return synthetic.write(tmp_path / "c", {"grpo": 1.0}, seeds=2, steps=10, target=5)


def change(folder: Path, step: int, seeds: tuple[int, ...] = (1,), **fields: Any) -> None:
    """Write fields into the record of a step, None: take them out of it."""
    for seed in seeds:
        path = folder / f"grpo/seed-{seed}/steps.jsonl"
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        lines[step - 1] |= fields
        lines = [{k: v for k, v in line.items() if v is not None} for line in lines]
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def groups(*prompts: str) -> list[dict[str, object]]:
    return [{"prompt": prompt, "right": 1, "n": 2} for prompt in prompts]


def test_a_pool_smaller_than_a_batch_is_short_and_one_as_large_is_not(folder: Path) -> None:
    change(folder, 3, pool_size=15)
    change(folder, 4, pool_size=16)
    assert window(read(folder).of("grpo"), 16).short == 1 / 20


def test_only_steps_up_to_the_end_of_the_window_count(folder: Path) -> None:
    change(folder, 3, pool_size=1)
    change(folder, 8, pool_size=1)
    runs = read(folder).of("grpo")
    assert window(runs, 16, until=7.9).short == 1 / 14
    assert window(runs, 16, until=8).short == 2 / 16
    assert window(runs, 16, until=2).short == 0
    assert window(runs, 16, until=3).steps == 6


def test_a_prompt_twice_in_a_batch_counts_the_step_once(folder: Path) -> None:
    for step in range(1, 11):
        change(folder, step, (1, 2), by_prompt=groups("a", "b"))
    change(folder, 2, by_prompt=groups("a", "a", "a", "b"))
    assert window(read(folder).of("grpo"), 16).repeated == 1 / 20


def test_steps_that_do_not_say_are_left_out(folder: Path) -> None:
    runs = read(folder).of("grpo")
    assert np.isnan(window(runs, 16).repeated)
    change(folder, 1, by_prompt=groups("a", "a"))
    change(folder, 2, by_prompt=groups("a", "b"))
    change(folder, 3, grad_norm=None)
    change(folder, 4, grad_norm=0.0)
    found = window(read(folder).of("grpo"), 16)
    assert found.repeated == 1 / 2
    assert found.flat == 1 / 19


def test_shares_are_of_groups_and_of_responses(folder: Path) -> None:
    for step in range(1, 11):
        told = {"groups": 4, "groups_all_wrong": 1, "groups_all_correct": 2, "truncated": 0.5}
        change(folder, step, (1, 2), **told)
    change(folder, 1, groups_all_wrong=3, truncated=0.0)
    found = window(read(folder).of("grpo"), 16)
    assert found.hopeless == pytest.approx((19 * 0.25 + 0.75) / 20)
    assert found.solved == 0.5
    assert found.cut == pytest.approx(19 * 0.5 / 20)


def test_without_runs_or_a_batch_nothing_is_said(folder: Path) -> None:
    assert np.isnan(window([], 16).short)
    found = window(read(folder).of("grpo"), float("nan"))
    assert np.isnan(found.short)
    assert found.flat == 0


def test_a_run_that_repeats_just_rarely_does_so_rarely() -> None:
    nothing = Window(0, *[0.0] * 6)
    assert Health(nothing, nothing, (RARE, 0.0, 0.051, np.nan), None).rarely == 2
