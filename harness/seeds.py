"""Seeds as they are written: a count, or names."""

from __future__ import annotations

MOST = 10_000
"""More are a slip of the keyboard."""
MOST_COUNTED = 100
"""A larger number that stands alone is rather a seed's name than a count."""


def seeds_of(value: int | str) -> tuple[int, ...]:
    """``8`` is the seeds 1 … 8; ``11,12`` those two; ``101-104`` those four; ``5,7-9`` four.

    Raises:
        ValueError: none of these, or more seeds than anybody runs.
    """
    text, seeds = str(value), list[int]()
    if text.isdecimal():
        return _counted(int(text))
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"a count or a list of integers such as 5,7-9 is wanted, not '{text}'")
        low, high = int(first), int(last or first)
        if high - low >= MOST or low > 2**31:
            raise ValueError(f"'{text}' is more than anybody runs; one seed is written 42-42")
        if high < low:
            raise ValueError(f"'{part.strip()}' runs backwards, write {high}-{low}")
        seeds += range(low, high + 1)
    return tuple(seeds)


def _counted(count: int) -> tuple[int, ...]:
    if count < 1:
        raise ValueError(f"at least 1 is wanted, not {count}")
    if count > MOST_COUNTED:
        raise ValueError(
            f"{count} is {count} seeds a method; that one seed is written {count}-{count}, "
            f"and all of them 1-{count}"
        )
    return tuple(range(1, count + 1))
