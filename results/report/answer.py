"""The first screen: claimed and measured in one unit, where the arms end, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum, inf
from typing import Any

from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.claims import Claim, Ratio
from srpo_bench.results.judgement.targets import is_there
from srpo_bench.results.progress import progress
from srpo_bench.results.report import ends, meaning, scale
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.unit import bounded, changes
from srpo_bench.results.statistics.contrast import AxisContrast
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.speed import FRACTION
from srpo_bench.results.text import SHORT, amount, ratio

PRICES = ("responses", "tokens", "seconds", "flops")
"""Axes that stand beside the claim's own."""


@dataclass(frozen=True)
class Headline:
    """The first screen's answer for one challenger."""

    challenger: str
    verdict: str
    title: str
    sentence: str
    ratio: str
    """Of steps to target to the baseline's; says when runs that never got there make it a bound."""
    cost: str
    claimed: str
    """``90 % fewer steps``; empty where the claim is not about these arms."""
    measured: str
    """``13 % fewer steps``; empty where nothing was measured."""
    interval: str
    """``9 to 17 % fewer``."""
    end: str
    """``95.0 % against 94.0 %``."""
    difference: str
    """``+1.0 points (-0.6 to +2.5)``."""
    reason: str
    """Why it is so, as the judge has it; empty for a pair that the claim is not about."""
    means: str
    """What follows from it, by the fixed table of verdict and scale."""

    @property
    def is_open(self) -> bool:
        """Do the conditions allow no verdict?"""
        return self.verdict in ("no-verdict", "not judged")

    @property
    def answer(self) -> str:
        """``Claimed: 90 % fewer steps. Measured: 13 % fewer.``, or the title."""
        if not (self.claimed and self.measured) or self.verdict == "no-verdict":
            return self.title
        unit = self.claimed.rpartition(" ")[2]
        return f"Claimed: {self.claimed}. Measured: {self.measured.removesuffix(f' {unit}')}."

    def to_dict(self) -> dict[str, Any]:
        """For summary.json."""
        return asdict(self)


def headlines(a: Analysis) -> list[Headline]:
    """One a challenger: those the claim is made of, then the others in plan order."""
    order = dict.fromkeys([*leading(a), *a.claims])
    return [_headline(a, arm) for arm in order]


def leading(a: Analysis) -> list[str]:
    """The challengers that the claim is made of, as the claim names them; all of them where there
    are none of those."""
    return own(a) or list(a.claims)


def judged(a: Analysis) -> list[str]:
    """The challengers that a claim is about, those of the headline claim first; all of them where
    no claim is about any."""
    first = leading(a)
    about = [arm for arm, verdicts in a.claims.items() if any(v.own for v in verdicts)]
    return list(dict.fromkeys([*first, *about]))


def own(a: Analysis) -> list[str]:
    """The challengers that the claim is made of, as the claim names them."""
    made_of = list(a.headline.algorithm) if a.headline else []
    about = [arm for arm in a.claims if (v := _verdict(a, arm)) and v.own]
    place = {arm: a.comparison.algorithms[arm].casefold() for arm in about}
    return sorted(about, key=lambda m: made_of.index(place[m]) if place[m] in made_of else 0)


def mail(a: Analysis, h: Headline) -> str:
    """A paragraph that stands by itself."""
    sentences = [] if h.sentence.startswith(h.title) else [f"{h.title}."]
    claim = a.headline
    if h.claimed and claim:
        sentences.append(f"The claim: {claim.claim} Made by: {claim.made_by}. In: {claim.where}.")
    if h.verdict != "no-verdict" or not h.claimed:
        sentences.append(f"Verdict: {h.verdict}.")
    sentences += [
        h.sentence,
        h.cost,
        f"Runs: {runs(a)}.",
        f"What it means: {h.means}",
    ]
    if made_by := commands(a):
        sentences.append(f"To reproduce: {'; then '.join(made_by)}")
    return " ".join(part for part in sentences if part)


def commands(a: Analysis) -> list[str]:
    """What planned the comparison, and what added seeds and arms to it later, in that order."""
    plan = a.comparison.plan
    told = (record.get("command") for record in (plan, *(plan.get("added") or [])))
    return [command for command in told if command]


