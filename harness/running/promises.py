"""What a method promises, tried: a few steps of the micro base, some of them disturbed.

The harness promises that a run goes on to the same bits after a stop, and that memory settings
change no result. Both hold only if the methods keep their part: everything they remember is in
``state_dict``, every draw comes from the generator they are given, and ``loss`` adds up over
micro-batches. Nothing of that shows in a run that is not disturbed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srpo_bench.algorithms.batch import Batch
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.environment import make_repeatable
from srpo_bench.harness.errors import RunError, UserError, one_line
from srpo_bench.harness.models.micro import shipped_base
from srpo_bench.harness.problems.load import Problems, load_problems
from srpo_bench.harness.promise import RUNS, Promise
from srpo_bench.harness.running.held import Held, held, lost
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.results.scratch import scratch_folder
from srpo_bench.results.store import read_lines

STEPS = 5
"""Two epochs and a half of the pool below, so that what a method remembers can matter."""

SMALL = {
    "steps": STEPS,
    "checkpoint_every": STEPS,
    "data": {"tasks": ["micro-gsm8k", "micro-math"], "pool_size": 6},
    "rollout": {"prompts_per_step": 3, "group_size": 6},
    "optim": {"lr": 2e-4},
    "evaluation": {"problems": 2, "k": 1, "every": STEPS},
}

FEW_TOKENS = 64
"""A micro-batch of a few responses, so that a step's batch is cut many times."""

TOLERANCE = 1e-3
"""Relative, float32: sums in another order differ in the last digits, a fault by more."""

FLOOR = 1e-2
"""What a loss of zero is measured by: that of centred advantages is, before the first update."""


def check(arm: Arm) -> list[Promise]:
    """Try every promise of an arm's algorithm and sampler; the first one is that they run at all.

    Raises:
        UserError: settings that the arm's methods refuse.
    """
    config = layers.parse(Config, SMALL, "the check")
    make_repeatable(config.threads)
    problems = load_problems(config)
    trials = Trials(arm, config, problems)
    runs: list[Trainer] = []
    try:
        undisturbed = trials.lines(disturb=runs.append)
    except UserError:
        raise
    except RunError as error:
        return [Promise(RUNS, str(error).rstrip("."))]
    except Exception as error:  # what it left behind may break what is ours
        return [Promise(RUNS, f"{type(error).__name__}: {one_line(error)}")]
    whole = held(runs[0].algorithm, runs.pop().sampler)
    again, drew, turned = trials.watched()
    draws = Promise("draws come from the generator that is given", drew)
    repeats = Promise("the same seed gives the same bits", _unlike(undisturbed, again, OF_ITSELF))
    if draws.fault or repeats.fault:  # nothing else could be told from its runs
        return [Promise(RUNS), draws if draws.fault else repeats]
    return [
        Promise(RUNS),
        draws,
        repeats,
        Promise("it learns", _still(undisturbed)),
        Promise("the process's switches are left as they are", turned),
        Promise("a resumed run goes on to the same bits", trials.resumed(undisturbed, whole)),
        Promise("the loss adds up over micro-batches", trials.cut(undisturbed)),
        Promise("the order of a batch's rows does not matter", trials.shuffled(undisturbed)),
        Promise("responses of advantage 0 add nothing to the loss", trials.whole()),
    ]


