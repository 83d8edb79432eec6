"""One run: choose → generate → grade → observe → weigh → update → record. Blind to the methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

import torch

from srpo_bench.algorithms.base import Wait
from srpo_bench.algorithms.batch import Batch, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept
from srpo_bench.harness.config import Arm, Config, Scoring
from srpo_bench.harness.engines.base import Engine, Sampling
from srpo_bench.harness.engines.choose import make_engine
from srpo_bench.harness.models.loading import open_model
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.problems.load import Problems, training_limit
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.harness.rollouts.evaluation import evaluate, positions
from srpo_bench.harness.rollouts.mismatch import corrected_rollouts, step_mismatch
from srpo_bench.harness.running import algorithm_guard as guard
from srpo_bench.harness.running import checkpoint, ledger, method_guard, record, sampler_guard
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.learner import Learner
from srpo_bench.harness.running.methods import methods_of
from srpo_bench.harness.running.stopping import InterruptedScoringError
from srpo_bench.harness.sinks.fan_out import Sinks
from srpo_bench.harness.streams import stream
from srpo_bench.results.schema import Ledger, Sample, TaskScore
from srpo_bench.results.store import FINAL
from srpo_bench.tasks import rewards
from srpo_bench.tasks.base import Problem


class Trainer:
    """One arm at one seed, in its run directory."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        arm: Arm,
        seed: int,
        base: Path,
        problems: Problems,
        attempt: Attempt | None = None,
    ) -> None:
        self.attempt = attempt or Attempt(folder)
        config = arm.configured(config)
        self.folder, self.config, self.seed, self.problems = folder, config, seed, problems
        self.base, self.pool = base, problems.pool_of(seed)
        self.max_new_tokens = training_limit(config, problems)
        self.policy = self._load(base)
        self.engine: Engine = make_engine(self.policy, config, base)
        self.collector = Collector(
            self.policy, self.engine, problems.tasks, config.data, rewards.of(config.reward.named)
        )
        self.algorithm, self.sampler = methods_of(
            arm, config, self.pool, self.max_new_tokens, self.policy
        )
        self.learner = Learner(
            self.policy,
            self._load(base) if self.algorithm.needs_reference else None,
            config.optim,
            updates_planned=config.steps * config.optim.updates_a_step,
            max_tokens=self.max_new_tokens,
            own=self.algorithm.parameters(),
        )
        self.spending = ledger.Spending()
        self.clock = ledger.Clock()
        self.owes_evaluation = True  # of the step it stands at: the untrained policy is scored too

    @property
    def reads_learner_logp(self) -> bool:
        """Whether the learner reads every response, to compare its log-probs with the engine's."""
        roll = self.config.rollout
        asked_for = roll.measure_mismatch or roll.correction != "none"
        return asked_for or self.exact_ratio or not self.engine.shares_weights

    @property
    def exact_ratio(self) -> bool:
        """Whether the old log-probs are read anew: the engine's differ (it decodes token by token,
        which in bfloat16 rounds otherwise) and the algorithm cannot bear it."""
        differ = not self.engine.shares_weights or self.policy.dtype != torch.float32
        return self.algorithm.exact_ratio and differ

    @property
    def waits_for(self) -> list[Wait]:
        """What the arm's sampler and algorithm wait for before they do anything."""
        return [*self.sampler.waits_for, *self.algorithm.waits_for]

    def train(
        self,
        stop: Callable[[], bool] = lambda: False,
        at_once: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> bool:
        """Go on from the newest checkpoint to the last step.

        Args:
            stop: asked after every step; when true, the run saves itself and returns.
            at_once: makes the block around an evaluation that is left when a stop is asked for.

        Returns:
            True when the run is complete.
        """
        start = self._resume()
        self.at_once = at_once
        with Sinks(self.config.sinks, self.folder) as self.sinks:
            self.clock = ledger.Clock()  # opening sinks is no part of training
            try:
                return self._train(start, stop)
            except InterruptedScoringError:
                return False

    def _train(self, start: int, stop: Callable[[], bool]) -> bool:
        with self.clock("sync"):
            self.engine.sync()
        if self.owes_evaluation:
            self._evaluate(start)
            self._write("timing", self.clock.close(start))
        for step in range(start + 1, self.config.steps + 1):
            self._step(step)
            if self.config.evaluates(step):
                self._evaluate_or_owe(step)
            self._write("timing", self.clock.close(step))
            self.attempt.check()
            halt = stop() and step < self.config.steps
            if step % self.config.checkpoint_every == 0 or step == self.config.steps or halt:
                self._save(step)
            if halt:
                return False
        if self.problems.final:
            self._score_finally()
        return True

    def _evaluate_or_owe(self, step: int) -> None:
        """Evaluate; where that is interrupted, save the step, whose evaluation is then due first
        when the run goes on."""
        self.owes_evaluation = True
        try:
            self._evaluate(step)
        except InterruptedScoringError:
            self._write("timing", self.clock.close(step))
            self._save(step)
            raise

    def _step(self, step: int) -> None:
        entry = ledger.empty()
        first = self.spending.spent["responses"]  # the serial number of the step's first response
        completions, batch = self._gather(step, entry, first)
        with self.clock("training"):
            update = self.learner.update(batch, self.algorithm)
        with self.clock("sync"):
            self.engine.sync()
        passes = self.config.optim.num_iterations
        ledger.add_update(entry, batch, passes, update, self.policy.parameters)
        self.spending.book(entry)
        reward, gap = self.config.reward, step_mismatch(completions, self.config.rollout)
        line = record.step_line(step, completions, reward, self.sampler, batch, update, entry, gap)
        self._write("steps", line)
        if step % self.config.samples_every == 0 or step == 1:
            for sample in record.training_samples(step, completions, batch, reward, first):
                self._write("samples", sample)

    def _gather(self, step: int, entry: Ledger, first: int) -> tuple[GradedCompletions, Batch]:
        """Rollouts of a step, as many rounds as the sampler takes, and what they are worth."""
        order = stream(self.seed, "order", step)
        sampling = stream(self.seed, "sampling", step)
        own = stream(self.seed, "algorithm", step)
        rounds: list[GradedCompletions] = []
        wanted = self.sampler.first_round
        while True:
            sampler_guard.bound(
                self.sampler, entry["prompts"], wanted, self.config.rollout.prompts_per_step
            )
            groups = sampler_guard.choose(self.sampler, step, wanted, order, self.pool)
            rounds.append(self._ask(groups, sampling, entry))
            completions = GradedCompletions.join(rounds, self.sampler.merges)
            rollouts = corrected_rollouts(completions, self.config.rollout, self.exact_ratio)
            rollouts.serial = first + torch.arange(len(rollouts))
            grades = completions.rewards(self.config.reward)
            answer = sampler_guard.observe(self.sampler, rollouts, grades)
            if isinstance(answer, Kept):
                break
            wanted = answer.groups
        sampler_guard.progress(self.sampler)
        batch = guard.weigh(
            self.algorithm, answer.rollouts, answer.grades, self._scorer(entry), own
        )
        ledger.add(entry, batch.costs)
        used = batch.rollouts.serial[batch.weight > 0]
        entry["responses_discarded"] = entry["responses"] - len(torch.unique(used[used >= first]))
        return completions, batch

    def _ask(
        self, groups: list[Group], generator: torch.Generator, entry: Ledger
    ) -> GradedCompletions:
        """Generate for groups and grade, booked; groups of one size together."""
        by_size: dict[int, list[Problem]] = {}
        for group in groups:
            by_size.setdefault(group.size, []).append(self.pool[group.prompt])
        lots = [self._generate(of, size, generator, entry) for size, of in by_size.items()]
        return GradedCompletions.join(lots)

    def _generate(
        self, problems: list[Problem], n: int, generator: torch.Generator, entry: Ledger
    ) -> GradedCompletions:
        roll = self.config.rollout
        sampling = Sampling(roll.temperature, roll.top_p, self.max_new_tokens)
        with self.clock("rollout"):
            completions = self.collector.generate(problems, n, sampling, generator)
        with self.clock("grading"):
            self.collector.grade(completions)
        ledger.add_generated(entry, completions, self.policy.parameters)
        if self.reads_learner_logp:
            completions.learner_logp = self._scorer(entry)(completions.rollouts())
        return completions

    def _scorer(self, entry: Ledger) -> Callable[[Rollouts], torch.Tensor]:
        """Log-probs under the current policy for an algorithm that asks, booked."""

        def score(rollouts: Rollouts) -> torch.Tensor:
            with self.clock("training"):
                logp = self.policy.logp_of(rollouts, self.config.optim.micro_batch_tokens)
            read = int(rollouts.lengths.sum()) + sum(map(len, rollouts.prompt_tokens))
            entry["flops"] += ledger.flops(self.policy.parameters, read, 0)
            return logp

        return score

    def _evaluate(self, step: int) -> None:
        """Score the held-out problems; record the line and a few responses."""
        limit = self.config.rollout.max_new_tokens
        scores = self._score("eval", self.config.evaluation, limit, step)
        self._write("evals", record.evaluation_line(step, scores, self.spending.spent))
        self.owes_evaluation = False

    def _score_finally(self) -> None:
        """Score the trained policy on the final benchmarks: its own file, written when all is done.
        The last checkpoint lies behind it, so that a run that is stopped here does this anew."""
        step, settings = self.config.steps, self.config.final
        held = positions(self.collector, self.problems.evaluation, self.config)
        self.engine.positions_at_once = held
        scores = self._score("final", settings, settings.max_new_tokens, step)
        self._write("timing", {**self.clock.close(step), "other": 0.0})  # it is all evaluation
        line = record.evaluation_line(step, scores, self.spending.spent)
        self.attempt.write_json(FINAL, line)

    def _score(
        self, phase: Literal["eval", "final"], settings: Scoring, limit: int | None, step: int
    ) -> dict[str, TaskScore]:
        problems = self.problems.final if phase == "final" else self.problems.evaluation
        generator = stream(self.seed, "final" if phase == "final" else "evaluation", step)
        scores: dict[str, TaskScore] = {}
        samples: list[Sample] = []  # written when all is done: nothing of an interrupted one is
        with self.clock("evaluation"), self.at_once():
            for name, score, completions in evaluate(
                self.collector, problems, settings, limit, generator
            ):
                scores[name] = score
                samples += record.evaluation_samples(step, phase, completions, self.config.reward)
        for line in samples:
            self._write("samples", line)
        return scores

    def _write(self, name: str, line: Mapping[str, Any]) -> None:
        self.attempt.append(f"{name}.jsonl", line)
        self.sinks.log(name, line)

    def _save(self, step: int) -> None:
        state = {
            "learner": self.learner.state_dict(),
            "algorithm": method_guard.state(self.algorithm),
            "sampler": method_guard.state(self.sampler),
            "spent": dict(self.spending.spent),
            "owes_evaluation": self.owes_evaluation,
        }
        keep = self.config.keep_checkpoints
        checkpoint.save(self.attempt, step, self.policy, state, keep, self.base)

    def _resume(self) -> int:
        newest = checkpoint.latest(self.folder)
        step, state = checkpoint.rewind(self.attempt, newest)
        self.attempt.drop(self.folder / FINAL)  # what belongs to it in the records is cut back, too
        self.owes_evaluation = state is None or state.get("owes_evaluation", False)
        if newest is not None and state is not None:
            weights = open_model(newest, torch.device("cpu"))  # a device may hold no third model
            self.policy.model.load_state_dict(weights.state_dict())
            self.learner.load_state_dict(state["learner"])
            method_guard.restore(self.algorithm, state["algorithm"])
            method_guard.restore(self.sampler, state["sampler"])
            self.spending = ledger.Spending(state["spent"])
        return step

    def _load(self, base: Path) -> Policy:
        m, roll = self.config.model, self.config.rollout
        return load_policy(base, m.dtype, m.device, roll.temperature, roll.top_p)
