"""Captions, and what a reader is warned of. Shared by page and Markdown."""

from __future__ import annotations

from textwrap import shorten

from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.starving import OFTEN
from srpo_bench.results.report import answer
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.look import banded
from srpo_bench.results.report.style import FEW
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.mismatch import LARGE_KL, mismatches
from srpo_bench.results.text import percent

MANY_CUT = 0.5
"""Share of responses cut off at the length limit that a banner names."""
LONGEST_REASON = 200
"""Characters."""
KINDS = {
    "held-out reward": "the mean of the reward function on held-out problems",
    "training reward": "a reward in training and no score on held-out problems",
    "not known to be held-out": "whose name does not say that it is a score on held-out problems",
}
"""What an imported metric is, where it is not plainly a held-out accuracy."""


def captions(a: Analysis) -> dict[str, str]:
    """Figure -> what it shows, so that it can be read without being seen."""
    base = a.baseline
    return {
        "accuracy": _accuracy(a),
        "ratios": f"Cost to target relative to {base}, with 95 % intervals over seed pairs. Solid "
        f"line: equal cost.{_dashed(a)}",
        "pairs": "Steps to target of every run, by its own isotonic curve: reached, and kept. A "
        "dot is the crossing, open where the run is not done; the pale bar behind it reaches over "
        "the evaluations around it; an open triangle did not cross. The verdict reads the mean "
        "curves instead.",
        "costs": "The same accuracies against what was spent. Lines end where the first of their "
        "runs ends; seconds leave evaluation out.",
        "survival": "Share of runs not yet at the target (Kaplan–Meier; runs that never reach it "
        "are censored at their last evaluation), up to where the last run of an arm was evaluated. "
        "A band is the 95 % interval.",
        "grid": "Steps to target relative to the baseline for other targets, as fractions of the "
        f"baseline's gain. Solid line: equal.{_dashed(a)}",
        "ladder": "Steps to the same target, each arm over the one it is read against, with 95 % "
        f"intervals over seed pairs: the rungs, then the controls. Solid line: equal.{_dashed(a)}",
        "tasks": "Accuracy at the end on each task, with 95 % intervals over seeds.",
        "profiles": "Left: share of runs × tasks that end above each accuracy. Right: share of "
        "tasks whose target an arm reaches within a factor of the fastest arm's steps, of arms "
        "that have a complete pair.",
        "training": "During training: response length, groups that carry no gradient because all "
        "their rewards are equal, groups all correct, and the prompt pool.",
        "mismatch": "Log-probs of the rollout engine against the learner's own of the same tokens, "
        "before the update. Left: KL a token (log scale); the dashed line is where it is called "
        "large. Right: responses that importance weights leave, of those generated.",
    }


def mismatch(a: Analysis) -> str:
    """A plain warning where an arm's engine does not sample from its learner's policy; else ""."""
    large = {arm: m for arm, m in mismatches(a.comparison).items() if m.is_large}
    if not large:
        return ""
    names = "; ".join(f"{arm}: KL {m.kl:.2g} nats a token" for arm, m in large.items())
    correction = a.comparison.contract.get("rollout.correction", "none")
    corrected = "was not corrected" if correction == "none" else f"was corrected: {correction}"
    return (
        f"The rollout engine did not sample from the policy that was trained ({names}; rounding "
        f"explains less than {LARGE_KL:g}). Look for stale weights or other sampling settings. The "
        f"mismatch {corrected}."
    )


def health(a: Analysis) -> str:
    """What ailed training so much that it can have decided a verdict, in a sentence; else ""."""
    parts = [s for judge in a.judges.values() if (s := _starves(judge))]
    known = a.first_steps is not None
    first = f"up to {a.baseline}'s crossing" if known else "so far"
    for arm, own in a.health.items():
        part = own.before if known else own.whole
        if part.flat > OFTEN:
            parts.append(f"{first} {arm} had no gradient in {100 * part.flat:.0f} % of its steps")
        if part.repeated > OFTEN:
            often = f"{100 * part.repeated:.0f} % of its steps"
            parts.append(f"{first} {arm} asked a prompt twice in a step in {often}")
        if part.cut > MANY_CUT:
            parts.append(f"{first} {100 * part.cut:.0f} % of {arm}'s responses were cut off")
        if own.collapsed:
            parts.append(f"{arm} collapses, its smoothed curve ends well below its best")
    return f"Health of the runs: {'; '.join(parts)}." if parts else ""


