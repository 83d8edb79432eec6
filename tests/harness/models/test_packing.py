"""Two prompts and three responses, packed by hand."""

from __future__ import annotations

import torch

from srpo_bench.harness.models.packing import pack


def test_prompts_stand_once_and_nothing_is_padding() -> None:
    tokens = torch.tensor([[1, 2, 3], [4, 0, 0], [5, 6, 0]])
    p = pack([[10, 11], [20, 21, 22]], torch.tensor([0, 0, 1]), tokens, torch.tensor([3, 1, 2]))
    assert p.tokens.tolist() == [10, 11, 20, 21, 22, 1, 2, 5]
    assert p.position.tolist() == [0, 1, 0, 1, 2, 2, 3, 3]
    assert p.rows.tolist() == [[0, 1, 5, 6], [0, 1, 0, 0], [2, 3, 4, 7]]
    assert p.predicts.tolist() == [1, 5, 6, 1, 4, 7]
    read = p.rows.flatten()
    assert read[p.place].tolist() == list(range(8))
    ends = [*p.starts.tolist()[1:], len(p.places)]
    places = [p.places[a:b].tolist() for a, b in zip(p.starts.tolist(), ends, strict=True)]
    assert places == [[0, 4], [1, 5], [8], [9], [10], [2], [3], [11]]


def test_a_tokens_places_follow_the_rows() -> None:
    """A sort that is not stable keeps few equal ones in order, and not many."""
    rows = 200
    one = torch.ones(rows, dtype=torch.long)
    p = pack([[10, 11]], torch.zeros_like(one), one[:, None], one)
    assert p.places.tolist() == [2 * row + token for token in (0, 1) for row in range(rows)]
