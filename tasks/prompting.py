"""A question with worked examples before it, in both styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from srpo_bench.tasks.base import Message, Problem, Prompt, Style


@dataclass(frozen=True)
class Form:
    """How a task puts a problem and its solution, each made of the problem.

    turn, reply: what the user and the assistant say in a chat.   head, rest: plain text up to where
    a response begins, and how it goes on in a worked example, up to the next one.
    """

    turn: Callable[[Problem], str]
    reply: Callable[[Problem], str]
    head: Callable[[Problem], str]
    rest: Callable[[Problem], str]

    def prompt(
        self, problem: Problem, style: Style, shots: int, examples: Callable[[], Sequence[Problem]]
    ) -> Prompt:
        """``problem`` behind the first ``shots`` of ``examples()``, which is called for shots only
        and may hold the problem itself, under another id, too."""
        others = (p for p in (examples() if shots else ()) if p.question != problem.question)
        worked = list(islice(others, shots))
        if style == "base":
            return "".join(self.head(p) + self.rest(p) for p in worked) + self.head(problem)
        turns: list[Message] = []
        for shot in worked:
            turns.append({"role": "user", "content": self.turn(shot)})
            turns.append({"role": "assistant", "content": self.reply(shot)})
        return [*turns, {"role": "user", "content": self.turn(problem)}]

    def answer(self, problem: Problem, style: Style) -> str:
        """How a worked example goes on where a response begins, up to its end."""
        return self.reply(problem) if style == "chat" else self.rest(problem).rstrip("\n")


def solution(problem: Problem) -> str:
    """The worked solution that the problem's source gives."""
    return str(problem.meta["solution"])
