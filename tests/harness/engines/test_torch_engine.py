"""The rollout engine samples from the distribution it says it does, and the learner agrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.engines import torch_engine
from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.policy import Policy, load_policy

PROMPTS = ["2+2=", "a", "who is there ", "12*12"]


def generate(
    policy: Policy, n: int = 6, rows_at_once: int = 64, limit: int = 24, seed: int = 3
) -> tuple[list[list[int]], Completions]:
    prompts = [policy.encode(p) for p in PROMPTS]
    sampling = Sampling(policy.temperature, policy.top_p, limit)
    generator = torch.Generator().manual_seed(seed)
    engine = TorchEngine(policy, rows_at_once)
    return prompts, engine.generate(prompts, n, sampling, generator)


def record(prompts: list[list[int]], r: Completions, n: int = 6) -> Rollouts:
    group = torch.arange(len(prompts)).repeat_interleave(n)
    return Rollouts(PROMPTS, prompts, group, r.tokens, r.mask, r.logp, r.truncated)


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.7, 1.0), (1.3, 0.8)])
def test_behaviour_logp_is_what_the_learner_recomputes(
    tiny_folder: Path, temperature: float, top_p: float
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu", temperature, top_p)
    prompts, responses = generate(policy)
    logp = policy.logp(record(prompts, responses)).detach()
    assert (logp - responses.logp).abs().max() < 1e-4
    assert responses.mask.sum() > 100
    assert (responses.logp[~responses.mask] == 0).all()


def test_logp_equals_a_plain_forward_pass(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    prompts, responses = generate(policy)
    logp = policy.logp(record(prompts, responses)).detach()
    for row in range(len(responses.tokens)):
        length = int(responses.mask[row].sum())
        answer = responses.tokens[row, :length]
        prompt = torch.tensor(prompts[row // 6])
        logits = policy.model(torch.cat([prompt, answer])[None]).logits[0]
        plain = logits.log_softmax(-1)[len(prompt) - 1 : -1].gather(1, answer[:, None])[:, 0]
        torch.testing.assert_close(logp[row, :length], plain.detach(), atol=1e-5, rtol=1e-4)


def test_gradient_through_the_shared_prompt_is_the_plain_one(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    prompts, responses = generate(policy, limit=5)
    policy.logp(record(prompts, responses)).sum().backward()
    shared = [p.grad.clone() for p in policy.model.parameters()]
    policy.model.zero_grad()
    for row in range(len(responses.tokens)):
        length = int(responses.mask[row].sum())
        answer = responses.tokens[row, :length]
        prompt = torch.tensor(prompts[row // 6])
        logits = policy.model(torch.cat([prompt, answer])[None]).logits[0]
        logits.log_softmax(-1)[len(prompt) - 1 : -1].gather(1, answer[:, None]).sum().backward()
    for ours, parameter in zip(shared, policy.model.parameters(), strict=True):
        torch.testing.assert_close(ours, parameter.grad, atol=2e-3, rtol=1e-3)


def test_a_row_does_not_depend_on_how_the_batch_is_cut(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    whole = generate(policy, rows_at_once=64)[1]
    cut = generate(policy, rows_at_once=5)[1]
    assert torch.equal(whole.tokens, cut.tokens)
    assert torch.equal(whole.truncated, cut.truncated)


def test_same_generator_same_bits_other_seed_other_text(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    first, again, other = (generate(policy, seed=s)[1] for s in (3, 3, 4))
    assert torch.equal(first.tokens, again.tokens)
    assert torch.equal(first.logp, again.logp)
    assert not torch.equal(first.tokens[:, :4], other.tokens[:, :4])


def test_ends_and_limits(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu", temperature=2.0)
    responses = generate(policy, n=40, limit=12)[1]
    lengths = responses.mask.sum(1)
    last = responses.tokens.gather(1, lengths[:, None] - 1)[:, 0]
    assert torch.equal(last == 1, ~responses.truncated)
    assert (lengths[responses.truncated] == 12).all()
    assert 0 < responses.truncated.sum() < len(lengths)


def test_responses_of_one_token_are_one_wide(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    monkeypatch.setattr(Policy, "end_tokens", list(range(46)))
    generator = torch.Generator().manual_seed(0)
    found = TorchEngine(policy, 8).generate([[2], [3, 4]], 2, Sampling(1.0, 1.0, 5), generator)
    assert found.tokens.shape == found.mask.shape == found.logp.shape == (4, 1)
    assert found.mask.all()
    assert not found.truncated.any()


def test_rows_that_have_ended_leave_once_enough_have(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At six tenths that go on nobody leaves yet: of ten rows two at a time come to an end."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    monkeypatch.setattr(Policy, "end_tokens", [1])
    kept: list[int] = []
    real = torch_engine._Decode._keep

    def keep(self: Any, left: Any) -> None:
        kept.append(int(left.sum()))
        real(self, left)

    def draw(logits: Any, uniform: Any, *_: Any) -> Any:
        ends = uniform < 0
        return torch.where(ends, 1, 5), torch.zeros(len(uniform))

    uniform = torch.ones((10, 6))
    for row in range(8):
        uniform[row, row // 2] = -1.0
    monkeypatch.setattr(torch_engine._Decode, "_keep", keep)
    monkeypatch.setattr(torch_engine, "sample", draw)
    monkeypatch.setattr(torch_engine, "_uniform", lambda *_: uniform)
    nothing: Any = None
    found = TorchEngine(policy, 16).generate([[2]], 10, Sampling(1.0, 1.0, 6), nothing)
    assert kept == [4, 2]  # 8 and 6 of 10 stay, 4 of 10 leave it; 2 of 4 do
    assert found.mask.sum(1).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 6, 6]
    assert found.truncated.tolist() == [False] * 8 + [True] * 2


def test_stop_string_ends_a_response(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu", temperature=2.0)
    prompts = [policy.encode("ab")]
    sampling = Sampling(2.0, 1.0, 40)
    generator = torch.Generator().manual_seed(0)
    r = TorchEngine(policy, 64).generate(prompts, 50, sampling, generator, [("e", "7")])
    for row in range(50):
        length = int(r.mask[row].sum())
        text = policy.decode(r.tokens[row, :length].tolist())
        assert not set("e7") & set(text[:-1])
        if not r.truncated[row] and r.tokens[row, length - 1] != 1:
            assert text[-1] in "e7"


def test_a_stop_string_of_two_tokens_is_seen_as_soon_as_it_is_whole(tiny_folder: Path) -> None:
    """Two letters after an e, whatever they are: the response ends there and no earlier."""
    policy = load_policy(tiny_folder, "float32", "cpu", temperature=2.0)
    stops = tuple(f"e{c}" for c in "0123456789+-*/=# abcdefghijklmnopqrstuvwxyz\n")
    generator = torch.Generator().manual_seed(0)
    sampling = Sampling(2.0, 1.0, 40)
    r = TorchEngine(policy, 64).generate([policy.encode("ab")], 30, sampling, generator, [stops])
    stopped = 0
    for row in range(30):
        length = int(r.mask[row].sum())
        text = policy.decode(r.tokens[row, :length].tolist())
        if not r.truncated[row] and r.tokens[row, length - 1] != 1:
            stopped += 1
            assert text.index("e") == len(text) - 2
        else:
            assert "e" not in text[:-1]
    assert stopped > 10


@pytest.mark.parametrize("rows_at_once", [64, 5])
def test_responses_are_told_as_they_end_each_once(tiny_folder: Path, rows_at_once: int) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    prompts = [policy.encode(p) for p in PROMPTS]
    told: list[tuple[int, list[int]]] = []

    def ended(rows: list[int], tokens: list[list[int]]) -> None:
        told.extend(zip(rows, tokens, strict=True))

    engine, generator = TorchEngine(policy, rows_at_once), torch.Generator().manual_seed(3)
    r = engine.generate(prompts, 6, Sampling(1.0, 1.0, 24), generator, (), ended)
    assert sorted(told) == [(row, r.tokens[row][r.mask[row]].tolist()) for row in range(24)]
    assert 2 < r.truncated.sum() < 22  # those that meet the limit among them
    if rows_at_once == 64:
        lengths = [len(tokens) for _, tokens in told]
        assert lengths == sorted(lengths)
        assert len(set(lengths)) > 1
