"""What ``benchmarks.gpu`` tries, and the table of what came out."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, PretrainedConfig
from transformers.utils import logging

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, PromptInfo, Rollouts
from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.harness.config import Optim
from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.micro import shipped_base
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.running.learner import Learner

G = 8
"""Responses a prompt."""

LOGP_BOUND, LOSS_BOUND = 1e-3, 1e-3
"""Nats, and relative: what a CPU and a GPU may differ by in float32."""

WINDOW = 32


@dataclass(frozen=True)
class Size:
    """How large everything is."""

    hidden: int
    layers: int
    heads: int
    vocabulary: int
    prompts: int
    limit: int
    matmul: int


FULL = Size(576, 30, 9, 49152, prompts=32, limit=256, matmul=8192)
TINY = Size(96, 4, 3, 2048, prompts=2, limit=32, matmul=512)
"""prompts, limit: of a timed batch; ``limit`` is tokens of a response.   matmul: n of n×n."""

UNLIKE, FEW = [8, 48], 24
"""Prompt lengths and tokens of a response where a CPU must read them too."""


@dataclass
class Table:
    """Rows as they come, and whether one of them is wrong."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, quantity: str, value: str, holds: bool = True) -> None:
        """Keep a row, and print it at once: a later trial may fail."""
        self.rows.append((quantity, value))
        if not holds:
            self.wrong.append(quantity)
        print(f"| {quantity} | {value}{'' if holds else ' **wrong**'} |", flush=True)


def run(folder: Path, device: str, tiny: bool, times: int) -> int:
    """Every trial; ``times``: how often one gradient is computed. Returns the exit code."""
    logging.set_verbosity_error()
    size, table, start = TINY if tiny else FULL, Table(), time.perf_counter()
    print("\n| what | measured |\n|---|---|")
    for name in ("torch", "transformers"):
        table.add(name, importlib.metadata.version(name))
    table.add("device", torch.cuda.get_device_name() if device == "cuda" else "cpu")
    full, windows = _models(folder, size)
    for name, base in (("full attention", full), ("windows, padded in front", windows)):
        parity(table, name, base, device)
    repeats(table, full, device)
    again(table, full, device, times)
    for dtype in ("float32", "bfloat16"):
        speed(table, full, device, dtype, size)
    table.add("seconds in all", f"{time.perf_counter() - start:.0f}")
    if table.wrong:
        print(f"\nNot as it must be: {'; '.join(table.wrong)}.")
    return bool(table.wrong)


def parity(table: Table, name: str, base: Path, device: str) -> None:
    """The same responses read on the CPU and on the device: log-probs, loss, gradient."""
    on_device, on_cpu = (load_policy(base, "float32", where) for where in (device, "cpu"))
    rollouts = _sampled(on_device, UNLIKE, FEW, seed=1)
    with torch.no_grad():
        ours, theirs = on_cpu.logp(rollouts), on_device.logp(rollouts).cpu()
    for quantity, logp in (("learner", theirs), ("engine", rollouts.logp)):
        gap = (logp - ours)[rollouts.mask].abs().max().item()
        table.add(
            f"log-probs, {name}: {quantity} against CPU, nats", f"{gap:.2g}", gap <= LOGP_BOUND
        )
    updates = [_update(policy, rollouts) for policy in (on_device, on_cpu)]
    for quantity, values in (
        ("loss", [u.loss for u in updates]),
        ("gradient norm", [u.grad_norm for u in updates]),
    ):
        gap = abs(values[0] - values[1]) / max(abs(values[1]), 1e-3)
        table.add(f"{quantity}, {name}: against CPU, relative", f"{gap:.2g}", gap <= LOSS_BOUND)


