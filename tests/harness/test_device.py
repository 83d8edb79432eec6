"""Whole runs on a pretended accelerator: nothing is forgotten on either side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.engines import readers
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models import head
from srpo_bench.harness.models.packing import Packed
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.harness.running import learner
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.results.store import read_lines
from srpo_bench.tasks.base import Grade, Outcome
from tests.harness.pretended import CUDA, DeviceMixError, pretended_cuda

SMALL: dict[str, Any] = {
    "steps": 2,
    "seeds": [1],
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 4},
    "rollout": {"prompts_per_step": 2, "group_size": 4, "max_new_tokens": 12},
    "optim": {"lr": 2e-4},
    "evaluation": {"problems": 2, "every": 2},
    "final": {"tasks": ["micro-gsm8k"], "problems": 2},
}

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "reference": ("grpo", {}),
    "pieces": ("grpo", {}),
    "replay": ("srpo", {}),
    "rounds": ("dapo", {}),
    "two updates": ("gspo", {"optim": {"updates_per_step": 2}}),
    "nucleus": ("grpo-token", {"rollout": {"temperature": 0.8, "top_p": 0.9}}),
    "greedy": ("grpo-token", {"evaluation": {"temperature": 0.0}}),
    "corrected": (
        "cispo",
        {"rollout": {"correction": "token-truncated", "measure_mismatch": True}},
    ),
    "bfloat16": ("rloo", {"model": {"dtype": "bfloat16"}}),
}

Make = Callable[..., Trainer]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A run in one folder, whose responses are right and wrong in turn and never cut."""
    graded = Collector.grade

    def grade(self: Collector, completions: GradedCompletions) -> GradedCompletions:
        graded(self, completions)
        kinds = (Outcome.CORRECT, Outcome.WRONG)
        completions.grades = [Grade(kinds[i % 2]) for i in range(len(completions.grades))]
        completions.responses.truncated[:] = False
        return completions

    monkeypatch.setattr(Collector, "grade", grade)

    def build(algorithm: str, changes: dict[str, Any]) -> Trainer:
        config = Config.model_validate(layers.merge(SMALL, changes))
        arm = Arm(name=algorithm, algorithm=algorithm)
        return Trainer(tmp_path, config, arm, 1, resolve(config.model), load_problems(config))

    return build


def train(make: Make, algorithm: str, changes: dict[str, Any]) -> Trainer:
    """One step, a checkpoint, and the rest in a run that goes on from it."""
    assert not make(algorithm, changes).train(stop=lambda: True)
    run = make(algorithm, changes)
    assert run.train()
    return run


@pytest.mark.integration
@pytest.mark.parametrize("case", CASES)
def test_a_run_on_an_accelerator_mixes_no_devices(
    case: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case == "pieces":
        monkeypatch.setitem(head.LOGITS_AT_ONCE, "cuda", 2**12)
    with pretended_cuda(monkeypatch) as seen:
        run = train(make, *CASES[case])
        assert run.policy.device == CUDA
    lines = list(read_lines(run.folder / "steps.jsonl"))
    assert [line["step"] for line in lines] == [1, 2]
    assert all(line["grad_norm"] > 0 for line in lines)
    assert {"_foreach_lerp_", "searchsorted", "index_select"} <= seen.keys()
    assert ("sort" in seen) == (case == "nucleus")
    assert ("view_as_complex" in seen) == (case != "bfloat16")  # the fast view


def identity(batch: Any, device: torch.device) -> Any:
    return batch


def mask_on_cpu(*args: Any) -> Any:
    return real_prefill(*args).cpu()


def on_the_device(self: Policy, rollouts: Any, tokens_at_once: int) -> Any:
    with torch.no_grad():
        return self.logp(rollouts)


def unmoved(self: Any, state: dict[str, Any]) -> None:
    right(self, state)
    for key, value in state["optimizer"]["state"].items():
        self.optimizer.state[self.parameters[int(key)]] = value


real_prefill, right = readers.prefill, learner.Learner.load_state_dict

FAULTS: dict[str, tuple[Any, str, Any, str]] = {
    "the batch is not moved": (learner, "move", identity, "reference"),
    "a mask stays on the CPU": (readers, "prefill", mask_on_cpu, "bfloat16"),
    "packed rows stay on the CPU": (Packed, "to", identity, "reference"),
    "log-probs are not fetched": (Policy, "logp_of", on_the_device, "corrected"),
    "the optimiser's state is not moved": (
        learner.Learner,
        "load_state_dict",
        unmoved,
        "reference",
    ),
}


@pytest.mark.integration
@pytest.mark.parametrize("fault", FAULTS)
def test_a_forgotten_transfer_is_found(
    fault: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, wrong, case = FAULTS[fault]
    monkeypatch.setattr(owner, name, wrong)
    # an algorithm's own errors come as a sentence that names it
    with pretended_cuda(monkeypatch), pytest.raises((DeviceMixError, RunError), match="mixes"):
        train(make, *CASES[case])


MIXES: dict[str, Callable[[torch.Tensor, torch.Tensor], Any]] = {
    "a sum": lambda here, there: here + there,
    "a product": lambda here, there: here @ there,
    "a list": lambda here, there: torch.cat([here, there]),
    "indices": lambda here, there: here[there.argsort()],
    "values": lambda here, there: there.index_put_((torch.tensor([0]),), here[:1]),
    "a choice": lambda here, there: torch.where(there > 0, there, here),
    "numpy": lambda here, there: there.numpy(),
    "noise": lambda here, there: there.normal_(generator=torch.Generator()),
    "drawn there": lambda here, there: torch.rand(
        3, device=there.device, generator=torch.Generator()
    ),
    "backward": lambda here, there: Backward.apply(there.requires_grad_()).sum().backward(),
}


class Backward(torch.autograd.Function):
    """Right on the way there, a mixture on the way back."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return gradients[0] * torch.ones(3)


@pytest.mark.parametrize("mix", MIXES)
def test_the_instrument_bites(mix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pretended_cuda(monkeypatch):
        here = torch.ones(3)
        there = torch.ones(3).to("cuda")
        with pytest.raises(DeviceMixError):
            MIXES[mix](here, there)


def test_what_cuda_allows_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pretended_cuda(monkeypatch) as seen:
        there = torch.ones(3, device="cuda", requires_grad=True)
        result = (there * torch.tensor(2.0))[torch.tensor([0, 2])].sum()
        assert result.device == CUDA
        result.to("cpu").backward()
        assert there.grad is not None
        assert there.grad.device == CUDA
        assert result.cpu().device.type == "cpu"
        assert result.item() == 4
    assert seen["index"] == 1
    assert torch.ones(3, device="cpu").device.type == "cpu"
