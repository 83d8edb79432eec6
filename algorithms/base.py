"""What an algorithm is: two verbs and its own state.

    weigh    what each response is worth (advantage, weight), and what else to train on
    loss     the objective of one micro-batch

Which prompts a step works on is the sampler's (``samplers.base``). The training loop is blind to
both: a method touches selection, weighting and loss, nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, NotRequired, TypedDict, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, PromptInfo, Rollouts, Totals


class Settings(BaseModel):
    """Base of every method's settings: immutable, validated, unknown keys refused, and so is what
    JSON has no word for, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def setting(default: Any, description: str, source: str, **limits: Any) -> Any:
    """A field of a ``Settings``: what it does, and where its default comes from.

    ``source`` is "unpublished" where no publication gives the value; the class's ``unpublished``
    then says why this one. ``limits`` are pydantic's: ge, le, gt, lt.
    """
    return Field(default, description=description, json_schema_extra={"source": source}, **limits)


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class RunInfo:
    """What a method may know of the run it serves; equal for all arms of a comparison."""

    pool: tuple[PromptInfo, ...]
    prompts_per_step: int
    group_size: int
    steps: int
    max_new_tokens: int
    hidden_size: int = 0
    """Of the policy's last hidden states, d."""


class Wait(TypedDict):
    """An event that a method's rule waits for."""

    event: Literal["epoch-boundary-with-solved-prompt", "stage-switch", "first-replay"]
    rate: NotRequired[float]
    """The pass rate from which a prompt counts as solved, and leaves; 1 where nothing is said."""
    over: NotRequired[Literal["epoch", "history"]]
    """Of which responses: the last epoch's, as where nothing is said, or all so far."""
    looks: NotRequired[int]
    """Steps that must have had a prompt before it leaves; one where nothing is said."""
    returns_after: NotRequired[int]
    """Epochs a prompt sits out before it returns; it never does where nothing is said."""
    step: NotRequired[int]
    """The step at which it comes, where the plan fixes it."""


class Algorithm(ABC, Generic[S]):
    """A method. Subclasses set the class fields and compose the pure functions of this room."""

    name: ClassVar[str]
    paper: ClassVar[str]
    """Where it is published: arXiv id, or "this project"."""
    changes: ClassVar[str]
    """One line: what it changes, and with respect to what."""
    formula: ClassVar[str]
    """The objective in one or a few plain lines, for ``bench algos show``."""
    unpublished: ClassVar[dict[str, str]] = {}
    """Settings whose value no source gives: name -> why this default."""
    corrects: ClassVar[bool] = False
    """True when ``loss`` multiplies each token's objective by ``rollouts.correction``. A comparison
    with an importance correction refuses any other method."""
    reads_outputs: ClassVar[bool] = False
    """True when ``loss`` reads ``batch.outputs``: token entropies and hidden states. They cost
    another product with the head; who does not ask pays nothing."""
    exact_ratio: ClassVar[bool] = False
    """True when the clip range is finer than what separates an engine's arithmetic from the
    learner's. Where the two differ, ``rollouts.logp`` is then the learner's own."""
    sampler: ClassVar[str] = "shuffled"
    """The sampler that an arm of this method has unless it names another."""
    sampler_settings: ClassVar[Mapping[str, Any]] = {}
    """Where that sampler's settings are others than its own defaults."""
    logs: ClassVar[Mapping[str, str]] = {}
    """Columns it adds to every step's record, ``algorithm``: name -> what it counts."""
    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self, settings: S, info: RunInfo) -> None:
        self.settings = settings
        self.info = info

    @property
    def notes(self) -> list[str]:
        """Sentences about this run a reader of its results must know, such as a part at rest."""
        return []

    @property
    def waits_for(self) -> list[Wait]:
        """What has to happen before the algorithm does anything that the one it changes does not,
        for the manifest. Empty: it differs at once, or only in its sampler."""
        return []

    def parameters(self) -> list[torch.nn.Parameter]:
        """Weights of its own, such as a value head's, that the learner's optimiser trains with the
        policy's, on its device. They stay the same objects, and stand in ``state_dict``."""
        return []

    @property
    def needs_reference(self) -> bool:
        """True when ``loss`` reads the reference policy's log-probs (a KL term)."""
        return False

    @abstractmethod
    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """What to train on, of the responses that the sampler has kept of the step."""

    @abstractmethod
    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        """Loss of a micro-batch and metrics, both additive over micro-batches.

        Responses of weight 0 are not in it, and those of advantage 0 only where ``needs_reference``
        or ``reads_outputs`` says that there is more to the loss than the advantage's term.

        Args:
            logp: (b, T) nats under the policy being trained, with gradient.
            ref_logp: (b, T) nats under the reference policy, or None when not needed.
            batch: the micro-batch, b rows.
            totals: denominators of the whole update.

        Returns:
            A scalar to minimise, and sums that add up over micro-batches to the step's metrics.
        """

    def state_dict(self) -> dict[str, Any]:
        """Everything a resumed run needs between two steps, of plain values and tensors."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
