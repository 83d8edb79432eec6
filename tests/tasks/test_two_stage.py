"""Two stages read every text as the grammar's full context does, and most in one parse."""

import json
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.tasks import latex, two_stage
from srpo_bench.tasks.grading import last_boxed

PAIRS = Path(__file__).with_name("grader_pairs.jsonl")
FORMS = (
    *("7", "-3.5", r"\frac{3}{4}", r"\dfrac{14}{3}", "3/4", r"2\sqrt{3}", r"\pi", "e^{2x}"),
    *(r"(3, \frac{\pi}{2})", r"[0,1)\cup(2,\infty)", r"\{1,2,3\}", r"\text{Evelyn}", "10,080"),
    *(r"\begin{pmatrix}1\\2\end{pmatrix}", "x=5", r"x \le 4", r"6 - 5i", "2^{16}", "p - q"),
)
BY_FULL_CONTEXT = ("x^2+3x-4", "x^2+3x+4", "(x^3+3x-6)", "(5r^5)", "(6r^2-4r-24)")
"""What local context alone does not read."""
UNREAD = ("3 +", r"\frac{1}", "))", "§")


def outcome(parsers: Any, text: str) -> str:
    converter = two_stage._Converter()
    try:
        tree = parsers(converter, text).math()
    except Exception as error:
        return f"error: {error}"
    names = two_stage._full(converter, "1").ruleNames
    return str(tree.toStringTree(ruleNames=names))


def recorded() -> list[str]:
    """Golds and answers of every fifth pair of the graders', as they are and as they are read."""
    rows = [json.loads(line) for line in PAIRS.read_text().splitlines()][::5]
    texts = [t for row in rows for t in (row["gold"], last_boxed(row["response"])) if t]
    return sorted({*texts, *map(latex.tidy, texts)})


@pytest.mark.parametrize("text", [*FORMS, *BY_FULL_CONTEXT, *UNREAD, *recorded()])
def test_two_stages_end_as_one_with_full_context(text: str) -> None:
    assert outcome(two_stage.create_parser, text) == outcome(two_stage._full, text)


@pytest.mark.parametrize(
    ("text", "parsers"),
    [*((text, 1) for text in FORMS), *((text, 2) for text in BY_FULL_CONTEXT)],
)
def test_full_context_is_asked_only_where_local_context_fails(
    text: str, parsers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, made = two_stage._full, []

    def counted(converter: Any, text: str) -> Any:
        made.append(full(converter, text))
        return made[-1]

    monkeypatch.setattr(two_stage, "_full", counted)
    two_stage.create_parser(two_stage._Converter(), text)
    modes = [parser._interp.predictionMode for parser in made]
    assert modes == [two_stage.PredictionMode.SLL, two_stage.PredictionMode.LL][:parsers]


def test_it_is_what_the_grader_uses() -> None:
    before = two_stage._Converter.create_parser
    two_stage.install()
    try:
        assert two_stage._Converter.create_parser is two_stage.create_parser
    finally:
        two_stage._Converter.create_parser = before
