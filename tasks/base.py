"""What a task is: problems in, grades out.

A task loads a split, renders a prompt, and grades responses. It knows nothing of policies,
algorithms or runs. Third parties add one through the entry-point group ``bench.tasks``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict

Kind = Literal["math", "code"]
Split = Literal["train", "dev", "test"]
Style = Literal["base", "chat"]


class Message(TypedDict):
    """One turn of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


Prompt = str | list[Message]
"""A base-style prompt is plain text; a chat-style prompt is a list of turns."""


class TaskError(ValueError):
    """The user's data or request is wrong; the message is one sentence that says what to do."""


class DataError(TaskError):
    """A file of data is there and cannot be used: no task without this split, but a broken one."""


@dataclass(frozen=True)
class Problem:
    """One problem of one split. ``id`` is unique over all tasks and stable over time."""

    id: str
    task: str
    kind: Kind
    question: str
    answer: str
    """Whatever the task's grader compares with: a gold answer, or the source of hidden tests."""
    level: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


class Outcome(StrEnum):
    """How grading ended. Only CORRECT earns accuracy; the others are kept apart in the records."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNPARSEABLE = "unparseable"
    TIMEOUT = "timeout"
    ERROR = "error"
    """The grader failed, not the response."""


@dataclass(frozen=True)
class Grade:
    """The judgement of one response. ``answer`` is what was extracted from it, None if nothing."""

    outcome: Outcome
    format: float = 0.0
    """1.0 when the answer stands in the form the task asks for."""
    language: float = 1.0
    """1.0 when the response keeps to one natural language."""
    answer: str | None = None
    repeatable: bool = True
    """False where the clock or addresses may have decided: never to be remembered."""
    fields: Mapping[str, float] = field(default_factory=dict)
    """More that a reward may be made of, by name: ``--set reward.NAME=weight``."""

    @property
    def accuracy(self) -> float:
        """1.0 for a correct response, else 0.0."""
        return float(self.outcome is Outcome.CORRECT)


class Task(ABC):
    """A benchmark: where its problems come from, how they are asked, and how they are graded."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    summary: ClassVar[str]
    """One line for ``bench tasks``."""
    max_new_tokens: ClassVar[int]
    """A response length that holds this task's answers, used where the user names none."""
    fields: ClassVar[tuple[str, ...]] = ()
    """Names of the fields its grades carry beside accuracy, format and language."""
    metric: ClassVar[str] = "accuracy"
    """What the field calls a mean of this task's accuracy."""
    executes_code: ClassVar[bool] = False
    """True when grading runs model output, so that a sandbox is needed."""
    grades_aside: ClassVar[bool] = False
    """True when grading waits for processes of its own: ``grade`` is then called in a thread, while
    the next task is sampled."""
    procedural: ClassVar[bool] = False
    """True when problems are drawn, not stored, and splits are disjoint by construction."""
    stop: ClassVar[tuple[str, ...]] = ()
    """Strings that end a base-style response (the string itself is not part of it). A chat-style
    response ends with its turn."""

    @abstractmethod
    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """All problems of a split, in a fixed order.

        Raises:
            TaskError: the data is missing or malformed (file and line named), or the task has no
                such split.
        """

    @abstractmethod
    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """The prompt a policy is given. ``shots`` worked examples come from the train split."""

    def solution(self, problem: Problem, style: Style = "base") -> str:
        """A response to ``problem`` that works it out, as the problem's source has it.

        Raises:
            TaskError: the source works nothing out.
        """
        if "solution" not in problem.meta:
            raise TaskError(f"{self.name} has no worked solutions to learn from.")
        return str(problem.meta["solution"])

    def stops(self, style: Style) -> tuple[str, ...]:
        """The strings that end a response to a prompt of this style."""
        return self.stop if style == "base" else ()

    @abstractmethod
    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """One grade a response; ``problems[i]`` is what ``responses[i]`` answers.

        Responses are hostile: parsed in bounded time and memory, run only in the sandbox.
        """

    def variants(
        self, problems: Sequence[Problem], responses: Sequence[str]
    ) -> dict[str, list[bool]]:
        """Other metrics that the field prints for the same responses: name -> correct or not."""
        return {}
