"""Gold answers of MATH-500, rewritten in right and in wrong ways, each way on all that have it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.equivalence import equivalent
from srpo_bench.tasks.math import Math
from srpo_bench.tasks.numbers import value

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data"),
]
Way = Callable[[str], str]


def around(form: str) -> Way:
    return lambda gold: form.replace("GOLD", gold)


def number(form: str) -> Way:
    """A way to write a plain number; any other gold answer stays as it is."""
    return lambda gold: form.format(gold) if re.fullmatch(r"-?\d+(\.\d+)?", gold) else gold


def thousands(separator: str) -> Way:
    return lambda gold: f"{int(gold):,}".replace(",", separator) if gold.isdigit() else gold


def replaced(old: str, new: str) -> Way:
    return lambda gold: re.sub(old, new, gold)


def rounded(gold: str) -> str:
    """A root or a multiple of pi with what it is about; any other gold answer stays as it is."""
    exact = re.fullmatch(r"(\d*) ?(?:\\sqrt\{(\d+)\}|\\pi)", gold)
    if exact is None:
        return gold
    worth = int(exact[1] or 1) * (math.sqrt(int(exact[2])) if exact[2] else math.pi)
    return rf"{gold} \approx {worth:.2f}"


RIGHT: Mapping[str, Way] = {
    **{form: around(form) for form in (
        "GOLD.", "GOLD,", "GOLD;", r"GOLD\,", "GOLD\n", "$GOLD$", r"\(GOLD\)", "{GOLD}",
        r"\displaystyle GOLD", "Answer: GOLD", r"\text{The answer is } GOLD")},
    **{form: number(form) for form in (
        r"\mathbf{{{}}}", r"\textbf{{{}}}", r"\text{{{}}}", r"{}\text{{ cm}}", r"{}~\mathrm{{m/s}}",
        "{} apples", r"\text{{{} apples}}", "{}°", r"\${}", "€{}", "x = {}", "+0 + {}")},
    **{f"thousands by {s!r}": thousands(s) for s in (",", r"\,", "{,}", " ", r"\!", "~")},
    "dfrac": replaced(r"\\frac", r"\\dfrac"), "tfrac": replaced(r"\\frac", r"\\tfrac"),
    "no type": replaced(r"\\text\{([^{}]*)\}", r"\1"), "minus": replaced("-", "−"),
    "en dash": replaced("-", "–"), "pi": replaced(r"\\pi\b", "π"),
    "root": replaced(r"\\sqrt\{(\d+)\}", r"√\1"), "percent": lambda gold: (
        number(r"{}\%")(gold) if (value(gold) or 0) >= 1 else gold),
    ".0": lambda gold: f"{gold}.0" if gold.isdigit() else gold,
    "rounded beside": rounded,
}  # fmt: skip

WRONG: Mapping[str, Way] = {
    form: around(form)
    for form in (
        r"\neq GOLD", r"\leq GOLD", "> GOLD", r"\neg GOLD", r"\text{not }GOLD", "GOLD?",
        "GOLD | 7777",
        r"GOLD \text{ million}", "GOLD or 7777", "GOLD, 7777", "GOLD; 7777", "7777 = GOLD", "7777",
        r"GOLD\text{ dozen}", r"GOLD \ldots", "GOLD...", r"GOLD \text{ is wrong}",
        r"GOLD\text{ is not right, 7777 is}", r"GOLD \quad 7777", "GOLD = 7777", "GOLD & 7777",
        r"GOLD \\ 7777", r"GOLD \approx 77777", r"77777 \approx GOLD", r"GOLD \text{ or } 7777",
        "GOLD+1", "GOLD+0.0000001", r"GOLD\text{ then }7777", r"7777\text{ then }GOLD", "GOLDw",
    )
}  # fmt: skip
STILL = {  # the same after all
    (r"GOLD \text{ million}", "0"), ("7777 = GOLD", "x=5"),
}  # fmt: skip


def golds() -> list[str]:
    return random.Random("golds").sample([p.answer for p in Math().load("test", DATA)], 100)


def test_right_ways() -> None:
    pairs = {(gold, way(gold)): name for gold in golds() for name, way in RIGHT.items()}
    outcomes = zip(pairs.items(), equivalent(list(pairs)), strict=True)
    assert [(name, *pair) for (pair, name), got in outcomes if got is not Outcome.CORRECT] == []


def test_wrong_ways() -> None:
    pairs = {(gold, way(gold)): name for gold in golds() for name, way in WRONG.items()}
    outcomes = zip(pairs.items(), equivalent(list(pairs)), strict=True)
    passed = {(name, pair[0]) for (pair, name), got in outcomes if got is Outcome.CORRECT}
    assert passed <= STILL
