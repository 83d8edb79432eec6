"""How long what is left will take: training steps and evaluations are counted apart, since a run
evaluates often at first and seldom later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srpo_bench.results.schema import PHASES, PROCESSOR

if TYPE_CHECKING:
    from srpo_bench.harness.config import Config


@dataclass
class Pace:
    """Seconds that a run, or several, spent on training steps and on evaluations; and the
    processor's, evaluations left out."""

    steps: int = 0
    training: float = 0.0
    evaluations: int = 0
    evaluation: float = 0.0
    processor: float = 0.0

    def add(self, line: dict[str, Any]) -> None:
        """Count a line of timing.jsonl."""
        seconds = sum(line.get(phase, 0.0) for phase in PHASES if phase != "evaluation")
        self.processor += line.get(PROCESSOR, 0.0)
        if line["step"] > 0:
            self.steps += 1
            self.training += seconds
        if line["evaluation"] > 0:
            self.evaluations += 1
            self.evaluation += line["evaluation"]

    @staticmethod
    def pooled(paces: Iterable[Pace]) -> Pace:
        """Several runs as one."""
        total = Pace()
        for p in paces:
            total.steps += p.steps
            total.training += p.training
            total.evaluations += p.evaluations
            total.evaluation += p.evaluation
            total.processor += p.processor
        return total

    def seconds(self, config: Config, done: int | None) -> float | None:
        """What a run still takes after step ``done`` (None: it has not begun); None: not known.

        The last scoring on ``final.tasks`` is not in it: no run has shown its price before the end.
        """
        if not self.steps or not self.evaluations:
            return None
        left = range(1 if done is None else done + 1, config.steps + 1)
        scored = sum(map(config.evaluates, left))
        scored += done is None  # the evaluation before the first step
        return self.training / self.steps * len(left) + self.evaluation / self.evaluations * scored


def together(running: Sequence[float], waiting: Sequence[float], side_by_side: int) -> float:
    """Seconds until all have ended: each place takes the next run as soon as it is free."""
    places = sorted([*running, *[0.0] * max(0, side_by_side - len(running))])
    for seconds in waiting:
        places[0] += seconds
        places.sort()
    return max(places, default=0.0)


def minutes(seconds: float) -> str:
    """``40 s``, ``9 min``, ``2 h 5 min``."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} s"
    whole = max(1, round(seconds / 60))
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min"
