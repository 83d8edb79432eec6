"""Products by oneDNN are PyTorch's own, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from srpo_bench.harness.models.product import linear


@pytest.mark.parametrize(("n", "i", "o"), [(1, 3, 5), (70, 48, 16), (70, 16, 48), (7, 1, 1)])
@pytest.mark.parametrize("biased", [False, True])
def test_a_product_and_its_gradients(n: int, i: int, o: int, biased: bool) -> None:
    rng = torch.Generator().manual_seed(0)
    x, weight = torch.randn((n, i), generator=rng), torch.randn((o, i), generator=rng)
    bias = torch.randn(o, generator=rng) if biased else None
    upstream = torch.randn((n, o), generator=rng)

    def run(product: object, dtype: torch.dtype) -> list[Tensor]:
        leaves = [t.to(dtype).requires_grad_() for t in (x, weight, bias) if t is not None]
        out = product(*leaves)  # type: ignore[operator]
        return [out, *torch.autograd.grad(out, leaves, upstream.to(dtype))]

    for ours, exact in zip(run(linear, torch.float32), run(F.linear, torch.float64), strict=True):
        torch.testing.assert_close(ours, exact.float(), atol=1e-5, rtol=1e-5)


def test_other_numbers_than_float32_are_pytorchs() -> None:
    x, weight = torch.randn(4, 3, dtype=torch.bfloat16), torch.randn(2, 3, dtype=torch.bfloat16)
    assert torch.equal(linear(x, weight), F.linear(x, weight))