def runs(a: Analysis) -> str:
    """What was run, and how large: ``a toy model of 1.1 M parameters; micro-math; 16 runs …``."""
    c = a.comparison
    tasks = c.plan.get("eval_tasks") or c.plan.get("tasks") or []
    parts = [scale.model(c)]
    if tasks:
        parts.append("scored on " + ", ".join(tasks[:4]) + (", …" if len(tasks) > 4 else ""))
    count = len(c.runs)
    done = sum(run.state == "done" for run in c.runs)
    of = f"{done} of {count}" if done < count else str(count)
    known = [c.horizon] if c.contract.get("steps") else [r.last_step for r in c.runs]
    last = dict.fromkeys(f"{step:g}" for step in (min(known), max(known)))
    parts.append(f"{of} run{'s' * (count != 1)} of {' to '.join(last)} steps")
    seconds = [r.totals[k] for r in c.runs for k in r.totals if k.startswith("seconds_")]
    if seconds:
        cores = (c.runs[0].manifest.get("host") or {}).get("cores")
        where = f" on a machine of {cores} cores" if cores else ""
        work = fsum(r.totals.get("processor_seconds", 0.0) for r in c.runs)
        busy = f" ({amount('seconds', work)} of processor time)" if work else ""
        parts.append(f"{amount('seconds', fsum(seconds))} in all{busy}{where}")
    return "; ".join(parts)


def way(a: Analysis, arm: str) -> str:
    """Speed on the way there: ``at 25 % of the gain 21 % fewer; at 50 % …``; the rest is in the
    table of other targets."""
    before = ((f, c) for f, c in a.grid[arm].items() if f < FRACTION)
    cells = ((f, c.steps) for f, c in before if c.steps and c.ratio.value > 0)
    told = ((f, bounded(cell.ratio.value, cell.bound)) for f, cell in cells)
    return "; ".join(f"at {100 * f:.0f} % of the gain {ratio}" for f, ratio in told)


def cost(a: Analysis, arm: str, wanted: Sequence[str] = PRICES) -> str:
    """``Relative to grpo: 13 % fewer responses, 60 % more FLOPs.``"""
    axes = a.judges[arm].contrast.axes if is_there(a.targets, a.gain) else {}
    changed = [
        f"{_measured(axes[axis])} ({changes(axes[axis].ratio)})"
        for axis in wanted
        if axis in axes and axes[axis].ratio.value >= 0
    ]
    return f"Relative to {a.baseline}: {', '.join(changed)}." if changed else ""


def of_claim(a: Analysis, v: ClaimVerdict) -> str:
    """What was measured of any claim, in its own unit."""
    test = next(claim.test for claim in a.wanted if claim.id == v.id)
    if not isinstance(test, Ratio) or v.ratio is None:
        return v.measured
    measured = _counted(bounded(v.ratio, v.bound or ""), test.axis)
    if v.interval is None:
        return measured
    low, high = (inf if end is None else end for end in v.interval)
    return f"{measured} ({changes(Estimate(v.ratio, low, high, v.n, ''))})"


def is_over(a: Analysis, arm: str) -> bool:
    """Have all runs of an arm and of the baseline ended? Then no other arm moves what was found."""
    c = a.comparison
    return progress([*c.of(arm), *c.of(a.baseline)]).over


def _verdict(a: Analysis, arm: str) -> ClaimVerdict | None:
    """The headline claim's verdict, at the target that decides."""
    return next((v for v in a.claims[arm] if a.headline and v.id == a.headline.id), None)


