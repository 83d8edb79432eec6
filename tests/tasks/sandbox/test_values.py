# ruff: noqa: E501 - tables
"""What a test asks of a program's value has Python's own answer, value by value and question by
question: beside it stands the same question without a sandbox."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from srpo_bench.tasks.sandbox import Program, Sandbox

_SETUP = """
from array import array
from collections import *
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from itertools import chain, count, islice
Named = namedtuple("Named", "a b")
Word = Enum("Word", {"AB": "ab"}, type=str)
Two = IntEnum("Two", {"TWO": 2})
@dataclass
class Data:
    a: int = 1
class Sequence:
    def __len__(self): return 2
    def __getitem__(self, i): return [1, 2][i]
class Iterable:
    def __iter__(self): return iter([1, 2])
class List(list): pass
"""
_VALUES = """
[1, 2] | (1, 2) | {1, 2} | frozenset({1, 2}) | {1: 2} | '12' | b'12' | bytearray(b'12') | 2 | True | 2.0
2 + 0j | None | range(1, 3) | deque([1, 2]) | deque() | Counter('aab') | OrderedDict(b=1, a=2)
defaultdict(int, {1: 2}) | array('i', [1, 2]) | {1: 2, 2: 3}.keys() | {1: 2, 2: 3}.values() | {1: 2}.items()
map(int, '12') | zip([1, 2], [3, 4]) | (i for i in (1, 2)) | iter([1, 2]) | reversed([2, 1]) | iter(())
enumerate('ab') | chain([1], [2]) | Decimal('2.0') | Fraction(4, 2) | Word.AB | Two.TWO | Data() | Sequence()
Iterable() | List([1, 2]) | (lambda: 2) | UserDict({1: 2}) | UserList([1, 2]) | ChainMap({1: 2}) | Named(1, 2)
[(1, {2: [3]}), deque([1])] | [Decimal(1), Fraction(2)] | slice(1, None)
"""
_QUESTIONS = """
v == [1, 2] | v == (1, 2) | v == {1, 2} | v == {1: 2} | v == '12' | v == 2 | v != 2 | list(v) == [1, 2]
tuple(v) == (1, 2) | set(v) == {1, 2} | sorted(v) == [1, 2] | len(v) == 2 | sum(v) == 3 | v[0] == 1 | v[-1] == 2
v[1:] == [2] | list(v[1:]) == [2] | bool(v) | not v | 1 in v | 3 in v | min(v) == 1 | max(v) == 2 | dict(v) == {1: 2}
any(v) | all(v) | [x for x in v] == [1, 2] | next(v) == 1 | ''.join(map(str, v)) == '12' | isinstance(v, list)
isinstance(v, int) | isinstance(v, str) | v is None | v + v == [1, 2, 1, 2] | v * 1 == 2 | abs(v) == 2 | int(v) == 2
float(v) == 2.0 | v > 1 | v <= 2 | v() == 2 | str(v) == '2' | str(v) == '[1, 2]' | round(v, 1) == 2 | v == v
list(reversed(v)) == [2, 1] | v.count(1) == 1 | v.index(2) == 1 | v['a'] == 2 | v.get(1) == 2 | list(v.items()) == [(1, 2)]
(lambda a, b: (a, b))(*v) == (1, 2) | list(zip(v, v)) == [(1, 1), (2, 2)] | v.real == 2 | v.encode() == b'ab'
[0, 1][v] == [1] | {v: 3} == {2: 3} | v.a == 1
"""
_AS_PLAIN_DATA = {
    "Named(1, 2)": {"v.a == 1"},
    "UserList([1, 2])": {"isinstance(v, list)"},
}
"""What travels as the plain data it equals is that data, and no more."""


def cells(table: str) -> list[str]:
    return [cell.strip() for line in table.strip().splitlines() for cell in line.split("|")]


def answers(function: Any) -> list[bool]:
    found = []
    for question in cells(_QUESTIONS):
        try:
            found.append(bool(eval(question, {"v": function()})))  # noqa: S307 - ours
        except Exception:
            found.append(False)
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, list[bool]]:
    """The sandbox's answers by value."""
    tests = f"""
def check(f):
    found = ""
    for question in {cells(_QUESTIONS)!r}:
        try:
            found += str(int(bool(eval(question, {{"v": f()}}))))
        except Exception:
            found += "0"
    raise ValueError(found)
"""
    programs = [Program(f"{_SETUP}\ndef f(): return {v}", tests, "f") for v in cells(_VALUES)]
    with Sandbox(mode="unsafe") as sandbox:
        details = [verdict.detail for verdict in sandbox.run(programs)]
    return {
        value: [digit == "1" for digit in detail.removeprefix("ValueError: ")]
        for value, detail in zip(cells(_VALUES), details, strict=True)
    }


@pytest.mark.parametrize("value", cells(_VALUES))
def test_a_value_answers_as_in_python(value: str, told: dict[str, list[bool]]) -> None:
    namespace: dict[str, Any] = {}
    exec(f"{_SETUP}\ndef f(): return {value}", namespace)  # noqa: S102 - programs of ours
    wanted = dict(zip(cells(_QUESTIONS), answers(namespace["f"]), strict=True))
    found = dict(zip(cells(_QUESTIONS), told[value], strict=True))
    differ = {question for question in wanted if found[question] != wanted[question]}
    assert differ == _AS_PLAIN_DATA.get(value, set())


def test_the_tables_are_what_they_seem() -> None:
    for table in (cells(_VALUES), cells(_QUESTIONS)):
        assert len(set(table)) == len(table) > 40
        for cell in table:
            ast.parse(cell, mode="eval")
