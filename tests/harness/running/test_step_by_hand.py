"""What a step of a run counts, draws and writes down, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Batch, Rollouts
from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.algorithms.gspo import GSPO
from srpo_bench.algorithms.registry import get
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config, Reward
from srpo_bench.harness.engines.base import Completions
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.rollouts.collect import GradedCompletions
from srpo_bench.harness.running import ledger, loop, methods
from srpo_bench.harness.running.learner import Update
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.harness.running.record import evaluation_line, step_line
from srpo_bench.harness.sinks.fan_out import Sinks
from srpo_bench.results.schema import Ledger, Spent
from srpo_bench.results.store import read_lines
from srpo_bench.tasks.base import Grade, Outcome, Problem
from tests.harness import faults

SMALL: dict[str, Any] = {
    "steps": 5,
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 2},
    "rollout": {"prompts_per_step": 2, "group_size": 2, "max_new_tokens": 8},
    "evaluation": {"problems": 2, "every": 5},
    "checkpoint_every": 2,
    "keep_checkpoints": 100,
}


def run_of(folder: Path, algorithm: str = "grpo", **values: Any) -> Trainer:
    config = layers.parse(Config, layers.merge(SMALL, values), "test")
    arm = Arm(name=algorithm, algorithm=algorithm)
    return Trainer(folder, config, arm, 1, resolve(config.model), load_problems(config))


class Scripted(TorchEngine):
    """Responses of 3, 1, 2 and 2 tokens, in training; nothing of them is right."""

    syncs = 0

    def sync(self) -> None:
        self.syncs += 1

    def generate(self, prompts: Any, n: int, *rest: Any) -> Completions:
        if n == 1:
            return super().generate(prompts, n, *rest)
        mask = torch.arange(3) < torch.tensor([[3], [1], [2], [2]])
        return Completions(5 * mask.long(), mask, -1.0 * mask, torch.zeros(4).bool())


def scripted(run: Trainer) -> Trainer:
    run.engine = run.collector.engine = Scripted(run.policy, 64)
    return run


def test_the_ledger_of_a_step(tmp_path: Path) -> None:
    """grpo's KL term trains on every row and reads the reference: N weights, p prompt tokens, 8
    response tokens; 2N(p + 8) sampled, 2N(p + 8) by the reference, 6N(p + 8) trained."""
    run = scripted(run_of(tmp_path, "grpo", steps=1))
    assert run.train()
    assert isinstance(run.engine, Scripted)
    assert run.engine.syncs == 2  # before anything is asked of it, and behind the update
    (line,) = read_lines(tmp_path / "steps.jsonl")
    prompts = sum(len(run.collector.prompts.of(p)) for p in run.pool.values())
    read = prompts + 8
    assert line["ledger"] == {
        "prompts": 2,
        "responses": 4,
        "responses_discarded": 0,
        "tokens_generated": 8,
        "tokens_prefilled": prompts,
        "tokens_trained": 8,
        "updates": 1,
        "verifier_calls": 4,
        "flops": 2.0 * run.policy.parameters * read * (1 + 1 + 3),
    }
    assert run.spending.spent == Spent(
        responses=4, tokens=8, updates=1, flops=line["ledger"]["flops"]
    )


def test_without_a_reference_only_rows_that_carry_a_gradient_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of four responses, of 3 and 2 tokens, one of either prompt."""
    kind: Any = get("grpo-token")

    class Uneven(kind):  # type: ignore[misc]
        def weigh(self, *args: Any) -> Batch:
            batch: Batch = super().weigh(*args)
            batch.advantage[:] = torch.tensor([1.0, 0.0, 0.0, -1.0])
            return batch

    monkeypatch.setattr(methods, "get", lambda name: Uneven)
    run = scripted(run_of(tmp_path, "grpo-token", steps=1))
    assert run.train()
    (line,) = read_lines(tmp_path / "steps.jsonl")
    prompts = sum(len(run.collector.prompts.of(p)) for p in run.pool.values())
    n = run.policy.parameters
    assert line["ledger"]["flops"] == 2.0 * n * (prompts + 8) + 6.0 * n * (prompts + 5)


