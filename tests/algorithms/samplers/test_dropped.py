"""Who was solved in an epoch, and who is out since when."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.batch import Grades
from srpo_bench.algorithms.samplers.dropped import DroppedPrompts, EpochRecord


def _record(**solved: bool) -> EpochRecord:
    record = EpochRecord()
    record.load_state_dict({"all_correct": solved})
    return record


def _graded(accuracy: list[float]) -> Grades:
    # Rewards say the opposite of accuracies: nothing here may look at them.
    return Grades(reward=1 - torch.tensor(accuracy), accuracy=torch.tensor(accuracy))


@given(
    groups=st.lists(
        st.tuples(st.sampled_from("abc"), st.lists(st.booleans(), min_size=2, max_size=2))
    )
)
def test_solved_means_every_rollout_of_every_group(
    groups: list[tuple[str, list[bool]]], sample: Any
) -> None:
    record = EpochRecord()
    for prompt, correct in groups:
        record.observe(sample([prompt], 2, seed=0), _graded([float(c) for c in correct]))
    expected = {p for p, _ in groups if all(c for q, cs in groups if q == p for c in cs)}
    assert set(record.solved()) == expected


def test_a_new_epoch_forgets_the_old_one(sample: Any) -> None:
    record = EpochRecord()
    record.observe(sample(["a"], 2, seed=0), _graded([1, 0]))
    record.clear()
    record.observe(sample(["a"], 2, seed=0), _graded([1, 1]))
    assert record.solved() == ["a"]


def test_dropped_prompts_stay_out_by_default() -> None:
    dropped = DroppedPrompts(readmit_after=None)
    dropped.update(_record(a=True), epoch=1)
    dropped.update(_record(), epoch=1000)
    assert dropped.survivors(["a", "b"]) == ["b"]


@pytest.mark.parametrize("sits_out", [1, 2, 3])
def test_dropped_prompts_sit_out_as_many_epochs_as_asked(sits_out: int) -> None:
    dropped = DroppedPrompts(sits_out)
    dropped.update(_record(a=True), epoch=5)
    absent = 0
    while dropped.survivors(["a", "b"]) == ["b"]:
        absent += 1
        dropped.update(_record(), epoch=5 + absent)
    assert absent == sits_out


def test_where_nothing_survives_the_pool_returns_and_is_counted() -> None:
    dropped = DroppedPrompts(None)
    dropped.update(_record(a=True, b=True, other=True), epoch=1)
    assert dropped.survivors(["a", "b"]) == ["a", "b"]
    assert dropped.metrics() == {"dropped": 1, "pool_readmitted": 1}
    assert dropped.survivors(["other", "c"]) == ["c"]
    again = DroppedPrompts(None)
    again.load_state_dict(dropped.state_dict())
    assert again.metrics() == dropped.metrics()


def test_who_is_answered_wrongly_while_out_returns() -> None:
    dropped = DroppedPrompts(None)
    dropped.update(_record(a=True, b=True), epoch=1)
    dropped.update(_record(a=False, c=False), epoch=2)
    assert dropped.survivors(["a", "b", "c"]) == ["a", "c"]


def test_where_nobody_is_left_those_kept_return_alone() -> None:
    dropped = DroppedPrompts(None)
    dropped.update(_record(a=True, b=True, c=True), epoch=1)
    assert dropped.survivors(["a", "b", "c"], kept=["b", "z"]) == ["b"]
    assert dropped.metrics() == {"dropped": 2, "pool_readmitted": 1}


def test_the_share_solved_is_of_those_seen() -> None:
    assert _record(a=True, b=False, c=False, d=True).share_solved() == 0.5
    assert EpochRecord().share_solved() == 0


def test_the_share_of_one_prompt_and_of_none(sample: Any) -> None:
    record = EpochRecord()
    assert record.share_solved() == 0
    record.observe(sample(["a"], 2, seed=0), _graded([1, 1]))
    assert record.share_solved() == 1
    record.observe(sample(["b"], 2, seed=0), _graded([1, 0]))
    assert record.share_solved() == 0.5
