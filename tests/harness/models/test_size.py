"""Parameters that take part in a token, counted by hand and against what is published."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from srpo_bench.harness.models.size import experts_note, experts_per_token, per_token
from tests.harness.models.families import tiny

ATTENTION = 32 * 32 + 2 * (32 * 16) + 32 * 32
"""q, k, v, o of a layer: 4 heads and 2 of keys, 8 wide, over 32."""
DENSE = 3 * 32 * 48
NORMS = 2 * 32
OUTSIDE = 32 + 64 * 32
"""The last norm and the head."""


def whole(model: Any) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("llama", 2 * (ATTENTION + DENSE + NORMS) + OUTSIDE),
        ("llama-tied", 2 * (ATTENTION + DENSE + NORMS) + OUTSIDE),
        # the router sees all four experts, the token two
        ("mixtral", 2 * (ATTENTION + 4 * 32 + 2 * DENSE + NORMS) + OUTSIDE),
        ("qwen3_moe", 2 * (ATTENTION + 2 * 8 + 4 * 32 + 2 * (3 * 32 * 24) + NORMS) + OUTSIDE),
        # a shared expert and its gate beside two of four; biases of q, k and v
        (
            "qwen2_moe",
            2 * (ATTENTION + 64 + 4 * 32 + 3 * (3 * 32 * 24) + 32 + NORMS) + OUTSIDE,
        ),
        # biases of its experts and of its attention, and a sink a head
        (
            "gpt_oss",
            2 * (ATTENTION + 32 + 64 + 4 + 4 * 33 + 2 * (DENSE + 2 * 48 + 32) + NORMS) + OUTSIDE,
        ),
    ],
)
def test_a_tokens_parameters_by_hand(name: str, count: int) -> None:
    assert per_token(tiny(name)) == count


def test_one_layer_is_dense_and_the_other_has_routed_and_shared_experts() -> None:
    """DeepSeek: two of four routed experts of 24 are left out, and nothing else but the table."""
    model = tiny("deepseek_v3")
    assert per_token(model) == whole(model) - 64 * 32 - 2 * (3 * 32 * 24)


def test_tables_that_are_read_take_part_in_nothing() -> None:
    """GPT-2's positions; its tokens are the head's, too."""
    model = tiny("gpt2")
    assert per_token(model) == whole(model) - 256 * model.config.n_embd


@pytest.mark.parametrize(
    ("kind", "billions", "published"),
    [
        ("mixtral", 12.9, "arXiv 2401.04088, section 2.1"),
        ("deepseek_v3", 37, "arXiv 2412.19437, abstract"),
        ("gpt_oss", 5.1, "arXiv 2508.10925, table 1"),
    ],
)
def test_the_shipped_shapes_have_the_published_active_parameters(
    kind: str, billions: float, published: str
) -> None:
    """Made without memory for the weights. Mixtral's authors count the table of tokens, which is
    one per cent."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind]())
    assert per_token(model) / 1e9 == pytest.approx(billions, rel=0.015), published


def config(**said: Any) -> Any:
    text = SimpleNamespace(**said)
    return SimpleNamespace(get_text_config=lambda: text)


def test_configurations_say_it_by_several_names() -> None:
    assert experts_per_token(config(num_experts_per_tok=8)) == 8
    assert experts_per_token(config(num_experts_per_tok=None, moe_topk=2)) == 2
    assert experts_per_token(config(top_k_experts=4)) == 4
    assert experts_per_token(config(moe_topk=[2, 4])) is None
    assert experts_per_token(config(num_experts_per_tok=12, zero_expert_num=256)) is None


def test_where_it_is_not_said_all_count_and_a_note_says_so() -> None:
    assert "FLOPs count all" in str(experts_note(config(num_local_experts=8)))
    assert experts_note(config(num_local_experts=8, num_experts_per_tok=2)) is None
    assert experts_note(config(num_experts=1)) is None
    assert experts_note(config(num_experts=None)) is None
    assert experts_note(config()) is None
    model = tiny("mixtral")
    model.config = config(num_local_experts=4)
    assert per_token(model) == whole(model) - 64 * 32


def test_where_all_experts_are_chosen_all_count() -> None:
    model = tiny("mixtral")
    there = model.config.num_local_experts
    counts = []
    for chosen in (1, 2, there, there + 1):
        model.config = config(num_experts_per_tok=chosen)
        counts.append(per_token(model))
    one = counts[1] - counts[0]
    assert one > 0
    assert counts[2] == counts[3] == counts[0] + (there - 1) * one


def test_two_experts_are_several() -> None:
    assert experts_note(config(num_experts=2)) is not None