def repeats(table: Table, base: Path, device: str) -> None:
    """Two of everything from one seed: the same bits."""
    for dtype in ("float32", "bfloat16"):
        sampled, weights = [], []
        for _ in range(2):
            policy = load_policy(base, dtype, device, temperature=1.0, top_p=0.9)
            rollouts = _sampled(policy, UNLIKE, FEW, seed=2)
            _update(policy, rollouts)
            sampled.append((rollouts.tokens, rollouts.logp))
            weights.append([p.detach().cpu() for p in policy.model.parameters()])
        same = all(torch.equal(a, b) for a, b in zip(*sampled, strict=True))
        table.add(f"same seed, same responses, {dtype}, top_p 0.9", "yes" if same else "no", same)
        same = all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
        table.add(
            f"same seed, same weights after an update, {dtype}", "yes" if same else "no", same
        )


def again(table: Table, base: Path, device: str, times: int) -> None:
    """One gradient so many times: the same bits, or the weights where it was another, of which the
    last lies nearest to the loss: behind it the way back was still the same."""
    policy = load_policy(base, "float32", device)
    rollouts = _sampled(policy, [64] * G, 40, seed=4)
    first = _gradients(policy, rollouts)
    parted: Counter[str] = Counter()
    for _ in range(times - 1):
        other = _gradients(policy, rollouts)
        unlike = [name for name in first if not torch.equal(first[name], other[name])]
        parted.update(unlike[-1:])
    where = ", ".join(f"{n} from {name} on" for name, n in parted.most_common())
    table.add(f"one gradient, {times} times: others", where or "none", not parted)


def _gradients(policy: Policy, rollouts: Rollouts) -> dict[str, Tensor]:
    """Of responses that are alternately to be more and less likely."""
    policy.model.zero_grad(set_to_none=True)
    logp = policy.logp(rollouts)
    sign = 1.0 - 2.0 * (torch.arange(len(logp), device=logp.device) % 2)
    (logp * sign[:, None]).sum().backward()  # type: ignore[no-untyped-call]
    return {n: p.grad for n, p in policy.model.named_parameters() if p.grad is not None}


def speed(table: Table, base: Path, device: str, dtype: str, size: Size) -> None:
    """Tokens a second and memory, and what share of the measured matmul peak an update reaches."""
    peak = _matmul_peak(device, getattr(torch, dtype), size.matmul)
    table.add(f"matmul, {dtype}, TFLOP/s", f"{peak / 1e12:.3g}")
    policy, alike = load_policy(base, dtype, device), [64] * size.prompts
    _sampled(policy, [64], 8, seed=3)  # kernels are loaded at their first use
    with _memory(device) as memory:
        seconds, rollouts = _timed(device, lambda: _sampled(policy, alike, size.limit, seed=3))
    tokens = int(rollouts.mask.sum())
    table.add(f"sampling, {dtype}, tokens/s", f"{tokens / seconds:,.0f} ({memory[0]})")
    _update(policy, rollouts)
    with _memory(device) as memory:
        seconds, update = _timed(device, lambda: _update(policy, rollouts))
    flops = 6 * policy.parameters * update.tokens_forward / seconds
    table.add(
        f"an update, {dtype}, tokens/s",
        f"{update.tokens_forward / seconds:,.0f} ({flops / peak:.0%} of the peak, {memory[0]})",
    )
    if importlib.util.find_spec("trl"):
        _as_in_trl(policy, rollouts)
        seconds, _ = _timed(device, lambda: _as_in_trl(policy, rollouts))
        speed = f"{update.tokens_forward / seconds:,.0f}"
        table.add(f"the same tokens read as TRL reads them, {dtype}, tokens/s", speed)


