"""Is the policy's arithmetic the model's? Tried once, before anything is planned or scored.

Prompts share their keys and values, rows are padded, logits come in pieces, attention is our own
choice; of all this the model's plain forward pass knows nothing, and both must say the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.children import python_path
from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.environment import make_repeatable
from srpo_bench.harness.errors import UserError, memory_full, one_line
from srpo_bench.harness.models.loading import check_savable
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.rollouts.prompts import Prompts
from srpo_bench.tasks.base import Problem

BOUND = 1e-3
"""Nats in float32. The plain families are within 1e-5; what is wrong is off by 0.01 and more."""

FORCED = 512
"""Tokens of the longest forced response: windows and chunks show only in texts longer than they."""

SAMPLED = 8
"""Tokens of a sampled response. Each costs a forward pass."""


@dataclass(frozen=True)
class Question:
    """What is tried. prompts: token ids, of unlike lengths.   limit: tokens of a response.

    engine: whether responses are sampled by the torch engine (vLLM proves itself at its first
    ``sync``).   trains: whether the model will be trained, so that it must also go backward.
    """

    base: str
    device: str
    prompts: list[list[int]]
    limit: int
    engine: bool
    trains: bool = True


def question_of(
    config: Config,
    base: Path,
    device: str,
    prompts: Prompts,
    problems: Collection[Problem],
    limit: int,
) -> Question:
    """About the shortest and the longest of the problems that will be asked."""
    unlike = [prompts.of(choose(problems, key=lambda p: len(p.question))) for choose in (min, max)]
    return Question(str(base), device, unlike, limit, config.rollout.engine == "torch")


def probe(question: Question) -> None:
    """Load the model once, save all but its weights, and compare its log-probs.

    On an accelerator in a process of its own, so that this one holds no context on the device.

    Raises:
        UserError: it cannot be loaded, or saved, or its log-probs are off by more than ``BOUND``.
    """
    if question.device == "cpu":
        return examine(question)
    return examine_apart(question)


def examine_apart(question: Question) -> None:
    """``examine`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "srpo_bench.harness.rollouts.probe"],
        input=json.dumps(asdict(question)),
        env={"CUBLAS_WORKSPACE_CONFIG": ":4096:8", **os.environ, "PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 2:
        raise UserError(done.stdout.strip())
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise UserError(f"{question.base} could not be tried on {question.device}: {last[:300]}")


def examine(question: Question) -> None:
    """``probe`` in this process."""
    policy = load_policy(Path(question.base), "float32", question.device)
    check_savable(policy.model, policy.tokenizer)
    try:
        _compare(policy, question)
    except UserError:
        raise
    except Exception as error:  # a configuration may ask for what its model's code cannot do
        if memory_full(error):
            raise
        raise UserError(
            f"{question.base} could not be tried: its forward pass raised {type(error).__name__}: "
            f"{one_line(error)}"
        ) from error


def _compare(policy: Policy, question: Question) -> None:
    forced = _forced(policy, question)
    with torch.set_grad_enabled(question.trains and question.device != "cpu"):
        logp = policy.logp(forced)
    _refuse(policy, "the learner", logp.detach().cpu(), forced)
    if logp.requires_grad:  # an operation that cuda cannot repeat is found now, not in a run
        logp.sum().backward()  # type: ignore[no-untyped-call]
    if question.engine:
        sampled = _sampled(policy, question)
        _refuse(policy, "the engine", sampled.logp, sampled)


def _forced(policy: Policy, question: Question) -> Rollouts:
    """Random tokens behind each prompt, fewer behind the longer ones."""
    longest = min(question.limit, FORCED)
    lengths = torch.tensor([max(longest // (i + 1), 1) for i in range(len(question.prompts))])
    mask = torch.arange(longest) < lengths[:, None]
    rng = torch.Generator().manual_seed(0)
    vocabulary = policy.model.config.get_text_config().vocab_size
    tokens = torch.randint(vocabulary, mask.shape, generator=rng) * mask
    return _rollouts(question.prompts, 1, tokens, mask, torch.zeros(mask.shape))


def _sampled(policy: Policy, question: Question) -> Rollouts:
    sampling = Sampling(1.0, 1.0, min(SAMPLED, question.limit))
    engine = TorchEngine(policy, rows_at_once=64)
    r = engine.generate(question.prompts, 2, sampling, torch.Generator().manual_seed(0))
    return _rollouts(question.prompts, 2, r.tokens, r.mask, r.logp)


def _rollouts(
    prompts: list[list[int]], n: int, tokens: Tensor, mask: Tensor, logp: Tensor
) -> Rollouts:
    names = [str(i) for i in range(len(prompts))]
    group = torch.arange(len(prompts)).repeat_interleave(n)
    return Rollouts(names, prompts, group, tokens, mask, logp, torch.ones_like(mask[:, 0]))


def _refuse(policy: Policy, who: str, logp: Tensor, rollouts: Rollouts) -> None:
    gap = (logp - plain_logp(policy, rollouts)).abs().max().item()
    if not gap <= BOUND:  # nan, too
        _refuse_no_numbers(policy)
        raise UserError(
            f"{type(policy.model).__name__} is not computed right here: log-probs of {who} are off "
            f"by {gap:.3g} nats from the model's own forward pass, and {BOUND:g} is allowed."
        )


def _refuse_no_numbers(policy: Policy) -> None:
    """Where the weights themselves are at fault, say which."""
    for name, weight in policy.model.named_parameters():
        if not weight.isfinite().all():
            raise UserError(f"This model's weights are not all numbers: {name} holds NaN or ∞.")


@torch.no_grad()
def plain_logp(policy: Policy, rollouts: Rollouts) -> Tensor:
    """(B, T) nats at temperature 1, row by row by the model's own attention: no cache, no padding,
    nothing shared."""
    out = torch.zeros(rollouts.tokens.shape)
    with _own_attention(policy.model) as model:
        for row, length in enumerate(rollouts.lengths.tolist()):
            prompt = rollouts.prompt_tokens[int(rollouts.group[row])]
            answer = rollouts.tokens[row, :length]
            ids = torch.cat([torch.tensor(prompt), answer]).to(policy.device)
            logits = model(input_ids=ids[None], use_cache=False).logits[0, len(prompt) - 1 : -1]
            picked = logits.float().gather(1, answer.to(policy.device)[:, None])[:, 0]
            out[row, :length] = (picked - logits.float().logsumexp(-1)).cpu()
    return out


@contextmanager
def _own_attention(model: Any) -> Iterator[Any]:
    chosen = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield model
    finally:
        model.set_attn_implementation(chosen)


def main() -> int:
    """A question as JSON on stdin. Exit code 2 and a sentence on stdout where it is refused."""
    make_repeatable(torch.get_num_threads())
    try:
        examine(Question(**json.loads(sys.stdin.read())))
    except UserError as error:
        print(error)
        return 2
    except Exception as error:
        if not (full := memory_full(error)):
            raise
        print(
            f"{full} as the model was tried: free the device of others, or take a smaller model or "
            "shorter responses (rollout.max_new_tokens)."
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
