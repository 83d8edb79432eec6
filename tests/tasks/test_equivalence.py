from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.equivalence import Equivalence, EquivalenceLimits, equivalent


@pytest.fixture(scope="module")
def strict_process() -> Iterator[Equivalence]:
    process = Equivalence(EquivalenceLimits(cpu_seconds=0.3, memory=1 << 30))
    yield process
    process.close()


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        (r"\frac{1}{2}", "0.5", Outcome.CORRECT),
        ("x+1", "1+x", Outcome.CORRECT),
        ("(1,2)", "(1, 2)", Outcome.CORRECT),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3, \pi/2)", Outcome.CORRECT),
        ("5", "005", Outcome.CORRECT),
        ("5", "6", Outcome.WRONG),
        (r"\text{(A)}", r"\text{(B)}", Outcome.WRONG),
        ("2", "", Outcome.UNPARSEABLE),
    ],
)
def test_equivalence(gold: str, answer: str, outcome: Outcome) -> None:
    assert equivalent([(gold, answer)]) == [outcome]


@pytest.mark.parametrize(
    "answer",
    [
        "9**9**9",
        "9^{9^9}",
        "10^{1000000}",
        "(99999)!",
        "((9^9)!)!",
        "1" * 10**6,
        "{" * 400,
        "(" * 200 + "1" + ")" * 200,
        "9!!!!",
    ],
)
def test_hostile_answers_are_not_evaluated(answer: str) -> None:
    start = time.process_time()
    assert equivalent([("2", answer)])[0] in (Outcome.UNPARSEABLE, Outcome.WRONG)
    assert time.process_time() - start < 1


def test_grader_that_hangs_is_replaced(strict_process: Equivalence) -> None:
    hanging = r"\prod_{k=1}^{99999} (k!)"
    fine = ("x+1", "1+x")
    pairs = [fine, ("1", hanging), fine, ("1", hanging), fine]
    outcomes = [judged.outcome for judged in strict_process.compare(pairs)]
    assert outcomes[::2] == [Outcome.CORRECT] * 3
    assert set(outcomes[1::2]) <= {Outcome.TIMEOUT, Outcome.WRONG}  # time or memory ends first


def test_identical_text_is_correct_even_if_no_parser_reads_it() -> None:
    assert equivalent([(r"\foo{[}", r" \foo{[} ")]) == [Outcome.CORRECT]
