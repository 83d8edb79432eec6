"""Text that costs time: what reads model output must end, however it is made."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PIECES = (
    "1", "a", "é", " ", "\n", "\t", "{", "}", "(", "\\", "$", "`", "~", "=", "-", ",", ".", "%",
    '"""', "1,", "1 ", "1 000 ", "1/", "=1 ", "1 or ", "#### ", "####1 ", "```", "```a\n", "```\n",
    "   ```\n", "~~~py\n", "- ", "1. ", "\\boxed", "\\boxed{", "\\boxed ", "\\boxed{1}", "\\text{",
    "\\text{a}", "\\frac{", "\\left", "\\,", "^{", "^{11", "^(", "1!", "_{1}", "\\leq ", "def f(",
    "def f(x):\n", "class f", "from __future__ import (", "\ndef f(): return 1\n", "Word word ",
    "Note: a\n", "'s", "one hundred ", "twenty-one thousand ", "1 and ", "1 million ", "\\frac12",
    "½", "####\n", "#### a: ", "1:", "<1", "#### 1", "1 of 1", "1 a * 1 = ", "1 a",
    "\\approx ", "\\text{ or }", "x=1,", "p=5,q=2;", "1\\bmod 2", "Word\n",
    "    x\n", "\n\n    def f(x):\n", "0.11... ", "1^{th}", "20 June ", "June 20th ", "minus 1 ",
    "=x", "1\\text{ cm}", "1 cm ", "1 sq. ", "-> ", "\\infty]", "1 x 10^", "}1", "twice 1 ",
    "half of 1 ",
)  # fmt: skip
"""What hostile texts are made of: each many times, alone and behind and before another."""
SIZE = 100_000
"""Characters. What is quadratic in them takes many times longer."""
SECONDS = 5.0
"""CPU time by which anything linear has long ended."""


def hostile(*pieces: str) -> str:
    """A long text: each piece over and over, one after the other, and an end."""
    return "".join(piece * (SIZE // len(piece)) for piece in pieces) + "\nend"


@contextmanager
def ends() -> Iterator[None]:
    """Fail where the block does not end within ``SECONDS`` of CPU time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"more than {SECONDS} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
