"""Products by oneDNN are PyTorch's own, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from srpo_bench.harness.models import product
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


def test_a_product_is_in_the_dtype_of_the_weight_and_given_in_that_of_x() -> None:
    rng = torch.Generator().manual_seed(0)
    x, weight = torch.randn(4, 3, generator=rng), torch.randn(2, 3, generator=rng).bfloat16()
    bias = torch.ones(2).bfloat16()
    out = linear(x, weight, bias)
    assert out.dtype == torch.float32
    assert torch.equal(out, F.linear(x.bfloat16(), weight, bias).float())
    assert not torch.equal(out, F.linear(x, weight.float(), bias.float()))


def test_what_multiplies_where() -> None:
    assert product.linear_on(torch.device("cpu")) is linear
    assert product.linear_on(torch.device("meta")) is F.linear


def test_only_float32_on_a_cpu_that_has_it_is_onednns(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Tensor] = []
    real = product._product

    def watched(*given: Tensor) -> Tensor:
        asked.append(given[0])
        return real(*given)

    monkeypatch.setattr(product, "_product", watched)
    single, half = torch.ones(4, 3), torch.ones(4, 3, dtype=torch.bfloat16)
    linear(half, half)
    linear(single.to("meta"), single.to("meta"))
    linear(single, half)
    with pytest.raises(RuntimeError, match="dtype"):
        linear(half, single)
    monkeypatch.setattr(torch._C, "_has_mkldnn", False)
    linear(single, single)
    assert asked == []
    monkeypatch.setattr(torch._C, "_has_mkldnn", True)
    linear(single, single)
    assert len(asked) == 1


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_only_the_gradient_that_is_wanted_is_made(wanted: int) -> None:
    given = [torch.ones(4, 3), torch.ones(2, 3), torch.ones(2)]
    given[wanted].requires_grad_()
    linear(*given).sum().backward()
    assert [x.grad is not None for x in given] == [i == wanted for i in range(3)]


@pytest.mark.parametrize(("i", "o", "turned"), [(3, 5, 3), (5, 3, 3), (4, 4, 4)])
def test_the_smaller_factor_is_turned(
    i: int, o: int, turned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where they are alike the gradient, whose product need not be turned back."""
    asked: list[Tensor] = []
    monkeypatch.setattr(product, "_product", lambda a, b: asked.append(a) or a @ b.T)
    gradient, x = torch.ones(7, o), 2 * torch.ones(7, i)
    assert torch.equal(product._outer(gradient, x), gradient.T @ x)
    (first,) = asked
    assert len(first) == turned
    assert float(first[0, 0]) == (2 if i < o else 1)
