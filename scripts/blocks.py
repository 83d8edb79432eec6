"""Text that is made of the published comparisons: what stands between two marks of a page.

<!-- from results/published: NAME -->
…
<!-- end -->
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

from srpo_bench.results.report import unit
from srpo_bench.results.statistics.inference import Estimate

TREE = Path(__file__).resolve().parents[1]
PUBLISHED = TREE / "results" / "published"
Blocks = Mapping[str, Callable[[], str]]
"""Name -> what stands there."""


def written(text: str, blocks: Blocks, source: str = "results/published") -> str:
    """A page with what stands between its marks made anew."""
    for name, make in blocks.items():
        begin, end = f"<!-- from {source}: {name} -->\n", "\n<!-- end -->"
        head, opened, rest = text.partition(begin)
        old, closed, tail = rest.partition(end)
        if not (opened and closed) or "<!-- from" in old:
            raise SystemExit(f"There is no block between {begin.strip()} and {end.strip()}.")
        text = f"{head}{begin}{make()}{end}{tail}"
    return text


def numbers_outside(text: str, blocks: Blocks) -> list[str]:
    """Numbers that a page states in no block, no code and no link."""
    for name in blocks:
        block = rf"<!-- from results/published: {name} -->.*?<!-- end -->"
        text = re.sub(block, "", text, flags=re.S)
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", text, flags=re.S)
    return re.findall(r"(?<![\w.-])\d[\d.,]*", text)


def is_published(folder: str) -> bool:
    """Does results/published/ have it?"""
    return (PUBLISHED / folder / "summary.json").is_file()


def summary(folder: str) -> dict[str, Any]:
    """The summary of a published comparison."""
    text = (PUBLISHED / folder / "summary.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def change(axis: Mapping[str, Any] | None) -> str:
    """A change on one axis: ``13 % fewer (9 to 17 % fewer)``."""
    if axis is None or axis["ratio"] is None:
        return "not measured"
    low, high = axis["interval"] or (nan, nan)
    e = Estimate(axis["ratio"], low or 0.0, inf if high is None else high, 0, "")
    return f"{unit.bounded(e.value, axis.get('bound') or '')} ({unit.changes(e)})"


def steps(headline: Mapping[str, Any]) -> str:
    """The steps in a challenger's headline, which says where the ratio is a bound."""
    measured = headline["measured"].removesuffix(" steps")
    return f"{measured} ({headline['interval']})" if measured else "not measured"


def accuracy(e: Mapping[str, Any]) -> str:
    """``91.8 % (90.5 to 93.0)``."""
    if e["interval"] is None:
        return f"{100 * e['value']:z.1f} %"
    low, high = e["interval"]
    return f"{100 * e['value']:z.1f} % ({100 * low:z.1f} to {100 * high:z.1f})"


def percent(share: float | None) -> str:
    """``3.6 %``."""
    return "–" if share is None else f"{100 * share:.1f} %"


def wrapped(paragraph: str) -> str:
    """Lines of at most 104 characters."""
    return "\n".join(_lines(paragraph.split()))


def _lines(words: list[str]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > 104:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line
