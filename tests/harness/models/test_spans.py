"""Rows cut into chunks that fit a budget of padded tokens, and no smaller than they must be."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.harness.models.policy import spans

WIDTHS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=12)


def padded(rows: list[tuple[int, int]]) -> int:
    """Tokens of a chunk: responses and prompts are each padded to the longest."""
    return len(rows) * (max(r for r, _ in rows) + max(p for _, p in rows))


@given(widths=WIDTHS, budget=st.integers(1, 60))
def test_chunks_keep_to_the_budget_and_are_as_large_as_it_allows(
    widths: list[tuple[int, int]], budget: int
) -> None:
    table = torch.tensor(widths).reshape(-1, 2)
    cuts = list(spans(table, budget))
    assert [i for start, end in cuts for i in range(start, end)] == list(range(len(widths)))
    for start, end in cuts:
        assert end - start == 1 or padded(widths[start:end]) <= budget
        if end < len(widths):
            assert padded(widths[start : end + 1]) > budget


def test_rows_without_a_response_take_their_prompts_alone() -> None:
    assert list(spans(torch.tensor([[0, 3], [0, 3]]), 6)) == [(0, 2)]
    assert list(spans(torch.tensor([[3, 0], [3, 0]]), 6)) == [(0, 2)]


def test_rows_by_hand() -> None:
    """Two rows of 2 + 1 are 6 tokens; one of 9 + 9 stands alone."""
    same = torch.tensor([[2, 1]] * 5)
    assert list(spans(same, 6)) == [(0, 2), (2, 4), (4, 5)]
    assert list(spans(same, 5)) == [(i, i + 1) for i in range(5)]
    assert list(spans(same, 15)) == [(0, 5)]
    assert list(spans(same, 14)) == [(0, 4), (4, 5)]
    mixed = torch.tensor([[1, 1], [9, 9], [1, 1], [1, 3]])
    assert list(spans(mixed, 8)) == [(0, 1), (1, 2), (2, 4)]
    assert list(spans(mixed, 7)) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert list(spans(torch.zeros(0, 2).long(), 8)) == []