def test_what_is_not_used_is_discarded_and_not_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Half(GRPO):
        def weigh(self, *args: Any) -> Batch:
            batch = super().weigh(*args)
            assert isinstance(batch, Batch)
            batch.weight[:] = torch.tensor([0.0, 1.0, 0.5, 0.0])
            batch.costs = {"verifier_calls": 5.0, "flops": 0.5}
            return batch

    monkeypatch.setattr(methods, "get", lambda name: Half)
    run = scripted(run_of(tmp_path, "grpo", steps=1, optim={"num_iterations": 3}))
    assert run.train()
    (line,) = read_lines(tmp_path / "steps.jsonl")
    entry = line["ledger"]
    assert (entry["responses"], entry["responses_discarded"]) == (4, 2)
    assert entry["tokens_generated"] == 8
    assert entry["verifier_calls"] == 4 + 5
    assert entry["flops"] % 1 == 0.5
    assert entry["tokens_trained"] == 3 * (1 + 2)  # a partial weight counts whole, in each pass
    assert entry["updates"] == 3


def test_totals_add_up_over_steps_and_stand_at_each_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Sinks, "log", lambda self, name, line: shown.append(name))
    run = scripted(run_of(tmp_path, "grpo-token"))
    assert run.train()
    assert (shown.count("steps"), shown.count("evals")) == (5, 2)
    lines = list(read_lines(tmp_path / "steps.jsonl"))
    first, last = read_lines(tmp_path / "evals.jsonl")
    assert (first["step"], last["step"]) == (0, 5)
    assert first["spent"] == {"responses": 0, "tokens": 0, "updates": 0, "flops": 0.0}
    assert last["spent"] == {
        "responses": 20,
        "tokens": 40,
        "updates": 5,
        "flops": sum(line["ledger"]["flops"] for line in lines),
    }


def test_checkpoints_come_at_their_cadence_and_at_the_end(tmp_path: Path) -> None:
    run = scripted(run_of(tmp_path, "grpo-token"))
    assert run.train()
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"step-2", "step-4", "step-5"}


def test_samples_are_recorded_at_the_first_step_and_at_their_cadence(tmp_path: Path) -> None:
    run = scripted(run_of(tmp_path, "grpo-token", samples_every=2))
    assert run.train()
    lines = [line for line in read_lines(tmp_path / "samples.jsonl") if line["phase"] == "train"]
    assert [line["step"] for line in lines] == [s for s in (1, 2, 4) for _ in range(4)]
    assert [line["length"] for line in lines[:4]] == [3, 1, 2, 2]


def test_evaluations_and_the_final_pass_draw_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The final problems are the evaluation's, and yet other noise is drawn, and anew each time."""
    seen: list[tuple[int, ...]] = []

    def watched(*args: Any) -> Any:
        seen.append(tuple(args[-1].get_state().tolist()))
        return evaluate(*args)

    evaluate = loop.evaluate
    monkeypatch.setattr(loop, "evaluate", watched)
    final = {"tasks": ["micro-gsm8k"], "problems": 2}
    values = {"steps": 2, "evaluation": {"every": 1}, "final": final}
    assert scripted(run_of(tmp_path, "grpo-token", **values)).train()
    assert len(seen) == 4
    assert len(set(seen)) == 4


