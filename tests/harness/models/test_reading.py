"""Where padding goes, and what a prompt's pass is given, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.models.reading import Layout, layout_of, prefill, respond
from tests.harness.models.families import tiny

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("llama", Layout.RIGHT),
        ("gemma3", Layout.LEFT),  # some of its layers have a window
        ("falcon", Layout.LEFT),  # knows no interface of attention
        ("mamba", Layout.WHOLE),
    ],
)
def test_a_layout_is_what_the_cache_is_made_of(name: str, layout: Layout) -> None:
    assert layout_of(tiny(name)) is layout


class Model:
    """Remembers what its body is given."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []

    def forward(self, input_ids: Any, past_key_values: Any) -> None:
        """Names the keyword of its cache."""

    def base_model(self, **given: Any) -> None:
        self.given.append(
            {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in given.items()}
        )


@pytest.mark.parametrize(
    ("layout", "asked"),
    [
        (
            Layout.RIGHT,
            {"input_ids": [[1, 2], [4, 0], [0, 0]], "attention_mask": [[1, 1], [1, 0], [0, 0]]},
        ),
        (
            Layout.LEFT,
            {
                "input_ids": [[1, 2], [0, 4], [0, 0]],
                "attention_mask": [[1, 1], [0, 1], [0, 0]],
                "position_ids": [[0, 1], [0, 0], [0, 0]],
            },
        ),
    ],
)
def test_all_but_the_last_token_of_each_prompt_is_run(
    layout: Layout, asked: dict[str, Any]
) -> None:
    model, cache = Model(), SimpleNamespace()
    mask = prefill(model, [[1, 2, 3], [4, 5], [6]], cache, layout, CPU)
    assert mask.dtype == torch.bool
    assert mask.long().tolist() == asked["attention_mask"]
    assert model.given == [{**asked, "past_key_values": cache, "use_cache": True}]


def test_prompts_of_one_token_need_no_pass_and_whole_ones_no_mask() -> None:
    model, cache = Model(), SimpleNamespace()
    assert prefill(model, [[1], [2]], cache, Layout.RIGHT, CPU).shape == (2, 0)
    assert model.given == []
    prefill(model, [[1, 2], [3, 4]], cache, Layout.WHOLE, CPU)
    assert model.given == [{"input_ids": [[1], [3]], "past_key_values": cache, "use_cache": True}]


def test_responses_are_read_behind_their_prompts_cache() -> None:
    """A prompt of 3 tokens with two responses, one of 1 with one."""
    model = tiny("llama")
    model.config.use_cache = False  # of the user's folder: no cache would be kept of prompts
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]]).bool()
    rollouts = Rollouts(
        ["a", "b"], [[7, 8, 9], [6]], torch.tensor([0, 0, 1]), 5 * mask.long(), mask,
        torch.zeros(3, 3), mask[:, 2],
    )  # fmt: skip
    seen: dict[str, Any] = {}

    def body(**given: Any) -> Any:
        seen.update(given)
        return model(**given)

    logits = respond(model, body, rollouts, Layout.RIGHT, CPU)
    assert logits.shape[:2] == (3, 3)
    assert seen["input_ids"].tolist() == [[9, 5, 5], [9, 5, 0], [6, 5, 5]]
    assert seen["position_ids"].tolist() == [[2, 3, 4], [2, 3, 4], [0, 1, 2]]
    assert seen["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [0, 0, 1, 1, 1]]
    assert seen["use_cache"] is True


def test_a_model_with_a_state_reads_each_row_from_the_start() -> None:
    """Prompts of 3, 3 and 1 tokens; where token t is said, the output is what was read there."""
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]]).bool()
    tokens = torch.tensor([[11, 12, 13], [21, 0, 0], [31, 32, 0]])
    rollouts = Rollouts(
        ["a", "b"], [[7, 8, 9], [6]], torch.tensor([0, 0, 1]), tokens, mask, torch.zeros(3, 3),
        mask[:, 2],
    )  # fmt: skip

    def body(input_ids: torch.Tensor, use_cache: bool) -> Any:
        assert not use_cache
        assert input_ids.tolist() == [[7, 8, 9, 11, 12], [7, 8, 9, 21, 0], [6, 31, 32, 0, 0]]
        return {"logits": input_ids[:, :, None]}

    class Out(dict[str, Any]):
        """As transformers' outputs are read."""

        def __getattr__(self, name: str) -> Any:
            return self[name]

    read = respond(None, lambda **given: Out(body(**given)), rollouts, Layout.WHOLE, CPU)
    assert read[:, :, 0].tolist() == [[9, 11, 12], [9, 21, 0], [6, 31, 32]]
