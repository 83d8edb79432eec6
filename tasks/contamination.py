"""Training problems that also stand in an evaluation set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.base import Problem

WINDOW = 13
"""Words in a row that count as overlap (Brown et al. 2020, arXiv 2005.14165, appendix C)."""
_WORD = re.compile(r"[^\W_]+")


def contaminated(train: Sequence[Problem], evaluation: Sequence[Problem]) -> dict[str, str]:
    """Ids of training problems to leave out, each with the reason.

    A question is the same when its words are, whatever their case and punctuation; it overlaps
    when 13 words in a row also stand in an evaluation question.
    """
    whole: dict[tuple[str, ...], str] = {}
    windows: dict[tuple[str, ...], str] = {}
    for problem in evaluation:
        words = _words(problem)
        whole.setdefault(words, problem.id)
        for window in _windows(words):
            windows.setdefault(window, problem.id)
    found: dict[str, str] = {}
    for problem in train:
        words = _words(problem)
        if words in whole:
            found[problem.id] = f"same question as {whole[words]}"
            continue
        shared = next((windows[window] for window in _windows(words) if window in windows), None)
        if shared is not None:
            found[problem.id] = f"{WINDOW} words in a row shared with {shared}"
    return found


def _words(problem: Problem) -> tuple[str, ...]:
    return tuple(_WORD.findall(problem.question.lower()))


def _windows(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (words[i : i + WINDOW] for i in range(len(words) - WINDOW + 1))
