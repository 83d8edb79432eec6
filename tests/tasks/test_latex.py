# ruff: noqa: E501 - a pair is read best on one line
r"""What is told from the text of a box, before and beside math-verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.tasks import latex, registry
from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.equivalence import equivalent
from srpo_bench.tasks.readings import MAX_ANSWER
from tests.tasks.bounded import PIECES, ends

PAIRS = Path(__file__).with_name("grader_pairs.jsonl")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.", "5"), ("5 ,", "5"), (r"5\,", "5"), ("$5$", "5"), (r"\(5\)", "5"), ("{5}", "5"),
        (r"\$5", "5"), ("€5", "5"), ("5°", r"5^{\circ}"), ("1,234", "1,234"), (r"1\,234", "1234"),
        ("1 234 567", "1234567"), ("1{,}234.5", "1234.5"), ("1 23", "1 23"), ("1 2345", "1 2345"),
        ("−5", "-5"), ("–5", "-5"), ("5...", "5..."), ("2√3", r"2\sqrt{3}"), ("2x²", "2x^{2}"),
        ("1.2e5", r"1.2 \times 10^{5}"), ("2 1/2", r"2\frac{1}{2}"), ("14-1.0i", "14-1.0 i"),
        (r"9 \text{ million}", r"9 \times 10^{6}"), (r"9\text{ million dollars}",
         r"9 \times 10^{6}\text{ dollars}"), (r"\text{The answer is } 5", "5"), ("Answer: 5", "5"),
        (r"\left. x \right.", r"\left. x \right."), ("{1}{2}", "{1}{2}"), ("5!", "5!"),
        (r"0.1\overline{6}", r"\frac{15}{90}"), (r"-2.\overline 3", r"-\frac{21}{9}"),
        (r".\overline{12}", r"\frac{12}{99}"), (r"1.2.\overline{3}", r"1.2.\overline{3}"),
        ("∅", r"\emptyset"), (r"\varnothing", r"\emptyset"), (r"\{ \}", r"\emptyset"),
        (r"\mathbb R", r"\mathbb{R}"), ("ℝ", r"\mathbb{R}"), ("5\\\\", "5"), ("5\\\\ ", "5"),
        (r"\mathbf{5}", "5"), (r"\textbf{A}", r"\text{A}"), ("１８", "18"),
    ],
)  # fmt: skip
def test_tidy(text: str, expected: str) -> None:
    assert latex.tidy(text) == expected
    assert latex.tidy(expected) == expected


SAME = [
    ("1,-2", "(1,-2)"), (r"1 \pm \sqrt{19}", r"(1 \pm \sqrt{19})"), ("3,1,2", "(2,3,1)"),
    ("11", r"x \approx 11"), (r"x \neq 3", "x != 3"), (r"x \ge 3", "x >= 3"), ("185", "185\\"),
    ("10", r"10\%"), (r"10\%", "10"), (r"10\%", "0.1"), (r"\frac{1}{2}", r"50\%"), ("10", "10 percent"),
    (r"33\frac{1}{3}\%", r"\frac{1}{3}"), ("14-i", "14.0 - 1.0i"), (r"(2,\infty)", "x>2"),
    ("(2,5]", r"2 < x \le 5"), (r"\text{June 20}", "June 20"), (r"\text{Yes}", "yes."),
    ("10", r"10~\mathrm{m/s}"), ("10", "10 dollars"), ("10", r"\text{10 apples}"), ("9000000", r"9\text{ million}"),
    ("5", r"\frac{10}{2} = 5"), ("5", "2+3 = 5"), (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}} \approx 0.577"),
    ("0.58", r"\frac{7}{12} \approx 0.58"), ("52_8", "52_{8}"), ("52_8", "52"), ("5", "5_{10}"),
    ("1,2", r"x=1 \text{ or } x=2"), ("1,2", "2 and 1"), (r"\pm 2", r"2 \text{ or } -2"), ("0.333333", r"\frac{1}{3}"),
    (r"2^{10}3^{12}5^{14}", r"5^{14} \cdot 2^{10} \cdot 3^{12}"), ("5", r"\text{Thus the answer is: } 5"),
    (r"\emptyset", r"\varnothing"), (r"\emptyset", r"\{ \}"), (r"\varnothing", "∅"),
    (r"\frac{1}{6}", r"0.1\overline{6}"), (r"0.\overline{3}", r"\frac{1}{3}"), (r"3.\overline{142857}", r"\frac{22}{7}"),
    (r"\mathbb{R}", r"\mathbb R"), (r"(-\infty,\infty)", r"\mathbb R"), ("4", "4\\\\"),
]  # fmt: skip

OTHER = [
    ("9", r"\neq 9"), ("9", r"\leq 9"), ("9", r"9 \text{ million}"), ("9", r"9 \ldots"), ("9", "9..."),
    ("9", r"9 \text{ is wrong}"), ("9", r"\neg 9"), ("9", "7777 = 9"), ("9", r"9 \text{ or more}"),
    ("9", r"\text{not } 9"), ("9", r"9 \text{ dozen}"), ("9", "9?"), ("9", "9 or 8"), ("9", "> 9"),
    ("52_8", "52_9"), ("52_8", "53_8"), ("9", "9_8"), ("0.5", r"0.5\%"), (r"\frac{1}{2}", r"\frac{1}{2}\%"),
    (r"1/2^{99}", r"1/2^{98}"), (r"\frac{1}{3 \cdot 2^{2006}}", "0"), ("4.5", "4.5+0.0000001"),
    ("5", "4.9999999"), ("(1, 1/2^{99})", "(1, 1/2^{98})"), (r"\frac{1}{23}", r"\frac{12}{3}"),
    (r"\text{yes}", r"\text{no}"), ("5", "$5$ and $6$"), ("0", "0w"),
    ("0", r"7777\text{ then }0"), ("x+y=0", "x+y=0w"), ("(2,5]", r"2 \le x \le 5"), (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"7 = \begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    ("1,-2", "7 = 1,-2"), ("6-5i", "7 = 6-5i"), ("5", r"\frac{1}{2} \approx 5"), ("9", "9&8"), ("4", r"4\sqrt(2)"),
    (r"0.\overline{3}", "0.3"), (r"0.\overline{3}", "0.33"), (r"0.\overline{1331}", r"0.\overline{133}"),
    (r"\emptyset", r"\{0\}"), (r"\emptyset", "0"), ("0", r"\emptyset"), (r"\mathbb{R}", r"\mathbb Z"), ("4", "4\\\\5"),
]  # fmt: skip


def test_the_same_answer_in_other_words() -> None:
    outcomes = dict(zip(SAME, equivalent(SAME), strict=True))
    assert {pair for pair, outcome in outcomes.items() if outcome is not Outcome.CORRECT} == set()


def test_another_answer_that_looks_alike() -> None:
    outcomes = dict(zip(OTHER, equivalent(OTHER), strict=True))
    assert {pair for pair, outcome in outcomes.items() if outcome is Outcome.CORRECT} == set()


def misjudged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for task in sorted({row["task"] for row in rows}):
        of_task = [row for row in rows if row["task"] == task]
        problems = [Problem(f"{task}/x", task, "math", "?", row["gold"]) for row in of_task]
        grades = registry.get(task).grade(problems, [row["response"] for row in of_task])
        found += [
            row
            for row, grade in zip(of_task, grades, strict=True)
            if (grade.outcome is Outcome.CORRECT) != row["correct"]
        ]
    return found


def pairs(costly: bool) -> list[dict[str, Any]]:
    """Responses with a verdict, by task; ``source`` says whose test or issue a row comes from."""
    rows = [json.loads(line) for line in PAIRS.read_text().splitlines()]
    assert len(rows) == 177
    return [row for row in rows if ("explosive" in row["source"]) == costly]


def test_pairs_of_other_projects_and_our_own() -> None:
    assert misjudged(pairs(costly=False)) == []


@pytest.mark.integration
def test_pairs_that_take_their_whole_time() -> None:
    assert misjudged(pairs(costly=True)) == []


@pytest.mark.parametrize("piece", PIECES)
def test_text_is_read_in_bounded_time(piece: str) -> None:
    for text in (
        piece * (MAX_ANSWER // len(piece)),
        piece * (MAX_ANSWER // 2 // len(piece)) + " " * 250,
    ):
        text = text[:MAX_ANSWER]
        with ends():
            for gold in ("5", text[::-1]):
                tidied = latex.tidy(text)
                latex.refused(gold, tidied)
                latex.same_words(gold, tidied)
                latex.bases(gold, tidied)
                latex.readings(gold, tidied)
