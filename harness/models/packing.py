"""Rows that share prompts, packed: every prompt once, every response, no padding.

Products run over the packed tokens. Attention alone sees rows, prompt and response behind each
other and padded behind, so that causal attention needs no mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Packed:
    """N packed tokens and where they stand in B rows of at most S positions.

    tokens: (N,) long.   position: (N,) long, in the row.
    rows: (B, S) long, the packed token of each place; padding names token 0.
    place: (N,) long, one place b·S + s of each token.
    places, starts: all its places, one token's behind another's, (≥ N,) long, and where each
    token's begin in them, (N,) long.
    predicts: (Σ lengths,) long, the tokens that predict the responses' tokens, row by row.
    """

    tokens: Tensor
    position: Tensor
    rows: Tensor
    place: Tensor
    places: Tensor
    starts: Tensor
    predicts: Tensor

    def to(self, device: torch.device) -> Packed:
        """The same on a device."""
        return Packed(**{name: value.to(device) for name, value in vars(self).items()})


def pack(prompts: Sequence[list[int]], group: Tensor, tokens: Tensor, lengths: Tensor) -> Packed:
    """Pack responses behind their prompts. The last token of a response predicts nothing, so it is
    left out.

    Args:
        group: (B,) long, the prompt of each response.   tokens: (B, T) long.
        lengths: (B,) long, of the responses, at least 1.
    """
    of_prompt = torch.tensor([len(p) for p in prompts])
    more = lengths - 1  # tokens of a response that are read
    before = of_prompt[group][:, None]
    prompt_start = (of_prompt.cumsum(0) - of_prompt)[group][:, None]
    response_start = (more.cumsum(0) - more)[:, None] + of_prompt.sum()
    at = torch.arange(int((before[:, 0] + more).max()))
    filled = at < before + more[:, None]
    rows = torch.where(at < before, prompt_start + at, response_start + at - before)
    rows = rows.masked_fill(~filled, 0)
    places = filled.flatten().nonzero()[:, 0]
    owners, order = rows.flatten()[places].sort(stable=True)
    places = places[order]
    count = torch.bincount(owners)
    starts = count.cumsum(0) - count
    step = torch.arange(tokens.shape[1])
    predicts = rows.gather(1, (before - 1 + step).clamp(0, len(at) - 1))[step < lengths[:, None]]
    read = tokens[step < more[:, None]]
    return Packed(
        tokens=torch.cat([torch.tensor([t for p in prompts for t in p]), read]),
        position=places[starts] % len(at),
        rows=rows,
        place=places[starts],
        places=places,
        starts=starts,
        predicts=predicts,
    )
