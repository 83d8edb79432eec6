"""The outcome of a test, before it is put into words for a reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from srpo_bench.results.array import Array
from srpo_bench.results.judgement.rules import Ruling
from srpo_bench.results.statistics.contrast import Bound
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.scores import Differences
from srpo_bench.results.text import describe, points, some


@dataclass(frozen=True)
class Finding:
    """The ruling, and the figures it was made from."""

    ruling: Ruling
    ratio: Estimate | None = None
    difference: Estimate | None = None
    p: float = float("nan")
    p_of: str = ""
    """The null hypothesis that p is of, and its sides."""
    target: float = float("nan")
    bound: Bound = ""


def ruled(
    sentence: str,
    d: Differences,
    interval: Callable[[Array], Estimate],
    within: tuple[float, float],
    p: float,
    blocked: str,
) -> Finding:
    """Supported when the interval lies within the bounds, refuted when wholly outside, also with
    what is missing counted either way."""
    estimate = interval(d.complete)
    if blocked:
        return Finding(Ruling("no-verdict", blocked), difference=estimate, p=p)
    if not estimate.has_interval:
        return Finding(Ruling("no-verdict", "there is no interval"), difference=estimate, p=p)
    sides = {place(interval(x), within) for x in (d.complete, d.least, d.most)}
    if sides == {"inside"}:
        ruling = Ruling("supported", sentence)
    elif sides in ({"below"}, {"above"}):
        ruling = Ruling("refuted", sentence)
    elif place(estimate, within) == "across":
        ruling = Ruling("inconclusive", f"{sentence}; the interval does not settle it")
    else:
        hangs = f"{sentence}, but it hangs on runs that are missing ({some(d.missing)})"
        ruling = Ruling("inconclusive", hangs)
    return Finding(ruling, difference=estimate, p=p)


def place(estimate: Estimate, within: tuple[float, float]) -> str:
    """Where an interval lies of two bounds: inside, below, above or across."""
    low, high = within
    if low < estimate.low and estimate.high < high:
        return "inside"
    if estimate.high < low:
        return "below"
    return "above" if estimate.low > high else "across"


def measured(finding: Finding) -> str:
    """The figure that a claim is judged by."""
    if finding.ratio is not None:
        return f"ratio {ratio_told(finding.ratio, finding.bound)}"
    assert finding.difference is not None
    return points(finding.difference)


def ratio_told(ratio: Estimate, bound: Bound) -> str:
    """``0.42, 95 % interval 0.35 to 0.51``, and which way it is a bound."""
    return describe(ratio) + BOUNDS[bound] if ratio.n else "not measured"


BOUNDS: dict[Bound, str] = {
    "": "",
    "lower": ", a lower bound",
    "upper": ", an upper bound",
    "neither": ", within the budget only",
}
"""What is said behind a ratio."""