@dataclass
class Trials:
    """Short runs of one arm, each in a folder that is thrown away."""

    arm: Arm
    config: Config
    problems: Problems

    def lines(
        self, config: Config | None = None, disturb: Callable[[Trainer], None] | None = None
    ) -> list[dict[str, Any]]:
        """The lines of steps.jsonl of one run from start to end."""
        with self._folder() as folder:
            run = self._run(folder, config)
            if disturb:
                disturb(run)
            run.train()
            return list(read_lines(folder / "steps.jsonl"))

    def resumed(self, undisturbed: list[dict[str, Any]], whole: Held) -> str:
        """Stopped after each step and begun again in a new process's stead. whole: what the
        methods of the undisturbed run held at its end."""
        with self._folder() as folder:
            for _ in range(STEPS):
                run = self._run(folder)
                run.train(lambda: True)
            again = list(read_lines(folder / "steps.jsonl"))
        why = "after a stop; what is remembered between steps belongs in state_dict"
        gone = lost(whole, held(run.algorithm, run.sampler))
        return _unlike(undisturbed, again, why) or (f"{gone} {why}" if gone else "")

    def watched(self) -> tuple[list[dict[str, Any]], str, str]:
        """The same run once more: its lines; which verbs moved a global generator of torch, numpy
        or Python; and which set what everything in their process computes by."""
        movers: list[str] = []
        turners: list[str] = []

        def watch(run: Trainer) -> None:
            verbs = (("weigh", run.algorithm), ("loss", run.algorithm))
            for name, method in (*verbs, ("choose", run.sampler), ("observe", run.sampler)):
                for look, found in ((_global_state, movers), (_switches, turners)):
                    setattr(method, name, _watched(name, getattr(method, name), look, found))

        again = self.lines(disturb=watch)
        drew = turned = ""
        if movers:
            drew = (
                f"{', '.join(dict.fromkeys(movers))} draws from a global generator, which no seed "
                "of the run reaches; draw from the rng that is passed in"
            )
        if turners:
            turned = (
                f"{', '.join(dict.fromkeys(turners))} sets threads, dtype, precision, determinism, "
                "gradients or the working directory for the whole process, so that arms would not "
                "be computed alike"
            )
        return again, drew, turned

    def cut(self, undisturbed: list[dict[str, Any]]) -> str:
        """The same run in many small micro-batches."""
        optim = self.config.optim.model_copy(update={"micro_batch_tokens": FEW_TOKENS})
        small = self.lines(self.config.model_copy(update={"optim": optim}))
        return _apart(
            undisturbed,
            small,
            "in small micro-batches; divide by the totals that are passed in, not by one's own",
        )

    def shuffled(self, undisturbed: list[dict[str, Any]]) -> str:
        """The same run with the rows of every batch in another order."""

        def disturb(run: Trainer) -> None:
            weigh = run.algorithm.weigh

            def other(*given: Any) -> Batch:
                batch = weigh(*given)
                order = torch.Generator().manual_seed(0)
                return batch.rows(torch.randperm(len(batch), generator=order))

            method: Any = run.algorithm
            method.weigh = other

        return _apart(
            undisturbed,
            self.lines(disturb=disturb),
            "with rows in another order; a response's neighbours in a batch mean nothing",
        )

    def whole(self) -> str:
        """Two runs with every other advantage 0, one of which is shown those responses, too."""

        def half(run: Trainer) -> None:
            weigh = run.algorithm.weigh

            def halved(*given: Any) -> Batch:
                batch = weigh(*given)
                batch.advantage = batch.advantage * (torch.arange(len(batch)) % 2)
                return batch

            method: Any = run.algorithm
            method.weigh = halved

        def shown(run: Trainer) -> None:
            half(run)
            learner: Any = run.learner
            cut = learner.micro_batches
            learner.micro_batches = lambda batch, _: cut(batch, True)

        return _apart(
            self.lines(disturb=half),
            self.lines(disturb=shown),
            "with responses of advantage 0 in it; they are left out unless the method says "
            "reads_outputs or needs_reference",
        )

    def _run(self, folder: Path, config: Config | None = None) -> Trainer:
        return Trainer(folder, config or self.config, self.arm, 1, shipped_base(), self.problems)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        before = _switches()
        try:
            with scratch_folder("bench-check-") as folder:
                yield folder
        finally:
            for (_, put), value in zip(SWITCHES, before, strict=True):
                put(value)


def _watched(
    name: str, verb: Callable[..., Any], look: Callable[[], Any], found: list[str]
) -> Callable[..., Any]:
    def watched(*given: Any, **named: Any) -> Any:
        before = look()
        answer = verb(*given, **named)
        if look() != before:
            found.append(name)
        return answer

    return watched


SWITCHES: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (os.getcwd, os.chdir),
)
"""How a process computes: what reads and what sets it."""


def _switches() -> list[Any]:
    return [read() for read, _ in SWITCHES]


def _global_state() -> tuple[bytes, bytes, Any]:
    numbers = np.random.get_state(legacy=False)  # it is watched, not drawn from
    return (
        torch.random.get_rng_state().numpy().tobytes(),
        repr(numbers).encode(),
        random.getstate(),
    )


def _still(lines: list[dict[str, Any]]) -> str:
    """That no step had a gradient: its loss is a number, and not a function of the policy."""
    if any(line["grad_norm"] for line in lines):
        return ""
    return f"its loss has no gradient in any of {len(lines)} steps; is it detached, or always 0?"


def _apart(undisturbed: list[dict[str, Any]], other: list[dict[str, Any]], how: str) -> str:
    """The first step alone: after it two runs that differ in rounding go their own ways."""
    ours, theirs = undisturbed[0], other[0]
    for key in ("loss", "grad_norm"):
        if abs(ours[key] - theirs[key]) > TOLERANCE * max(abs(ours[key]), abs(theirs[key]), FLOOR):
            return f"{key} is {theirs[key]:.4g} instead of {ours[key]:.4g} {how}"
    return ""


OF_ITSELF = (
    "the second time; it reads a clock, draws from a generator of its own, or remembers outside of "
    "its instance"
)


def _unlike(undisturbed: list[dict[str, Any]], again: list[dict[str, Any]], when: str) -> str:
    """The first step that differs between two runs that should be alike; empty where none does."""
    for ours, theirs in zip(undisturbed, again, strict=True):
        if ours != theirs:
            return f"step {ours['step']} has {_differing(ours, theirs)} {when}"
    return ""


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    key = next(key for key in ours if ours[key] != theirs.get(key))
    if isinstance(ours[key], float):
        return f"{key} {theirs[key]:.4g} instead of {ours[key]:.4g}"
    return f"another {key}"
