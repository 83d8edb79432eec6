"""What a base was grown on. It stands in the base's card, and leaves every pool."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from srpo_bench.harness.errors import UserError
from srpo_bench.tasks.base import Problem

CARD = "cold_start.json"
"""The file of a base's folder that says how it was grown."""
_WORD = re.compile(r"[^\s.,;:!?\"'’]+")
"""Between spaces and the marks of a sentence; signs belong to it, for 3+4 is not 3-4."""


def key(problem: Problem) -> str:
    """sha256 of a question's words: the same question, whatever file or id it comes with."""
    words = " ".join(_WORD.findall(problem.question.lower()))
    return hashlib.sha256(words.encode()).hexdigest()


def seen_by(base: Path) -> dict[str, str]:
    """Key -> id of the problems a base was grown on; none where it has no card.

    Raises:
        UserError: the card is damaged.
    """
    path = base / CARD
    if not path.is_file():
        return {}
    try:
        seen = json.loads(path.read_text(encoding="utf-8"))["seen"]
    except (OSError, ValueError, KeyError, TypeError):
        seen = None
    if not isinstance(seen, dict):
        raise UserError(
            f"{path} is damaged, so nobody knows what this base was grown on: put the file back, "
            "or grow the base anew."
        )
    return seen


def hand_on(base: Path, folder: Path) -> None:
    """The card of a base goes with what is trained of it: that has seen the same."""
    if (base / CARD).is_file():
        shutil.copyfile(base / CARD, folder / CARD)


def learnt(seen: dict[str, str], problems: Iterable[Problem]) -> dict[str, str]:
    """Id -> why, of the problems that a base has seen."""
    return {
        p.id: f"the base was grown on it, as {seen[k]}" for p in problems if (k := key(p)) in seen
    }


def refuse_learnt(seen: dict[str, str], held_out: Iterable[Problem]) -> None:
    """Scores on what a base was grown on would say nothing.

    Raises:
        UserError: it was grown on one of these.
    """
    if ids := learnt(seen, held_out):
        raise UserError(
            f"The base was grown on {len(ids):,} of the problems it would be scored on, such as "
            f"{min(ids)}: grow one with their task under --held-out, or score it on others."
        )
