"""How seeds may be written, on either side of every bound."""

from __future__ import annotations

import re

import pytest

from srpo_bench.harness.seeds import seeds_of


@pytest.mark.parametrize(
    ("typed", "first", "last", "count"),
    [
        ("1", 1, 1, 1), (100, 1, 100, 100), ("101-101", 101, 101, 1), ("7-7", 7, 7, 1),
        ("1-10000", 1, 10000, 10000), (" 5 , 7-9 ", 5, 9, 4), ("0,3", 0, 3, 2),
        (f"{2**31}-{2**31}", 2**31, 2**31, 1),
    ],
)  # fmt: skip
def test_seeds_that_may_be(typed: int | str, first: int, last: int, count: int) -> None:
    found = seeds_of(typed)
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (0, "at least 1 is wanted, not 0"),
        (101, "101 is 101 seeds a method; that one seed is written 101-101, and all of them 1-101"),
        ("5-3", "'5-3' runs backwards, write 3-5"),
        ("1, 9-7", "'9-7' runs backwards, write 7-9"),
        ("1-10001", "is more than anybody runs; one seed is written 42-42"),
        (f"{2**31 + 1}-{2**31 + 1}", "is more than anybody runs"),
        ("x", "a count or a list of integers such as 5,7-9 is wanted, not 'x'"),
        ("5-x", "a count or a list of integers"),
        ("5-", "a count or a list of integers"),
        ("-5", "a count or a list of integers"),
        ("1,,2", "a count or a list of integers"),
    ],
)
def test_seeds_that_may_not(typed: int | str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        seeds_of(typed)