def _starves(judge: Judge) -> str:
    return judge.starving.lacking or judge.starving.own_doing


def added(a: Analysis) -> list[str]:
    """What was added to the plan after it was made, and what had been seen by then."""
    lines = []
    for addition in a.comparison.plan.get("added") or []:
        parts = []
        for kind in ("seeds", "arms"):
            if names := addition.get(kind):
                parts.append(f"{kind} {', '.join(map(str, names))}")
        seen = addition.get("runs_seen", 0)
        runs = "1 run" if seen == 1 else f"{seen} runs"
        when = f"when {runs} had been evaluated" if seen else "before any run was evaluated"
        day = str(addition.get("at", ""))[:10]
        lines.append(f"Added later ({day}), {when}: {'; '.join(parts)}.")
    return lines


def imported(a: Analysis) -> str:
    """Where imported runs come from and what their accuracy is; empty for runs of our own."""
    source = a.comparison.plan.get("imported")
    if not source:
        return ""
    files, keys = [f["path"] for f in source["files"]], ", ".join(source["metric"])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    sentence = (
        f"Imported from {source['says']} ({', '.join(files[:3])}{more}), not run here: what the "
        f"logs do not tell is unknown. Their accuracy is '{keys}'"
    )
    meaning = KINDS.get(source["kind"])
    return f"{sentence}, {meaning}." if meaning else f"{sentence}."


def reason(run: Run) -> str:
    """Why a run failed, at a length that can be read; its worker.log has all."""
    return shorten(run.reason, LONGEST_REASON, placeholder=" …")


def open_runs(a: Analysis) -> list[str]:
    """Failed and unfinished runs, in words; those of an arm that stand alike together."""
    alike: dict[tuple[str, str, str], list[Run]] = {}
    for run in a.comparison.runs:
        if run.state != "done":
            alike.setdefault((run.arm, run.state, reason(run)), []).append(run)
    return [_stand(*key, runs) for key, runs in alike.items()]


def _stand(arm: str, state: str, why: str, runs: list[Run]) -> str:
    """``srpo, seeds 2, 3: stopped at steps 55 to 60``, and why."""
    seeds = f"seed{'s' * (len(runs) > 1)} {', '.join(str(run.seed) for run in runs)}"
    first, last = (end(run.last_step for run in runs) for end in (min, max))
    where = f"step {first:g}" if first == last else f"steps {first:g} to {last:g}"
    return f"{arm}, {seeds}: {state} at {where}" + (f". {why}" if why else "")


def _accuracy(a: Analysis) -> str:
    lead = "Held-out accuracy against training steps, mean over seeds"
    if len(a.arms) > FEW:
        bands = banded(a)
        within = f" A band holds all seeds of an arm: {', '.join(bands)}." if bands else ""
        return (
            f"{lead}.{within} The dashed line is the target; a dot on it is where the mean curve "
            f"of an arm's complete pairs crosses, open where it does not.{_claim(a)}"
        )
    numbers = "; ".join(
        f"{arm}: {percent(r.base)} at the start, {percent(r.final)} at the end"
        for arm, r in a.arms.items()
    )
    return (
        f"{lead}, with all of them within the band. The dashed line is the target; each tick on it "
        f"is the crossing of one run, and an open triangle is a run that did not cross.{_claim(a)} "
        f"{numbers}."
    )


def _claim(a: Analysis) -> str:
    if a.threshold is None or not answer.own(a):
        return ""
    return (
        " The grey band is where the claim would have it cross; the arrow runs from the baseline's "
        "crossing to where it did."
    )


def _dashed(a: Analysis) -> str:
    return "" if a.threshold is None else f" Dashed line: {a.threshold:g}, the claim."