def _as_in_trl(policy: Policy, rollouts: Rollouts) -> None:
    """TRL's log-probs, forward and backward: every response behind its own copy of the prompt."""
    from trl.trainer.utils import selective_log_softmax

    prompts = torch.tensor([rollouts.prompt_tokens[g] for g in rollouts.group.tolist()])
    tokens, width = rollouts.tokens.to(policy.device), rollouts.tokens.shape[1]
    ids = torch.cat([prompts.to(policy.device), tokens], 1)
    for part, own in zip(torch.split(ids, 2 * G), torch.split(tokens, 2 * G), strict=True):
        with policy.autocast():
            logits = policy.model(input_ids=part, logits_to_keep=width + 1, use_cache=False).logits
        selective_log_softmax(logits[:, :-1], own).sum().backward()
    policy.model.zero_grad(set_to_none=False)


def _sampled(policy: Policy, lengths: list[int], limit: int, seed: int) -> Rollouts:
    """``G`` responses to each random prompt. lengths: of the prompts, tokens."""
    rng = torch.Generator().manual_seed(seed)
    prompts = len(lengths)
    vocabulary = policy.model.config.vocab_size
    ids = [torch.randint(2, vocabulary, (n,), generator=rng).tolist() for n in lengths]
    sampling = Sampling(policy.temperature, policy.top_p, limit)
    r = TorchEngine(policy, rows_at_once=1024).generate(ids, G, sampling, rng)
    group = torch.arange(prompts).repeat_interleave(G)
    names = [str(i) for i in range(prompts)]
    return Rollouts(names, ids, group, r.tokens, r.mask, r.logp, r.truncated)


def _update(policy: Policy, rollouts: Rollouts) -> Any:
    """One update of GRPO without its KL term, with every second response rewarded."""
    names = tuple(PromptInfo(p, "math") for p in rollouts.prompts)
    width = rollouts.tokens.shape[1]
    plan = RunInfo(names, len(names), G, 1, width)
    algorithm = GRPO(GRPO.Settings(beta=0.0), plan)
    kept = Rollouts(**{**vars(rollouts), "truncated": torch.zeros_like(rollouts.truncated)})
    reward = (torch.arange(len(kept)) % 2).float()
    rng = torch.Generator().manual_seed(0)
    batch = algorithm.weigh(kept, Grades(reward, reward), lambda x: policy.logp_of(x, 16384), rng)
    assert isinstance(batch, Batch)
    learner = Learner(policy, None, Optim(lr=1e-6), updates_planned=1, max_tokens=width)
    return learner.update(batch, algorithm)


def _timed(device: str, work: Callable[[], Any]) -> tuple[float, Any]:
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


def _matmul_peak(device: str, dtype: torch.dtype, n: int) -> float:
    """FLOP/s, the best of several."""
    a: Tensor = torch.randn(n, n, dtype=dtype, device=device)
    a @ a
    return max(2 * n**3 / _timed(device, lambda: a @ a)[0] for _ in range(8))


@contextmanager
def _memory(device: str) -> Iterator[list[str]]:
    """The peak of what was allocated within it."""
    rows = ["memory not counted on a CPU"]
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    yield rows
    if device == "cuda":
        rows[0] = f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB"


def _models(folder: Path, size: Size) -> tuple[Path, Path]:
    """A Llama of the size asked for, and a small Gemma 3 with windows, both random."""
    shape = {
        "vocab_size": size.vocabulary,
        "hidden_size": size.hidden,
        "intermediate_size": size.hidden * 8 // 3,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": max(size.heads // 3, 1),
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "bos_token_id": None,
        "initializer_range": 0.05,  # as decided as a trained model: log-probs of −5 or so
    }
    kinds = ["sliding_attention", "full_attention"]
    small = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16}
    windows = Gemma3TextConfig(
        **{**shape, **small, "vocab_size": 2048, "num_attention_heads": 4}
        | {"num_key_value_heads": 2, "sliding_window": WINDOW, "layer_types": kinds}
    )
    return _saved(folder / "full", LlamaConfig(**shape)), _saved(folder / "windows", windows)


def _saved(folder: Path, config: PretrainedConfig) -> Path:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    for path in shipped_base().glob("tokenizer*"):
        shutil.copy(path, folder)
    return folder
