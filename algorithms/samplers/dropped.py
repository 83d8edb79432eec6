"""What history resampling remembers: who was solved in an epoch, and who is out since when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srpo_bench.algorithms.batch import Grades, Rollouts


class EpochRecord:
    """Whether all rollouts of each prompt seen in the current epoch were correct.

    "Correct" is the accuracy field, not the reward, which may hold bonuses and penalties.
    """

    def __init__(self) -> None:
        self._all_correct: dict[str, bool] = {}

    def observe(self, rollouts: Rollouts, grades: Grades) -> None:
        """Add a step. A prompt with several groups is judged on all of them together."""
        for row, group in enumerate(rollouts.group.tolist()):
            prompt, correct = rollouts.prompts[group], bool(grades.accuracy[row] == 1)
            self._all_correct[prompt] = self._all_correct.get(prompt, True) and correct

    def solved(self) -> list[str]:
        """Prompts seen this epoch and never answered wrongly in it."""
        return [prompt for prompt, correct in self._all_correct.items() if correct]

    def unsolved(self) -> list[str]:
        """Prompts seen this epoch and answered wrongly in it at least once."""
        return [prompt for prompt, correct in self._all_correct.items() if not correct]

    def share_solved(self) -> float:
        """The share of this epoch's prompts that were never answered wrongly; 0 before any is
        seen."""
        return len(self.solved()) / max(len(self._all_correct), 1)

    def clear(self) -> None:
        """Begin the next epoch."""
        self._all_correct = {}

    def state_dict(self) -> dict[str, Any]:
        """The open epoch."""
        return {"all_correct": dict(self._all_correct)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._all_correct = dict(state["all_correct"])


class DroppedPrompts:
    """Prompts that history resampling has taken out, and since which epoch.

    ``readmit_after``: epochs a prompt sits out before it returns; None: it never does.
    """

    def __init__(self, readmit_after: int | None) -> None:
        self._sits_out = readmit_after
        self._since: dict[str, int] = {}
        self._pool_readmitted = 0

    def update(self, record: EpochRecord, epoch: int) -> None:
        """At the end of ``epoch``: let back in who sat out long enough or was answered wrongly
        while out, take out the solved."""
        if self._sits_out is not None:
            self._since = {p: e for p, e in self._since.items() if epoch - e < self._sits_out}
        for prompt in record.unsolved():
            self._since.pop(prompt, None)
        self._since |= dict.fromkeys(record.solved(), epoch)

    def __contains__(self, prompt: str) -> bool:
        return prompt in self._since

    def survivors(self, pool: Sequence[str], kept: Sequence[str] = ()) -> list[str]:
        """Those of ``pool`` that are in. Where none is, training does not stop: those ``kept``
        return, or where they are none of the pool's, all of it."""
        left = [prompt for prompt in pool if prompt not in self._since]
        if left:
            return left
        self._pool_readmitted += 1
        back = [prompt for prompt in pool if prompt in set(kept)] or list(pool)
        for prompt in back:
            del self._since[prompt]
        return back

    def metrics(self) -> dict[str, float]:
        """dropped: prompts that are out. pool_readmitted: how often a pool was empty."""
        return {"dropped": len(self._since), "pool_readmitted": self._pool_readmitted}

    def state_dict(self) -> dict[str, Any]:
        """Who is out since when."""
        return {"since": dict(self._since), "pool_readmitted": self._pool_readmitted}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._since = dict(state["since"])
        self._pool_readmitted = state["pool_readmitted"]