def _headline(a: Analysis, arm: str) -> Headline:
    result, judge, claim = _verdict(a, arm), a.judges[arm], a.headline
    c = judge.contrast
    bound = c.bound.partition(":")[0]
    steps = f"{ratio(c.ratio)}, {bound}" if bound else ratio(c.ratio)
    axis = a.axis
    cell = c.axes.get(axis)
    has_ratio = cell is not None and cell.ratio.value >= 0 and is_there(a.targets, a.gain)
    measured = _measured(cell) if cell and has_ratio else ""
    shared = {
        "challenger": arm,
        "ratio": steps,
        "cost": cost(a, arm),
        "measured": measured,
        "interval": changes(cell.ratio) if cell and has_ratio else "",
        "end": " against ".join(ends.accuracies(a.comparison, c)),
        "difference": ends.difference(cell),
    }
    if result is None or not result.own or claim is None:
        neutral = a.neutral[arm]
        title = f"{arm} against {a.baseline}: {neutral.outcome}"
        means = meaning.of_pair(neutral.outcome, arm, a.baseline)
        texts = {"title": title, "sentence": neutral.sentence, "means": means}
        texts |= {"claimed": "", "reason": ""}
        return Headline(verdict=neutral.outcome, **texts, **shared)
    title = _title(a, arm, result.verdict, claim)
    size = scale.scale(scale.parameters(a.comparison))
    return Headline(
        verdict=result.verdict,
        title=title,
        sentence=_sentence(a, arm, result, claim, shared),
        claimed=claim.needs if isinstance(claim.test, Ratio) else "",
        reason=_as_sentence(result.reason),
        means=meaning.meaning(result.verdict, size, claim.needs),
        **shared,
    )


def _title(a: Analysis, arm: str, verdict: str, claim: Claim) -> str:
    yet, needs = "" if is_over(a, arm) else " yet", claim.needs
    at_least = "at least " if "% fewer" in needs else ""  # of ``fewer steps`` there is no least
    refuted = f"did not need {needs}"
    if needs.startswith("at most "):
        refuted = f"needed more than {needs.removeprefix('at most ')}"
    return {
        "supported": f"{arm} needed {at_least}{needs} than {a.baseline}",
        "refuted": f"{arm} {refuted} than {a.baseline}",
        "inconclusive": f"These runs do not settle whether {arm} needs {needs}",
        "no-verdict": f"No verdict{yet} on whether {arm} needs {needs}",
    }[verdict]


def _sentence(
    a: Analysis, arm: str, result: ClaimVerdict, claim: Claim, texts: dict[str, str]
) -> str:
    """Measured against claimed, the interval, where both end, and what qualifies it."""
    c, reason = a.judges[arm].contrast, _as_sentence(result.reason)
    parts = [reason] if result.verdict == "no-verdict" else []
    at_end = ""
    if a.gain and texts["difference"]:
        ours, theirs = texts["end"].split(" against ")
        stand = f"{ends.when(a.comparison, c)} {arm} stands at {ours} and {a.baseline} at {theirs}"
        at_end = f"{stand}: {texts['difference']}."
    if a.gain and not is_there(a.targets, a.gain):
        parts += [meaning.without_target(a.baseline, a.gain, a.targets[0]), at_end]
    elif a.gain and texts["measured"]:
        pairs = f"{c.n} seed pair{'s' * (c.n != 1)}"
        span = texts["interval"]
        sure = span if span == "no interval" else f"95 % interval {span}"
        so_far = "" if is_over(a, arm) else " so far"
        bound = f"; this is {c.bound}" if c.bound else ""
        parts.append(
            f"Claimed: {claim.needs}. Measured{so_far}: {texts['measured']} ({sure}; {pairs}) to "
            f"{100 * c.target:.1f} % accuracy, {a.aim}{bound}."
        )
        parts.append(at_end)
    if result.verdict == "inconclusive":
        parts.append(reason)
    else:
        if result.verdict != "no-verdict" and (own := a.judges[arm].starving.own_doing):
            parts.append(_as_sentence(own))
        other = [s for s in result.units.values() if f": {result.verdict}," not in s]
        parts += map(_as_sentence, other)
    return " ".join(filter(None, parts))


def _as_sentence(clause: str) -> str:
    """A sentence of a clause."""
    return f"{clause[0].upper()}{clause[1:]}."


def _measured(cell: AxisContrast) -> str:
    """``13 % fewer steps``, ``at least 3.2 times as many tokens``."""
    return _counted(bounded(cell.ratio.value, cell.bound), cell.axis)


def _counted(change: str, axis: str) -> str:
    return f"{change} {SHORT.get(axis, axis)}"
