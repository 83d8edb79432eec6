"""What a sampler is: the choice of prompts, apart from what is learned from their responses.

    choose    which prompts, and how many responses of each
    observe   what is kept of the step's responses, or how many more groups it takes first

Any sampler goes with any algorithm: an arm of a comparison is a pair of the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch

from srpo_bench.algorithms.base import RunInfo, Settings, Wait
from srpo_bench.algorithms.batch import Grades, Rollouts


@dataclass(frozen=True)
class Group:
    """A prompt id and how many responses are generated for it."""

    prompt: str
    size: int


@dataclass(frozen=True)
class Kept:
    """What the algorithm is given of a step's responses, and their grades."""

    rollouts: Rollouts
    grades: Grades

    def pick(self, rows: torch.Tensor) -> Kept:
        """The given rows (long (b,)) alone."""
        return Kept(self.rollouts.pick(rows), self.grades.pick(rows))


@dataclass(frozen=True)
class More:
    """Returned by ``observe`` instead of what is kept: generate this many more groups first."""

    groups: int


S = TypeVar("S", bound=Settings)


class Sampler(ABC, Generic[S]):
    """A method of selection. Whatever it remembers between steps is in its ``state_dict``."""

    name: ClassVar[str]
    paper: ClassVar[str]
    """Where it is published: arXiv id, or "this project"."""
    changes: ClassVar[str]
    """One line: what it does other than going through the pool in shuffled epochs."""
    formula: ClassVar[str]
    """The rule in one or a few plain lines, for ``bench algos show``."""
    unpublished: ClassVar[dict[str, str]] = {}
    """Settings whose value no source gives: name -> why this default."""
    merges: ClassVar[bool] = False
    """True: what is generated for a prompt in a later round of a step joins its group."""
    logs: ClassVar[Mapping[str, str]] = {}
    """Columns it adds to every step's record, ``algorithm``: name -> what it counts."""
    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self, settings: S, info: RunInfo) -> None:
        self.settings = settings
        self.info = info

    @property
    def first_round(self) -> int:
        """Groups that a step begins with."""
        return self.info.prompts_per_step

    @property
    def pool_size(self) -> int:
        """Prompts that can be chosen now."""
        return len(self.info.pool)

    @property
    def epoch(self) -> int:
        """Epochs begun so far; 0 where the method goes by none."""
        return 0

    @property
    def notes(self) -> list[str]:
        """Sentences about this run a reader of its results must know, such as a part at rest."""
        return []

    @property
    def at_rest(self) -> tuple[str, ...]:
        """Settings that change nothing in this run, whatever their values."""
        return ()

    @property
    def waits_for(self) -> list[Wait]:
        """What has to happen before the method does anything, for the manifest: whoever reads the
        results asks when it would have, by the baseline's records. Empty: it acts at once."""
        return []

    @abstractmethod
    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """``n`` groups to generate.

        Args:
            step: the step, from 1, as in the records. A step of several rounds asks several times.
            n: ``first_round``, and then what ``More`` said.
            rng: the stream of the step's choices, the same for all rounds.

        A prompt may stand in the answer twice.
        """

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """What is kept of *all* responses of the step so far, every round's; or how many more."""
        return Kept(rollouts, grades)

    def metrics(self) -> dict[str, float]:
        """Plain numbers recorded with the step, once it has been observed."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Everything a resumed run needs between two steps, of plain values and tensors."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""

    def groups(self, prompts: Iterable[str]) -> list[Group]:
        """Whole groups of the comparison's size."""
        return [Group(prompt, self.info.group_size) for prompt in prompts]
