"""Reading a response takes time in proportion to its length."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.tasks import gsm8k, numbers
from srpo_bench.tasks.code_answer import completed, function_code
from srpo_bench.tasks.grading import boxed_together, language, last_boxed
from tests.examples import examples
from tests.tasks.bounded import PIECES, ends, hostile

PROMPT = 'def f(x):\n    """Doc."""\n'
READERS: dict[str, Callable[[str], object]] = {
    "function_code": lambda text: function_code(text, "f"),
    "completed": lambda text: completed(PROMPT, text, "f", ""),
    "stated": numbers.stated,
    "value": numbers.value,
    "flexible": lambda text: gsm8k.matches(gsm8k.flexible(text), "18"),
    "strict": lambda text: gsm8k.matches(gsm8k.strict(text), "18"),
    "matches": lambda text: gsm8k.matches(text, text),
    "last_boxed": last_boxed,
    "boxed_together": boxed_together,
    "language": language,
}


@pytest.mark.integration
@pytest.mark.parametrize("reader", READERS)
def test_each_piece_repeated_and_before_much_space(reader: str) -> None:
    for piece in PIECES:
        with ends():
            READERS[reader](hostile(piece))
            READERS[reader](hostile(piece, " "))


@examples(25)
@given(st.sampled_from(sorted(READERS)), st.sampled_from(PIECES), st.sampled_from(PIECES))
def test_two_pieces_one_after_the_other(reader: str, first: str, second: str) -> None:
    with ends():
        READERS[reader](hostile(first, second))
