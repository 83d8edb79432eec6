"""The ladder in a report: a sentence, a row and a whisker for each rung and control."""

from __future__ import annotations

from srpo_bench.results.judgement.ladder import Rung
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.statistics.race import MIN_PAIRS
from srpo_bench.results.statistics.speed import ALPHA
from srpo_bench.results.text import p_value, points, ratio


def sentences(a: Analysis) -> list[str]:
    """One a rung: ``history resampling alone: 1.10 (0.98 to 1.24) times the steps of …``."""
    return [_sentence(rung) for rung in a.ladder]


def reading(a: Analysis) -> str:
    """How the p values are to be read, with the family's size; empty without a ladder."""
    if not a.ladder:
        return ""
    m = sum(not r.control for r in a.ladder)
    few = [r.contrast.n for r in a.ladder if r.contrast.n < MIN_PAIRS]
    short = f" {min(few)} pairs are too few to judge; {MIN_PAIRS} are needed." if few else ""
    return (
        f"All are counted to the one target, {100 * a.target:.1f} %, and paired by seed. p of "
        "steps is the larger of the two estimators', p of points that of the exact sign-flip test "
        "(the least: no result of so many pairs could have given a smaller one); "
        f"both are two-sided, of no difference, with Holm's adjustment for the {m} contrasts whose "
        "answer is not known beforehand, steps and points apart. A ratio is told apart from 1 when "
        f"its whole interval is on one side and the adjusted p is below {ALPHA:g}, the nominal "
        f"level that the interval stands for.{short}"
    )


def table(a: Analysis) -> Table:
    """Every contrast in numbers."""
    rows = [
        (
            rung.what,
            rung.contrast.challenger,
            rung.contrast.baseline,
            ratio(rung.steps),
            f"{p_value(rung.p_steps)} ({p_value(rung.p_steps_holm)})",
            rung.outcome,
            points(rung.difference, ""),
            f"{_flip(rung)} ({p_value(rung.p_accuracy_holm)})",
            ratio(rung.flops) if rung.flops else "–",
            str(rung.contrast.n),
        )
        for rung in a.ladder
    ]
    columns = (
        *("what it adds", "arm", "against", "ratio of steps", "p (Holm)", "outcome"),
        *("points at the end", "p (Holm)", "ratio of FLOPs", "pairs"),
    )
    return Table(
        *("ladder", "The ladder, rung by rung", columns, tuple(rows), reading(a)),
        marks=tuple(((rung.contrast.challenger, rung.steps),) for rung in a.ladder),
        beside="ratio of steps",
    )


def _flip(rung: Rung) -> str:
    """The sign-flip p, marked where no result of so many pairs could have given a smaller one."""
    n = rung.difference.n
    least = n > 0 and rung.p_accuracy <= 2 / 2**n * (1 + 1e-9)
    return f"{p_value(rung.p_accuracy)}{', the least' if least else ''}"


def _sentence(rung: Rung) -> str:
    c, alone = rung.contrast, rung.kind == "rung" and rung.parts == 1 and not rung.also
    idea = f"{rung.what[0].upper()}{rung.what[1:]}{' alone' if alone else ''}"
    words = f"{idea} ({c.challenger} against {c.baseline}): {ratio(rung.steps)} times the steps"
    if c.bound:
        words += f" ({c.bound.partition(':')[0]})"
    words += f": {rung.outcome}"
    if rung.outcome == "not judged" and rung.unread:
        words += f" ({rung.unread})"
    if rung.finished and rung.p_steps < ALPHA <= rung.p_steps_holm:
        words += f" once p is adjusted ({p_value(rung.p_steps)}, then {p_value(rung.p_steps_holm)})"
    elif rung.outcome == "not distinguishable" and rung.p_steps_holm < ALPHA and c.open_pairs:
        words += f" while runs are missing ({len(c.open_pairs)})"
    words += f". Accuracy at the end: {points(rung.difference)}"
    if rung.parts > 1:
        words += ". These ideas came together; which of them did it cannot be told here"
    if rung.also:
        words += f". The two also differ in {', '.join(sorted(rung.also))}"
    return f"{words}."
