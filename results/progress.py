"""How far a comparison is: its runs by state, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from srpo_bench.results.runs import Run

ENDED = ("done", "failed")
ORDER = ("failed", "stopped", "running", "waiting")


@dataclass(frozen=True)
class Progress:
    """Runs by state. Every planned run has a folder before the first one starts."""

    states: dict[str, int]

    @property
    def runs(self) -> int:
        """All of them."""
        return sum(self.states.values())

    @property
    def over(self) -> bool:
        """Every run has ended, well or badly."""
        return sum(self.states.get(s, 0) for s in ENDED) == self.runs

    @property
    def sentence(self) -> str:
        """``3 of 16 runs done, 2 running, 11 waiting; an arm is judged when its runs and …``."""
        others = [f"{self.states[s]} {s}" for s in ORDER if self.states.get(s)]
        states = ", ".join([f"{self.states.get('done', 0)} of {self.runs} runs done", *others])
        if self.over:
            return states
        return f"{states}; an arm is judged when its runs and the baseline's have ended"


def progress(runs: Sequence[Run]) -> Progress:
    """Count them."""
    states = [run.state for run in runs]
    return Progress({state: states.count(state) for state in dict.fromkeys(states)})