def graded(rows: list[list[int]], lengths: list[int], cut: list[bool]) -> GradedCompletions:
    """Groups of right (1) and wrong (0) responses of these lengths."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    problems = [Problem(f"p{i}", "t", "math", "", "") for i in range(len(rows))]
    flat = [x for row in rows for x in row]
    return GradedCompletions(
        problems,
        [[1]] * len(rows),
        torch.arange(len(rows)).repeat_interleave(len(rows[0])),
        Completions(mask.long(), mask, -1.0 * mask, torch.tensor(cut)),
        [""] * len(flat),
        [Grade(Outcome.CORRECT if x else Outcome.WRONG, format=1.0) for x in flat],
    )


def test_a_steps_line(tmp_path: Path) -> None:
    """Three groups of two: all right, all wrong, mixed."""
    run = run_of(tmp_path, "grpo-token")
    completions = graded([[1, 1], [0, 0], [0, 1]], [1, 2, 3, 4, 5, 6], [True, *[False] * 5])
    rollouts = completions.rollouts()
    assert isinstance(rollouts, Rollouts)
    batch = Batch(rollouts, torch.zeros(6), torch.ones(6), {"own": 1.0, "both": 1.0})
    update = Update(0.5, 2.0, 1e-3, 1, 10, 20, {"both": 2.0})
    entry: Ledger = ledger.empty()
    line = step_line(
        4, completions, Reward(accuracy=1.0, format=0.1), run.sampler, batch, update, entry, None
    )
    assert line == {
        "step": 4,
        "reward": pytest.approx(0.6),
        "accuracy": pytest.approx(0.5),
        "length": pytest.approx(3.5),
        "truncated": pytest.approx(1 / 6),
        "groups": 3,
        "groups_all_correct": 1,
        "groups_all_wrong": 1,
        "pool_size": 2,
        "epoch": run.sampler.epoch,
        "by_prompt": [
            {"prompt": "p0", "right": 2, "n": 2},
            {"prompt": "p1", "right": 0, "n": 2},
            {"prompt": "p2", "right": 1, "n": 2},
        ],
        "loss": 0.5,
        "grad_norm": 2.0,
        "lr": 1e-3,
        "ledger": entry,
        "algorithm": {"own": 1.0, "both": 2.0},
    }
    told: Any = {"kl": 0.1}
    again = step_line(4, completions, Reward(), run.sampler, batch, update, entry, told)
    assert again["mismatch"] == told


def test_an_evaluations_line_weighs_tasks_alike() -> None:
    scores: Any = {
        "a": {"accuracy": 0.2, "stderr": 0.3, "n": 1000},
        "b": {"accuracy": 0.6, "stderr": 0.4, "n": 10},
    }
    spent = Spent(responses=1, tokens=2, updates=3, flops=4.0)
    line = evaluation_line(7, scores, spent)
    assert line["accuracy"] == pytest.approx(0.4)
    assert line["stderr"] == pytest.approx(math.sqrt(0.09 + 0.16) / 2)
    assert (line["step"], line["spent"], line["tasks"]) == (7, spent, scores)


class Rounded(faults.Faithful):
    """Its log-probs are a bfloat16's: 8 bits, as where kernels differ."""

    def generate(self, *args: Any, **kwargs: Any) -> Completions:
        found = super().generate(*args, **kwargs)
        return replace(found, logp=found.logp.bfloat16().float())


def test_gspos_ratio_starts_at_one_whatever_the_engine_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clip range is 3e-4, and rounded log-probs are further off than that."""
    worth = cycle([0.0, 1.0])  # a response worth nothing would count as unmoved
    monkeypatch.setattr("srpo_bench.harness.config.Reward.of", lambda *_: next(worth))
    found = {}
    for exact in (True, False):
        monkeypatch.setattr(GSPO, "exact_ratio", exact)
        folder = tmp_path / str(exact)
        folder.mkdir()
        run = run_of(folder, "gspo", rollout={"max_new_tokens": 80}, steps=1)
        assert faults.inject(run, Rounded).train()
        (line,) = read_lines(folder / "steps.jsonl")
        found[exact] = line["algorithm"]["ratio_deviation"]
    assert found[True] < 1e-5
    assert found[False] > 3e-4


def test_old_log_probs_are_read_anew_only_where_they_differ(tmp_path: Path) -> None:
    half = {"model": {"dtype": "bfloat16"}}
    assert run_of(tmp_path, "gspo", **half).reads_learner_logp
    assert not run_of(tmp_path, "gspo").reads_learner_logp
    assert not run_of(tmp_path, "grpo-token", **half).reads_learner_logp
