"""A disk that cannot hold the checkpoints is told before anything trains."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors.room import checkpoint_bytes, free_bytes, kept, require_room
from srpo_bench.harness.planning.comparison import PlannedComparison


@pytest.fixture
def comparison(tmp_path: Path) -> PlannedComparison:
    """Two runs of a model of which the disk holds one checkpoint and a half."""
    arms = [Arm(name="grpo", algorithm="grpo")]
    free = shutil.disk_usage(tmp_path).free
    return PlannedComparison(
        tmp_path, Config(seeds=(1, 2)), arms, tmp_path, parameters=free // (12 * 3 // 2)
    )


def test_a_checkpoint_holds_weights_and_two_moments_in_float32(
    comparison: PlannedComparison,
) -> None:
    assert checkpoint_bytes(replace(comparison, parameters=1_000_000)) == 12_000_000


@pytest.mark.parametrize(
    ("keep", "every", "steps", "there"),
    [(1, 10, 100, 1), (5, 50, 100, 2), (5, 50, 101, 3), (5, 1000, 100, 1), (2, 10, 100, 2)],
)
def test_a_run_keeps_no_more_checkpoints_than_it_saves(
    comparison: PlannedComparison, keep: int, every: int, steps: int, there: int
) -> None:
    config = Config(steps=steps, checkpoint_every=every, keep_checkpoints=keep)
    assert kept(config) == there
    (first, _), one = comparison.runs, replace(comparison, config=config)
    fits = replace(one, parameters=comparison.parameters // there)
    require_room(fits, [first])
    with pytest.raises(UserError, match="of 1 run take"):
        require_room(replace(one, parameters=2 * fits.parameters), [first])


def test_more_than_the_disk_has_is_refused(comparison: PlannedComparison) -> None:
    with pytest.raises(UserError, match=r"of 2 runs take about [\d,]+ MB, and [\d,]+ MB are free"):
        require_room(comparison, comparison.runs)
    huge = replace(comparison, parameters=2 * comparison.parameters)
    with pytest.raises(UserError, match=r"of 1 run take"):
        require_room(huge, huge.runs[:1])
    require_room(comparison, comparison.runs[:1])
    require_room(replace(comparison, parameters=0), comparison.runs)  # an older plan


def test_a_run_that_has_a_checkpoint_has_its_room(comparison: PlannedComparison) -> None:
    kept = comparison.runs[0].folder / "checkpoints" / "step-5"
    kept.mkdir(parents=True)
    require_room(comparison, comparison.runs)


def test_a_folder_that_is_not_there_yet_lies_where_its_parent_does(tmp_path: Path) -> None:
    here, there = free_bytes(tmp_path), free_bytes(tmp_path / "not" / "yet")
    assert abs(here - there) < here / 2
