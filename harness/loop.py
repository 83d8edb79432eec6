"""One run: choose → generate → grade → weigh → update → record. Blind to the algorithm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from algorithms.base import Algorithm, Plan
from algorithms.batch import Batch, Grades, PromptInfo, Rollouts
from algorithms.registry import get
from harness import checkpoint, ledger
from harness.asking import Asked, Asker
from harness.config import Arm, Config
from harness.data import Problems, training_limit
from harness.engines.base import Engine, Responses, Sampling
from harness.engines.torch_engine import TorchEngine
from harness.errors import RunError
from harness.evaluate import evaluate
from harness.learner import Learner
from harness.policy import Policy, load_policy
from harness.record import evaluation_line, sample_line, step_line
from harness.streams import stream
from results.store import Ledger, append_line

SAMPLES_PER_EVALUATION = 8
"""Problems of each task whose first response an evaluation records."""

MAX_ROUNDS = 64
"""Times an algorithm may ask for more rollouts within one step."""


class Run:
    """One arm at one seed, in its run directory."""

    def __init__(
        self, folder: Path, config: Config, arm: Arm, seed: int, base: Path, problems: Problems
    ) -> None:
        self.folder, self.config, self.seed, self.problems = folder, config, seed, problems
        roll = config.rollout
        self.max_new_tokens = training_limit(config, problems)
        self.policy = self._load(base)
        self.engine: Engine = TorchEngine(self.policy, roll.rows_at_once)
        self.asker = Asker(self.policy, self.engine, problems.tasks, config.data)
        self.algorithm = self._algorithm(arm)
        self.learner = Learner(
            self.policy,
            self._load(base) if self.algorithm.needs_reference else None,
            config.optim,
            planned=config.steps * config.optim.updates_per_step,
            max_tokens=self.max_new_tokens,
        )
        self.spending = ledger.Spending()
        self.clock = ledger.Clock()

    def train(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Go on from the newest checkpoint to the last step.

        Args:
            stop: asked after every step; when true, the run saves itself and returns.

        Returns:
            True when the run is complete.
        """
        start = self._resume()
        if start == 0:
            self._evaluate(0)
            self._write("timing", self.clock.close(0))
        for step in range(start + 1, self.config.steps + 1):
            self._step(step)
            if self.config.evaluation.due(step) or step == self.config.steps:
                self._evaluate(step)
            self._write("timing", self.clock.close(step))
            halt = stop() and step < self.config.steps
            if step % self.config.checkpoint_every == 0 or step == self.config.steps or halt:
                self._save(step)
            if halt:
                return False
        return True

    def _step(self, step: int) -> None:
        entry = ledger.empty()
        asked, batch = self._gather(step, entry)
        with self.clock("training"):
            update = self.learner.update(batch, self.algorithm)
            self.engine.sync()
        entry["updates"] = update.updates
        entry["tokens_trained"] = int((batch.weight > 0).float() @ batch.rollouts.lengths.float())
        n = self.policy.parameters
        entry["flops"] += ledger.flops(n, update.tokens_reference, update.tokens_forward)
        self.spending.book(entry)
        line = step_line(step, asked, self.config.reward, self.algorithm, batch, update, entry)
        self._write("steps", line)
        if step % self.config.samples_every == 0 or step == 1:
            whole = len(batch) >= len(asked.texts)  # the fresh rows come first, in order
            for row in range(len(asked.texts)):
                advantage = float(batch.advantage[row]) if whole else None
                self._write(
                    "samples", sample_line(step, "train", asked, self.config.reward, row, advantage)
                )

    def _gather(self, step: int, entry: Ledger) -> tuple[Asked, Batch]:
        """Rollouts of a step, as many rounds as the algorithm asks for, and what they are worth."""
        order = stream(self.seed, "order", step)
        sampling = stream(self.seed, "sampling", step)
        own = stream(self.seed, "algorithm", step)
        roll = self.config.rollout
        rounds: list[Asked] = []
        wanted = roll.prompts_per_step
        while True:
            chosen = [self.problems.pool[i] for i in self.algorithm.choose(wanted, order)]
            rounds.append(self._ask(chosen, sampling, entry))
            rollouts = Rollouts.concat([a.rollouts() for a in rounds])
            grades = Grades.concat([a.rewards(self.config.reward) for a in rounds])
            answer = self.algorithm.weigh(rollouts, grades, self._scorer(entry), own)
            if isinstance(answer, Batch):
                break
            wanted = answer.prompts
            if wanted < 1 or len(rounds) >= MAX_ROUNDS:
                raise RunError(
                    f"Algorithm '{self.algorithm.name}' asked for {wanted} more prompts in round "
                    f"{len(rounds)}; it must ask for at least 1, and at most {MAX_ROUNDS} times."
                )
        asked = _joined(rounds)
        fresh = int((answer.weight > 0).sum()) - int(answer.metrics.get("replayed", 0))
        entry["responses_discarded"] = max(entry["responses"] - fresh, 0)
        return asked, self._checked(answer)

    def _ask(self, problems: list[Any], generator: torch.Generator, entry: Ledger) -> Asked:
        roll = self.config.rollout
        sampling = Sampling(roll.temperature, roll.top_p, self.max_new_tokens)
        with self.clock("rollout"):
            asked = self.asker.generate(problems, roll.group_size, sampling, generator)
        with self.clock("grading"):
            self.asker.grade(asked)
        generated = int(asked.responses.mask.sum())
        entry["prompts"] += len(problems)
        entry["responses"] += len(asked.texts)
        entry["tokens_generated"] += generated
        entry["tokens_prefilled"] += asked.tokens_prefilled
        entry["verifier_calls"] += len(asked.texts)
        entry["flops"] += ledger.flops(
            self.policy.parameters, generated + asked.tokens_prefilled, 0
        )
        return asked

    def _scorer(self, entry: Ledger) -> Callable[[Rollouts], torch.Tensor]:
        """Log-probs under the current policy for an algorithm that asks, booked."""

        def score(rollouts: Rollouts) -> torch.Tensor:
            with self.clock("training"):
                logp = self.policy.logp_of(rollouts, self.config.optim.micro_batch_tokens)
            read = int(rollouts.lengths.sum()) + sum(map(len, rollouts.prompt_tokens))
            entry["flops"] += ledger.flops(self.policy.parameters, read, 0)
            return logp

        return score

    def _checked(self, batch: Batch) -> Batch:
        """Refuse what no learner can use, naming the algorithm."""
        rows = len(batch.rollouts)
        for name, value in (("advantage", batch.advantage), ("weight", batch.weight)):
            if value.shape != (rows,) or not torch.isfinite(value).all():
                raise RunError(
                    f"Algorithm '{self.algorithm.name}' returned {name} of shape "
                    f"{tuple(value.shape)}; it must be ({rows},) and finite."
                )
        return batch

    def _evaluate(self, step: int) -> None:
        """Score the held-out problems; record the line and a few responses."""
        generator = stream(self.seed, "evaluation", step)
        scores = {}
        with self.clock("evaluation"):
            for name, score, asked in evaluate(
                self.asker,
                self.problems.evaluation,
                self.config.evaluation,
                self.config.rollout.max_new_tokens,
                generator,
            ):
                scores[name] = score
                for row in range(0, len(asked.texts), asked.n)[:SAMPLES_PER_EVALUATION]:
                    self._write(
                        "samples", sample_line(step, "eval", asked, self.config.reward, row, None)
                    )
        self._write("evals", evaluation_line(step, scores, self.spending.spent))

    def _write(self, name: str, line: Mapping[str, Any]) -> None:
        append_line(self.folder / f"{name}.jsonl", line)

    def _save(self, step: int) -> None:
        state = {
            "learner": self.learner.state_dict(),
            "algorithm": self.algorithm.state_dict(),
            "spent": dict(self.spending.spent),
        }
        checkpoint.save(self.folder, step, self.policy, state, self.config.keep_checkpoints)

    def _resume(self) -> int:
        newest = checkpoint.latest(self.folder)
        step, state = checkpoint.rewind(self.folder, newest)
        if newest is not None and state is not None:
            weights = load_policy(newest, self.config.model.dtype, self.config.model.device)
            self.policy.model.load_state_dict(weights.model.state_dict())
            self.learner.load_state_dict(state["learner"])
            self.algorithm.load_state_dict(state["algorithm"])
            self.spending = ledger.Spending(state["spent"])
        return step

    def _load(self, base: Path) -> Policy:
        m, roll = self.config.model, self.config.rollout
        return load_policy(base, m.dtype, m.device, roll.temperature, roll.top_p)

    def _algorithm(self, arm: Arm) -> Algorithm[Any]:
        kind = get(arm.algorithm)
        plan = Plan(
            pool=tuple(PromptInfo(p.id, p.kind) for p in self.problems.pool.values()),
            prompts_per_step=self.config.rollout.prompts_per_step,
            group_size=self.config.rollout.group_size,
            steps=self.config.steps,
            max_new_tokens=self.max_new_tokens,
        )
        return kind(kind.Settings.model_validate(arm.settings), plan)


def _joined(rounds: list[Asked]) -> Asked:
    """Several rounds of a step as one."""
    if len(rounds) == 1:
        return rounds[0]
    whole = Rollouts.concat([a.rollouts() for a in rounds])
    responses = Responses(whole.tokens, whole.mask, whole.logp, whole.truncated)
    return Asked(
        problems=[p for a in rounds for p in a.problems],
        prompt_tokens=whole.prompt_tokens,
        responses=responses,
        texts=[t for a in rounds for t in a.texts],
        grades=[g for a in rounds for g in a.grades],
    )
