"""What every step cost: counts, which are exact and repeatable, and seconds, which are not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from srpo_bench.algorithms.batch import Batch
from srpo_bench.harness.rollouts.collect import GradedCompletions
from srpo_bench.harness.running.learner import Update
from srpo_bench.results.schema import PHASES, PROCESSOR, Ledger, Spent, Timing


def empty() -> Ledger:
    """A step's account before anything was spent."""
    return Ledger(
        prompts=0,
        responses=0,
        responses_discarded=0,
        tokens_generated=0,
        tokens_prefilled=0,
        tokens_trained=0,
        updates=0,
        verifier_calls=0,
        flops=0.0,
    )


def flops(parameters: int, forward: int, trained: int) -> float:
    """Estimated FLOPs: 2N a token forward, 6N a token forward and backward (Kaplan et al. 2020,
    arXiv 2001.08361, section 2.1); attention's own products are left out."""
    return 2.0 * parameters * forward + 6.0 * parameters * trained


def add_generated(entry: Ledger, completions: GradedCompletions, parameters: int) -> None:
    """Book responses that were generated and graded."""
    generated = int(completions.responses.mask.sum())
    entry["prompts"] += len(completions.problems)
    entry["responses"] += len(completions.texts)
    entry["tokens_generated"] += generated
    entry["tokens_prefilled"] += completions.tokens_prefilled
    entry["verifier_calls"] += len(completions.texts)
    entry["flops"] += flops(parameters, generated + completions.tokens_prefilled, 0)


def add_update(entry: Ledger, batch: Batch, passes: int, update: Update, parameters: int) -> None:
    """Book the training of a batch that was read so many times."""
    trained = int(batch.rollouts.lengths[batch.weight > 0].sum())
    entry["tokens_trained"] = trained * passes
    entry["updates"] = update.updates
    entry["flops"] += flops(parameters, update.tokens_reference, update.tokens_forward)


def add(entry: Ledger, costs: Mapping[str, float]) -> None:
    """Book what a method says it has spent; its names were checked."""
    booked = cast(dict[str, float], entry)
    for name, value in costs.items():
        booked[name] += value if name == "flops" else int(value)


class Spending:
    """Running totals of a run, as of the last closed step."""

    def __init__(self, spent: Spent | None = None) -> None:
        self.spent = spent or Spent(responses=0, tokens=0, updates=0, flops=0.0)

    def book(self, entry: Ledger) -> None:
        """Add a step's account."""
        s = self.spent
        self.spent = Spent(
            responses=s["responses"] + entry["responses"],
            tokens=s["tokens"] + entry["tokens_generated"],
            updates=s["updates"] + entry["updates"],
            flops=s["flops"] + entry["flops"],
        )


class Clock:
    """Seconds by phase, ``srpo_bench.results.schema.PHASES``; what none of them claims is other.

    Beside them the processor's: neighbours on the same machine, and the runs beside this one,
    stretch the wall clock and not those. Their sum leaves evaluation out.
    """

    def __init__(self) -> None:
        self._restart()

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Time a block."""
        start, busy = time.perf_counter(), _processor()
        try:
            yield
        finally:
            self._wall[phase] += time.perf_counter() - start
            self._processor[phase] += _processor() - busy

    def close(self, step: int) -> Timing:
        """The step's timing; the clock starts anew."""
        total, busy = time.perf_counter() - self._start, _processor() - self._busy
        self._wall["other"] = max(total - sum(self._wall.values()), 0.0)
        self._processor["other"] = max(busy - sum(self._processor.values()), 0.0)
        seconds = dict(self._wall)
        seconds[PROCESSOR] = busy - self._processor["evaluation"]
        seconds |= {f"{PROCESSOR}_{phase}": value for phase, value in self._processor.items()}
        self._restart()
        rounded = {name: round(value, 4) for name, value in seconds.items()}
        return cast(Timing, {"step": step, **rounded})

    def _restart(self) -> None:
        self._start, self._busy = time.perf_counter(), _processor()
        self._wall, self._processor = dict.fromkeys(PHASES, 0.0), dict.fromkeys(PHASES, 0.0)


def _processor() -> float:
    """Processor seconds of this process, all its threads, and its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
