from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch

from srpo_bench.algorithms.batch import Batch, Grades, Rollouts, Totals


def test_pick_keeps_what_belongs_to_a_row(sample: Any) -> None:
    rollouts = sample(["a", "b", "c"], 2, seed=0)
    picked = rollouts.pick(torch.tensor([5, 0, 4]))
    assert picked.prompts == ["a", "c"]
    assert [picked.prompts[g] for g in picked.group.tolist()] == ["c", "a", "c"]
    assert torch.equal(picked.logp, rollouts.logp[[5, 0, 4]])
    assert torch.equal(picked.tokens, rollouts.tokens[[5, 0, 4]])


def test_concat_renumbers_groups_and_pads(sample: Any) -> None:
    wide, narrow = sample(["a", "b"], 2, seed=0), sample(["b"], 2, seed=1)
    narrow.tokens, narrow.mask, narrow.logp = (
        x[:, :3] for x in (narrow.tokens, narrow.mask, narrow.logp)
    )
    both = Rollouts.concat([wide, narrow])
    assert both.prompts == ["a", "b", "b"]
    assert both.group.tolist() == [0, 0, 1, 1, 2, 2]
    assert both.tokens.shape == wide.tokens[:1].expand(6, -1).shape
    assert not both.mask[4:, 3:].any()


def test_a_mask_has_gaps_where_a_token_follows_one_that_is_left_out(sample: Any) -> None:
    rollouts = sample(["a"], 2, seed=0)
    for mask, gaps in (
        ([1, 1, 0], False),
        ([0, 0, 0], False),
        ([0, 1, 0], True),
        ([1, 0, 1], True),
    ):
        rollouts.mask = torch.tensor([[True] * 3, list(map(bool, mask))])
        assert rollouts.has_gaps == gaps


def test_totals_leave_out_responses_without_weight(sample: Any) -> None:
    rollouts = sample(["a"], 3, seed=0)
    weight = torch.tensor([1.0, 0.0, 0.5])
    totals = Totals.of(Batch(rollouts, torch.ones(3), weight, {}), max_tokens=7)
    lengths = rollouts.lengths
    assert totals.responses == 1.5
    assert totals.tokens == lengths[0] + 0.5 * lengths[2]


def test_grades_keep_texts_answers_and_fields_with_their_rows() -> None:
    one = Grades(
        torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0]), ["a", "b"], [None, "7"],
        {"near": torch.tensor([0.25, 0.5])},
    )  # fmt: skip
    other = Grades(torch.tensor([3.0]), torch.tensor([1.0]))
    assert (other.texts, other.answers, other.fields) == ([""], [None], {})
    both = Grades.concat([one, other])
    assert both.fields["near"].tolist() == [0.25, 0.5, 0.0]
    picked = both.pick(torch.tensor([2, 1]))
    assert (picked.texts, picked.answers) == (["", "b"], [None, "7"])
    assert (picked.reward.tolist(), picked.fields["near"].tolist()) == ([3.0, 2.0], [0.0, 0.5])


def test_rows_that_nobody_has_numbered_have_no_serial_number() -> None:
    mask = torch.ones(2, 1, dtype=torch.bool)
    plain = Rollouts(
        ["p"], [[1]], torch.zeros(2).long(), mask.long(), mask, -1.0 * mask, mask[:, 0]
    )
    assert plain.serial.tolist() == [-1, -1]
    assert plain.correction.tolist() == [[1.0], [1.0]]


def test_groups_of_one_prompt_become_one(sample: Any) -> None:
    rollouts = sample(["a", "b", "a"], 2, seed=0)
    first, second = rollouts.prompt_tokens[:2]
    merged = rollouts.merged()
    assert merged.prompts == ["a", "b"]
    assert merged.prompt_tokens == [first, second]
    assert merged.group.tolist() == [0, 0, 1, 1, 0, 0]


def test_a_batchs_own_rewards_go_with_its_rows(sample: Any) -> None:
    batch = Batch(sample(["a"], 3, seed=0), torch.arange(3.0), torch.ones(3), {})
    index = torch.tensor([2, 0])
    assert batch.rows(index).reward is None
    batch.reward = torch.tensor([5.0, 6, 7])
    part = batch.rows(index)
    assert part.reward is not None
    assert (part.reward.tolist(), part.advantage.tolist()) == ([7, 5], [2, 0])


def test_a_copy_shares_nothing_that_can_be_written(sample: Any) -> None:
    rollouts = sample(["a", "b"], 2, seed=0)
    kept, copy = deepcopy(rollouts), rollouts.copy()
    copy.prompts[:] = ["x"] * len(copy.prompts)
    copy.prompt_tokens[0].append(7)
    for name in ("group", "tokens", "mask", "logp", "truncated", "correction", "serial"):
        getattr(copy, name).fill_(1)
    assert rollouts.prompts == kept.prompts
    assert rollouts.prompt_tokens == kept.prompt_tokens
    for name in ("group", "tokens", "mask", "logp", "truncated", "correction", "serial"):
        assert torch.equal(getattr(rollouts, name), getattr(kept, name))
