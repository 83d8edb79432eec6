"""Chains: easy steps only, and the working says what happens."""

from __future__ import annotations

import random

from srpo_bench.tasks.micro.chain import LARGEST, Chain, Step, draw_chain, wrong_guess


def test_every_drawn_chain_is_true_arithmetic_in_range() -> None:
    rng = random.Random(1)
    for length in (1, 2, 3, 4) * 50:
        chain = draw_chain(rng, length)
        assert len(chain.steps) == length
        assert all(1 <= v <= LARGEST for v in chain.values)
        assert _evaluate(chain.values[0], chain.steps) == chain.end


def test_working_shows_each_step_and_its_value() -> None:
    chain = Chain((Step("+", 5), Step("*", 2)), (23, 28, 56))
    assert chain.working() == "23 +5=28 *2=56"
    assert chain.reversed.working() == "56 /2=28 -5=23"


def test_reversing_twice_is_the_chain_itself() -> None:
    rng = random.Random(2)
    for _ in range(50):
        chain = draw_chain(rng, 4)
        assert chain.reversed.reversed == chain
        assert _evaluate(chain.end, chain.reversed.steps) == chain.values[0]


def test_a_step_out_of_range_or_with_a_remainder_is_none() -> None:
    assert Step("-", 9).apply(9) is None
    assert Step("*", 2).apply(50) is None
    assert Step("/", 2).apply(7) is None
    assert Step("/", 2).apply(8) == 4


def test_wrong_guesses_are_wrong_and_near() -> None:
    rng = random.Random(3)
    for answer in (1, 50, 99):
        guesses = {wrong_guess(rng, answer) for _ in range(200)}
        assert answer not in guesses
        assert all(0 <= g <= LARGEST and abs(g - answer) <= 10 for g in guesses)


def _evaluate(value: int, steps: tuple[Step, ...]) -> float:
    result = float(value)
    for step in steps:
        match step.sign:
            case "+":
                result += step.by
            case "-":
                result -= step.by
            case "*":
                result *= step.by
            case _:
                result /= step.by
    return result
