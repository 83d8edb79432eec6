"""Readers on a device, what they are given, and how their cache grows."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.kv_cache import SlabLayer, slab_cache
from srpo_bench.harness.engines.readers import LlamaReader, ModelReader, make_reader
from srpo_bench.harness.engines.torch_engine import TorchEngine, _Decode
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.models.reading import Layout
from tests.harness.models.families import tiny
from tests.harness.pretended import pretended_cuda

CPU = torch.device("cpu")


def generated(policy: Policy) -> Completions:
    prompts, sampling = [[3, 4, 5, 6], [7], [8, 9]], Sampling(1.0, 1.0, 12)
    generator = torch.Generator().manual_seed(1)
    return TorchEngine(policy, 64).generate(prompts, 4, sampling, generator)


@pytest.mark.parametrize("fast", [True, False])
def test_on_a_device_the_same_is_sampled(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    def sampled(device: str) -> Completions:
        policy = load_policy(tiny_folder, "float32", device)
        if not fast:
            policy.llama = None
        return generated(policy)

    here = sampled("cpu")
    with pretended_cuda(monkeypatch):
        there = sampled("auto")
    assert torch.equal(here.tokens, there.tokens)
    torch.testing.assert_close(here.logp, there.logp, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "reader", "leaves"),
    [("llama", LlamaReader, True), ("gemma3", ModelReader, True), ("mamba", ModelReader, False)],
)
def test_rows_may_leave_where_no_state_is_kept(name: str, reader: type, leaves: bool) -> None:
    policy = Policy(tiny(name).eval(), None, CPU, torch.float32, 1.0, 1.0)
    with torch.no_grad():
        found, may_leave = make_reader(policy, [[3, 4], [5, 6]], torch.tensor([0, 1]), 2)
    assert type(found) is reader
    assert may_leave == leaves


def test_in_bfloat16_the_fast_view_reads_in_bfloat16() -> None:
    model, group = tiny("llama").eval(), torch.tensor([0, 0, 1])

    def logits(dtype: torch.dtype, fast: bool) -> torch.Tensor:
        policy = Policy(model, None, CPU, dtype, 1.0, 1.0)
        if not fast:
            policy.llama = None
        with torch.no_grad():
            reader, _ = make_reader(policy, [[3, 4, 5], [6, 7]], group, 2)
            read = [reader.next(torch.tensor(tokens)) for tokens in ([5, 5, 7], [8, 9, 10])]
        assert isinstance(reader, LlamaReader) == fast
        return torch.stack(read)

    exact = logits(torch.float32, fast=True)
    ours, theirs = (logits(torch.bfloat16, fast) for fast in (True, False))
    assert ours.dtype == torch.float32
    assert 0 < (ours - exact).norm() <= 2 * (theirs - exact).norm()


def test_a_model_is_asked_for_one_more_token_and_its_cache() -> None:
    asked: dict[str, Any] = {}

    class Model:
        def forward(self, input_ids: Any, past_key_values: Any, position_ids: Any) -> None:
            """Names its keywords."""

        def __call__(self, **given: Any) -> Any:
            asked.update(given)
            return SimpleNamespace(logits=torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]]))

    reader = object.__new__(ModelReader)
    reader.policy = SimpleNamespace(model=Model(), autocast=nullcontext)  # type: ignore[assignment]
    reader.whole, reader.cache, reader.used = False, "cache", 2
    reader.mask = torch.tensor([[True, True, False, False], [False, True, False, False]])
    reader.position = torch.tensor([2, 1])
    assert reader.next(torch.tensor([7, 8])).tolist() == [[1, 2], [3, 4]]
    assert asked.pop("input_ids").tolist() == [[7], [8]]
    assert asked.pop("attention_mask").tolist() == [[1, 1, 1], [0, 1, 1]]
    assert asked.pop("position_ids").tolist() == [[2], [1]]
    assert asked == {"past_key_values": "cache", "use_cache": True}
    assert (reader.used, reader.position.tolist()) == (3, [3, 2])


def test_a_cache_grows_in_place() -> None:
    layer = SlabLayer(2)
    one = torch.arange(6.0).view(2, 1, 3, 1)
    keys, values = layer.update(one, -one)
    assert torch.equal(keys, one)
    assert torch.equal(values, -one)
    layer.batch_select_indices(torch.tensor([1, 1, 0]))
    assert layer.keys[:, 0, :, 0].tolist() == [[3, 4, 5], [3, 4, 5], [0, 1, 2]]
    assert layer.values[:, 0, :, 0].tolist() == [[-3, -4, -5], [-3, -4, -5], [0, -1, -2]]
    before = layer._key_slab.data_ptr()
    more = torch.full((3, 1, 2, 1), 9.0)
    keys, values = layer.update(more, -more)
    assert keys[2, 0, :, 0].tolist() == [0, 1, 2, 9, 9]
    assert values[2, 0, :, 0].tolist() == [0, -1, -2, -9, -9]
    assert keys.data_ptr() == before


def test_only_plain_layers_grow_in_place() -> None:
    for name, grows in (("llama", True), ("gemma3", False), ("mamba", False)):
        layers = slab_cache(tiny(name), 3).layers
        assert all(type(layer) is SlabLayer for layer in layers) == grows or not layers
        assert not any(type(layer) is SlabLayer for layer in layers) or grows


def chunks(
    layout: Layout, lengths: list[int], n: int, rows: int, positions: int | None = None
) -> list[list[int]]:
    policy: Any = SimpleNamespace(layout=layout)
    engine = TorchEngine(policy, rows)
    engine.positions_at_once = positions
    return [c.tolist() for c in engine._chunks([[1] * k for k in lengths], n, 4)]


def test_prompts_of_like_lengths_are_decoded_side_by_side() -> None:
    assert chunks(Layout.RIGHT, [3, 1, 2], 2, 4) == [[2, 3, 4, 5], [0, 1]]
    assert chunks(Layout.RIGHT, [3, 1, 2], 2, 100) == [[0, 1, 2, 3, 4, 5]]
    assert chunks(Layout.WHOLE, [3, 1, 3], 2, 100) == [[2, 3], [0, 1, 4, 5]]
    assert chunks(Layout.WHOLE, [3, 1, 3], 2, 3) == [[2, 3], [0, 1, 4], [5]]
    assert chunks(Layout.RIGHT, [3, 1, 2], 2, 4, 28) == [[2, 3, 4, 5], [0, 1]]  # rows of 3 + 4
    assert chunks(Layout.RIGHT, [3, 1, 2], 2, 4, 27) == [[2, 3, 4], [0, 1, 5]]
    one_by_one = [[2], [3], [4], [5], [0], [1]]
    assert chunks(Layout.RIGHT, [3, 1, 2], 2, 1, 99) == one_by_one
    assert chunks(Layout.RIGHT, [3, 1, 2], 2, 9, 6) == one_by_one
    assert chunks(Layout.RIGHT, [1, 3], 1, 9, 13) == [[0], [1]]  # both are as wide as the longest
    assert chunks(Layout.WHOLE, [3, 1, 3], 2, 100, 14) == [[2, 3], [0, 1], [4, 5]]
    many = chunks(Layout.RIGHT, [1, 2] * 50, 1, 50)  # alike ones in their order
    assert many == [list(range(0, 100, 2)), list(range(1, 100, 2))]
    assert chunks(Layout.RIGHT, [1, 2] * 50, 1, 10)[:2] == [
        list(range(0, 20, 2)), list(range(20, 40, 2)),
    ]  # fmt: skip


def test_a_stop_string_is_looked_for_as_far_back_as_it_has_bytes() -> None:
    """Tokens are letters here: 1 is a, 2 is b …"""
    decode = object.__new__(_Decode)
    spelled: list[str] = []

    def spelled_out(tokens: list[int]) -> str:
        spelled.append("".join(chr(96 + t) for t in tokens))
        return spelled[-1]

    decode.policy = SimpleNamespace(decode=SimpleNamespace(spelled_out=spelled_out))  # type: ignore[assignment]
    decode.stops, decode.window = [("abc",), ("cd", "x")], 3
    decode.tokens = torch.tensor([[1, 1, 2, 3, 3], [1, 1, 2, 3, 4]])
    found = [decode._stopped(torch.tensor([0, 1]), t).tolist() for t in range(1, 5)]
    assert found == [[False, False], [False, False], [True, False], [False, True]]
    assert spelled == ["aa", "aa", "aab", "aab", "abc", "abc", "bcc", "bcd"]
    decode.stops = []
    assert decode._stopped(torch.tensor([0, 1]), 4).tolist() == [False, False]
