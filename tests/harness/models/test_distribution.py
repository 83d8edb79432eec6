"""What is sampled at the edges of the distribution function."""

from __future__ import annotations

import pytest
import torch

from srpo_bench.harness.models.distribution import sample


@pytest.mark.parametrize(("uniform", "token"), [(0.0, 1), (0.624, 1), (0.626, 3), (1 - 1e-7, 3)])
def test_a_token_outside_the_nucleus_is_never_drawn(uniform: float, token: int) -> None:
    """0.5 and 0.3 of the mass are kept: not even a uniform number of exactly 0 gives token 0."""
    logits = torch.tensor([[0.1, 0.5, 0.1, 0.3]]).log()
    drawn, logp = sample(logits, torch.tensor([uniform]), temperature=1.0, top_p=0.75)
    assert drawn.tolist() == [token]
    kept = {1: 0.5, 3: 0.3}[token] / 0.8
    torch.testing.assert_close(logp.exp(), torch.tensor([kept]))
