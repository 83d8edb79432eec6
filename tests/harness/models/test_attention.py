"""Every attention keyword is honoured or refused."""

from __future__ import annotations

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
