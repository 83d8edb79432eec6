"""What vLLM in this process and vLLM in a server have in common: seeds, retries, proved weights.

A host runs vLLM; the engine decides what to ask of it. After every transfer of weights the host
reads a fixed sequence, and its log-probs must be the learner's before anything is sampled: that a
transfer raised no error proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from srpo_bench.harness.config import Vllm
from srpo_bench.harness.engines.base import Completions, Listener, Sampling
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.context import context_of
from srpo_bench.harness.models.policy import Policy

ATTEMPTS = 3
"""Tries of a transfer or a rollout; between two of them vLLM is started anew."""

PROBE = 48
"""Tokens of the sequence that proves a transfer."""

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.25}
"""Largest |log-prob of the host − log-prob of the learner| on the probe, nats."""


class HostError(Exception):
    """vLLM could not do what it was asked; starting it anew may help."""


@dataclass(frozen=True)
class Request:
    """One prompt and how it is to be answered. ``ends`` are token ids, ``stops`` strings."""

    prompt: list[int]
    n: int
    seed: int
    sampling: Sampling
    ends: list[int]
    stops: tuple[str, ...]

    def parameters(self) -> dict[str, object]:
        """vLLM's sampling parameters, by the names its classes and its server share."""
        return {
            "n": self.n,
            "seed": self.seed,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "max_tokens": self.sampling.max_new_tokens,
            "stop_token_ids": self.ends,
            "stop": list(self.stops),
            "skip_special_tokens": False,  # a stop string may be a special token's
            "logprobs": 0,  # of the sampled token alone
        }


@dataclass(frozen=True)
class Completion:
    """One response. logp: nats under the sampling distribution."""

    tokens: list[int]
    logp: list[float]
    truncated: bool


class Host(Protocol):
    """A vLLM that can be started and stopped. Every method may raise ``HostError``."""

    def start(self) -> None:
        """Start it; returns when it answers."""
        ...

    def stop(self) -> None:
        """End it, however it is; never raises."""
        ...

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Replace its weights and forget what was cached under the old ones."""
        ...

    def complete(self, requests: Sequence[Request]) -> list[list[Completion]]:
        """Each request's n responses."""
        ...

    def score(self, tokens: list[int]) -> list[float]:
        """Log-prob of every token but the first given those before it, at temperature 1."""
        ...


class VllmEngine:
    """Samples through vLLM with the policy's weights, which it is given at every ``sync``."""

    shares_weights = False
    positions_at_once: int | None = None

    def __init__(self, policy: Policy, host: Host, settings: Vllm) -> None:
        self.policy, self.host, self.settings = policy, host, settings
        self.running = False

    def sync(self) -> None:
        """Give vLLM the learner's weights and prove that it has them; starts it where needed.

        Raises:
            RunError: not even a restarted vLLM came to have them.
        """
        problem = ""
        for _ in range(ATTEMPTS):
            try:
                if not self.running:
                    self.host.start()
                    self.running = True
                self.host.load(self._weights())
                gap = self.gap()
            except HostError as error:
                problem = str(error)
            else:
                if gap <= TOLERANCE[self.policy.dtype]:
                    return
                problem = f"its log-probs are off by {gap:.3g} nats after the transfer"
            self.close()
        raise RunError(
            f"vLLM does not have the learner's weights after {ATTEMPTS} tries: {problem}."
        )

    def generate(
        self,
        prompts: Sequence[list[int]],
        n: int,
        sampling: Sampling,
        generator: torch.Generator,
        stops: Sequence[tuple[str, ...]] = (),
        ended: Listener | None = None,
    ) -> Completions:
        """Sample ``n`` responses a prompt. See ``Engine.generate``.

        A retry asks for the same seeds, and nothing of a failed attempt is kept or booked.
        """
        self._fits(prompts, sampling)
        seeds = _seeds(len(prompts), generator)
        ends = self.policy.end_tokens
        requests = [
            Request(prompt, n, seed, sampling, ends, stops[i] if stops else ())
            for i, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True))
        ]
        problem = ""
        for _ in range(ATTEMPTS):
            if not self.running:
                self.sync()
            try:
                groups = self.host.complete(requests)
            except HostError as error:
                problem = str(error)
                self.close()
            else:
                return _responses([c for group in groups for c in group], sampling)
        raise RunError(f"vLLM failed {ATTEMPTS} times to answer a batch: {problem}.")

    def skip(self, prompts: int, n: int, sampling: Sampling, generator: torch.Generator) -> None:
        """Draw what ``generate`` would. See ``Engine.skip``."""
        _seeds(prompts, generator)

    def close(self) -> None:
        """Stop vLLM; the next ``sync`` or ``generate`` starts it anew."""
        self.host.stop()
        self.running = False

    @torch.no_grad()
    def gap(self) -> float:
        """Largest difference between vLLM's and the learner's log-probs on the probe, nats."""
        vocabulary = self.policy.model.config.get_text_config().vocab_size
        ids = torch.randint(vocabulary, (PROBE,), generator=torch.Generator().manual_seed(0))
        with self.policy.autocast():
            logits = self.policy.model(input_ids=ids[None].to(self.policy.device)).logits
        logp = logits[0, :-1].float().log_softmax(-1).cpu()
        ours = logp.gather(-1, ids[1:, None])[:, 0]
        theirs = torch.tensor(self.host.score(ids.tolist()))
        gap = (ours - theirs).abs().max().item()
        return gap if gap == gap else float("inf")

    def _weights(self) -> dict[str, Tensor]:
        """Every weight under every name it has: vLLM may keep a tied one as two."""
        return {name: value.detach() for name, value in self.policy.model.state_dict().items()}

    def _fits(self, prompts: Sequence[list[int]], sampling: Sampling) -> None:
        context = context_of(self.policy.model.config)
        longest, room = max(map(len, prompts)), self.settings.max_model_len or context
        if room is not None and longest + sampling.max_new_tokens > room:
            raise RunError(
                f"A prompt of {longest} tokens and a response of {sampling.max_new_tokens} do not "
                f"fit vLLM's {room}: lower rollout.max_new_tokens or raise "
                "rollout.vllm.max_model_len, which the model's own context bounds."
            )


def _seeds(prompts: int, generator: torch.Generator) -> list[int]:
    seeds: list[int] = torch.randint(2**31, (prompts,), generator=generator).tolist()
    return seeds


def _responses(rows: list[Completion], sampling: Sampling) -> Completions:
    width = max(1, *(len(r.tokens) for r in rows))
    tokens = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.bool)
    logp = torch.zeros((len(rows), width))
    for i, row in enumerate(rows):
        length = len(row.tokens)
        tokens[i, :length] = torch.tensor(row.tokens)
        mask[i, :length] = True
        if sampling.temperature > 0:  # greedy: all the mass is on the token taken
            logp[i, :length] = torch.tensor(row.logp)
    return Completions(tokens, mask, logp, torch.tensor([r.truncated for r in rows]))
