"""Every attention keyword is honoured or refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from srpo_bench.harness.models.attention import NAME, grouped_sdpa, implementation
from tests.harness.models.families import tiny

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("name", "here", "there"),
    [
        ("llama", NAME, "sdpa"),
        ("gemma3", NAME, "sdpa"),
        ("gemma2", "eager", "eager"),  # caps its scores
        ("gpt_oss", "eager", "eager"),  # has sinks
        ("falcon", "eager", "eager"),  # knows no interface
    ],
)
def test_each_model_attends_as_its_configuration_says(name: str, here: str, there: str) -> None:
    config = tiny(name).config
    kind = AutoModelForCausalLM._model_mapping[type(config)]
    assert implementation(kind, config, CPU) == here
    assert implementation(kind, config, CUDA) == there


def test_a_keyword_that_nobody_reads_is_refused() -> None:
    q, kv = torch.randn(1, 4, 3, 8), torch.randn(1, 2, 3, 8)
    module = torch.nn.Module()
    plain, _ = grouped_sdpa(module, q, kv, kv, None, sliding_window=8, softcap=None)
    assert plain.shape == (1, 3, 4, 8)
    for keyword in ("softcap", "s_aux", "position_bias"):
        with pytest.raises(NotImplementedError, match=keyword):
            grouped_sdpa(module, q, kv, kv, None, **{keyword: 2.0})


def test_attention_is_causal_unless_one_token_asks_of_what_was_before() -> None:
    """Keys of the same direction weigh alike: a position's output is the mean of what it sees."""
    values = torch.tensor([1.0, 2.0, 6.0]).view(1, 1, 3, 1).expand(1, 2, 3, 8)
    keys, module = torch.zeros(1, 2, 3, 8), torch.nn.Module()

    def seen(n: int, value: torch.Tensor = values, **more: Any) -> list[float]:
        query, key = torch.zeros(1, 4, n, 8), keys[:, :, : value.shape[2]]
        out, _ = grouped_sdpa(module, query, key, value, more.pop("mask", None), **more)
        assert out.shape == (1, n, 4, 8)
        return out[0, :, 0, 0].tolist()

    assert seen(3) == pytest.approx([1, 1.5, 3])
    assert seen(2, values[:, :, :2]) == pytest.approx([1, 1.5])
    assert seen(1) == pytest.approx([3])
    assert seen(3, is_causal=False) == pytest.approx([3, 3, 3])
    mask = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 1, 1]]).bool()[None, None]
    assert seen(3, mask=mask) == pytest.approx([6, 4, 3])
    module.is_causal = False
    assert seen(3) == pytest.approx([3, 3, 3])
    assert seen(3, is_causal=True) == pytest.approx([1, 1.5, 3])


def test_scale_and_dropout_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def attend(q: torch.Tensor, *_: Any, **how: Any) -> torch.Tensor:
        asked.update(how)
        return q

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attend)
    q = torch.zeros(1, 4, 3, 8)
    grouped_sdpa(torch.nn.Module(), q, q, q, None, dropout=0.25, scaling=0.5)
    assert (asked["dropout_p"], asked["scale"], asked["enable_gqa"]) == (0.25, 0.5, True)
