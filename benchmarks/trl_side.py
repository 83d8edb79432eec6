"""TRL's ``GRPOTrainer`` on a comparison's own contract: same base, pool, settings and graders.

What is left to TRL is what it is compared for: its order of prompts, sampling, loss and update.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.problems.load import Problems, training_limit
from srpo_bench.harness.rollouts.collect import Collector
from srpo_bench.harness.rollouts.evaluation import evaluate
from srpo_bench.harness.rollouts.prompts import style_of
from srpo_bench.harness.running.record import evaluation_line
from srpo_bench.harness.streams import stream
from srpo_bench.results.schema import Spent

NOTHING = Spent(responses=0, tokens=0, updates=0, flops=0.0)


@dataclass
class Curve:
    """What a run showed. reward, length: one a step, from step 1.   seconds, cpu: of the wall clock
    and of the processor, from the end of one step to that of the next, evaluation included; from
    step 2.   accuracy: held-out, by step."""

    reward: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    accuracy: dict[int, float] = field(default_factory=dict)


class Stopwatch:
    """Marks the ends of steps."""

    def __init__(self) -> None:
        self.marks: list[tuple[float, float]] = []

    def mark(self) -> None:
        """A step is over."""
        self.marks.append((time.perf_counter(), time.process_time()))

    def read_into(self, curve: Curve) -> None:
        """What lies between the marks."""
        for (wall, cpu), (later, more) in pairwise(self.marks):
            curve.seconds.append(later - wall)
            curve.cpu.append(more - cpu)


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Marks the steps, and scores the policy as the harness does."""

    def __init__(self, curve: Curve, due: Callable[[int], bool], score: Callable[[int], float]):
        self.curve, self.due, self.score = curve, due, score
        self.stopwatch = Stopwatch()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.due(state.global_step):
            self.curve.accuracy[state.global_step] = self.score(state.global_step)
        self.stopwatch.mark()


def train(
    config: Config, problems: Problems, policy: Policy, seed: int, out: Path, **more: Any
) -> Curve:
    """Train ``policy`` for ``config.steps`` steps. ``more``: further settings of ``GRPOConfig``."""
    curve = Curve()
    score = scorer(config, problems, policy, seed)
    if config.evaluation.due(0):
        curve.accuracy[0] = score(0)
    watch = _Watch(curve, config.evaluation.due, score)
    trainer = GRPOTrainer(
        model=policy.model,
        processing_class=policy.tokenizer,
        reward_funcs=reward(config, problems),
        train_dataset=prompts(config, problems, policy, seed),
        args=GRPOConfig(**{**settings(config, problems, seed, out), **more}),
        callbacks=[watch],
    )
    trainer.train()
    watch.stopwatch.read_into(curve)
    lines = [line for line in trainer.state.log_history if "reward" in line]
    curve.reward = [line["reward"] for line in lines]
    curve.length = [line["completions/mean_length"] for line in lines]
    return curve


def settings(config: Config, problems: Problems, seed: int, out: Path) -> dict[str, Any]:
    """The contract in TRL's words."""
    roll, optim = config.rollout, config.optim
    schedule = "constant_with_warmup" if optim.schedule == "constant" else optim.schedule
    return {
        "output_dir": str(out),
        "seed": seed,
        "max_steps": config.steps,
        # one rollout batch is one micro-batch is one update
        "per_device_train_batch_size": roll.prompts_per_step * roll.group_size,
        "gradient_accumulation_steps": 1,
        "num_generations": roll.group_size,
        "max_completion_length": training_limit(config, problems),
        "temperature": roll.temperature,
        "top_p": roll.top_p,
        "learning_rate": optim.lr,
        "lr_scheduler_type": schedule,
        "warmup_steps": optim.warmup_updates,
        "adam_beta1": optim.betas[0],
        "adam_beta2": optim.betas[1],
        "adam_epsilon": optim.eps,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
        "beta": 0.0,
        "epsilon": 0.2,
        "loss_type": "grpo",
        "scale_rewards": "group",
        "bf16": False,
        "use_cpu": True,
        "gradient_checkpointing": False,  # TRL's default; it trades time for memory
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def prompts(config: Config, problems: Problems, policy: Policy, seed: int) -> Any:
    """The seed's pool as the data set TRL takes."""
    style = style_of(config.data, policy.tokenizer)
    rows = [
        {"prompt": problems.tasks[p.task].render(p, style, config.data.shots), "problem": p.id}
        for p in problems.pool_of(seed).values()
    ]
    return datasets.Dataset.from_list(rows)


def reward(config: Config, problems: Problems) -> Callable[..., list[float]]:
    """Our graders as a reward function of TRL's."""

    def task_reward(completions: Sequence[str], problem: Sequence[str], **_: Any) -> list[float]:
        chosen = [problems.pool[name] for name in problem]
        rewards = [0.0] * len(chosen)
        for name in dict.fromkeys(p.task for p in chosen):
            rows = [i for i, p in enumerate(chosen) if p.task == name]
            grades = problems.tasks[name].grade(
                [chosen[i] for i in rows], [completions[i] for i in rows]
            )
            for i, grade in zip(rows, grades, strict=True):
                rewards[i] = config.reward.of(grade)
        return rewards

    return task_reward


def scorer(config: Config, problems: Problems, policy: Policy, seed: int) -> Callable[[int], float]:
    """Held-out accuracy at a step as a run of ours records it, with the same evaluation noise."""
    collector = Collector(policy, TorchEngine(policy, 1024), problems.tasks, config.data)
    limit = config.rollout.max_new_tokens

    def score(step: int) -> float:
        generator = stream(seed, "evaluation", step)
        training = policy.model.training
        policy.model.eval()
        scored = evaluate(collector, problems.evaluation, config.evaluation, limit, generator)
        line = evaluation_line(step, {name: s for name, s, _ in scored}, NOTHING)
        policy.model.train(training)
        return line["accuracy"]

    return score
