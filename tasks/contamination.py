"""Training problems that also stand in an evaluation set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from srpo_bench.tasks.base import Problem

WINDOW = 13
"""Words in a row that count as overlap (Brown et al. 2020, arXiv 2005.14165, appendix C)."""
_WORD = re.compile(r"[^\W_]+")
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def contaminated(train: Sequence[Problem], evaluation: Sequence[Problem]) -> dict[str, str]:
    """Ids of training problems to leave out, each with the reason.

    A question is the same when its words are, whatever their case and punctuation; it overlaps
    when 13 words in a row also stand in an evaluation question. A program to be written overlaps
    when its function has the name of an evaluation problem's, of two words at least: such a name
    says the job, and both problems print it, while ``solve`` or ``search`` says nothing. That is
    wide on purpose. Reference solutions are not compared: their stock phrases (``for 30 days for a
    total of 5 * 30 =``, ``a + b <= c or a + c <= b``) are shared by problems that have nothing
    else in common.
    """
    questions: dict[tuple[str, ...], str] = {}
    windows: dict[tuple[str, ...], str] = {}
    names: dict[tuple[str, ...], str] = {}
    for problem in evaluation:
        words = _words(problem)
        questions.setdefault(words, problem.id)
        for window in _windows(words):
            windows.setdefault(window, problem.id)
        if len(name := _function(problem)) > 1:
            names.setdefault(name, problem.id)
    leaks: dict[str, str] = {}
    for problem in train:
        words = _words(problem)
        if words in questions:
            leaks[problem.id] = f"same question as {questions[words]}"
            continue
        shared = next((windows[window] for window in _windows(words) if window in windows), None)
        if shared is not None:
            leaks[problem.id] = f"{WINDOW} words in a row shared with {shared}"
        elif (name := _function(problem)) in names:
            leaks[problem.id] = f"function {'_'.join(name)} as in {names[name]}"
    return leaks


def _words(problem: Problem) -> tuple[str, ...]:
    return tuple(_WORD.findall(problem.question.lower()))


def _windows(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (words[i : i + WINDOW] for i in range(len(words) - WINDOW + 1))


def _function(problem: Problem) -> tuple[str, ...]:
    """The words in the name of the function that is asked for, none where it is not code."""
    name = problem.meta.get("entry_point", "") if problem.kind == "code" else ""
    return tuple(word.lower() for word in _NAME_WORD.findall(name))
