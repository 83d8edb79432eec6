"""Could the comparison have come out either way?

The first moment at which the challenger's rule could act must lie within the share of the
baseline's steps that the claim leaves, and so must two evaluations. The moment is read from the
plan and from the *baseline's* records, never from the challenger's: a method that solves nothing
would else never act, and could never be refuted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics.contrast import Contrast
from srpo_bench.results.store import ResultsError, read_lines
from srpo_bench.results.text import number

ROOM = 0.1
"""All must lie within this share of the baseline's steps, where the claim does not leave less."""
DROPS = "epoch-boundary-with-solved-prompt"
"""The event that a method waits for which drops prompts at an epoch's end."""
EPOCH = "one epoch"
EVENTS = {
    DROPS: "the first epoch that ends with a prompt solved",
    "stage-switch": "the switch of stages",
    "first-replay": "the first replay",
    EPOCH: EPOCH,
}
"""What a manifest's ``waits_for`` may name, in words."""


@dataclass(frozen=True)
class Headroom:
    """What the comparison allowed."""

    effects: Mapping[str, float | None]
    """What the challenger's rule waits for -> the step at which the plan and the baseline's records
    have it: inf never, None unknown. Empty: it waits for nothing."""
    second_evaluation: float
    """Step of the second evaluation after step 0; NaN: there is none."""
    baseline_steps: float
    """The baseline's steps to target; NaN: not known yet."""
    share: float = ROOM
    """Of those, what the claim leaves the challenger, if that is less than a tenth."""

    @property
    def limit(self) -> float:
        """The steps within which all must lie."""
        return self.share * self.baseline_steps

    @property
    def first(self) -> float | None:
        """The step at which the rule could first act; None: unknown."""
        steps = [step for step in self.effects.values() if step is not None]
        return min(steps, default=None if self.effects else 0.0)

    @property
    def lacking(self) -> str:
        """What is too late, in words; empty when there was room."""
        if np.isnan(self.limit):
            return "the baseline's steps to target are not known yet"
        late = []
        if self.first is not None and self.first > self.limit:
            late.append(self._effect)
        if np.isnan(self.second_evaluation):
            late.append("the second evaluation never comes")
        elif self.second_evaluation > self.limit:
            late.append(f"the second evaluation is at step {self.second_evaluation:g}")
        if not late:
            return ""
        return (
            f"no headroom: {' and '.join(late)}, later than {100 * self.share:.3g} % "
            f"({number(self.limit)}) of the baseline's {number(self.baseline_steps)} steps to "
            "target"
        )

    @property
    def _effect(self) -> str:
        step = self.first
        names = [EVENTS.get(k, k) for k, v in self.effects.items() if v == step]
        if step == np.inf:
            return f"by the baseline's records {' and '.join(names)} never comes"
        if list(self.effects) == [EPOCH]:
            return f"one epoch takes {step:g} steps"
        return f"{' and '.join(names)} comes at step {step:g}"


def headroom(
    comparison: Comparison,
    contrast: Contrast,
    happens: Mapping[str, float | None],
    share: float = ROOM,
) -> Headroom:
    """What a comparison allowed, measured at a contrast's target.

    Args:
        comparison: the runs. contrast: its two arms.
        happens: ``effects`` of the two arms.
        share: of the baseline's steps, what a claim leaves; never more than a tenth is taken.
    """
    arms = (contrast.challenger, contrast.baseline)
    seconds = [
        float(r.evals.step[r.evals.step > 0][1])
        for r in comparison.runs
        if r.arm in arms and (r.evals.step > 0).sum() > 1
    ]
    return Headroom(
        effects=happens,
        second_evaluation=max(seconds, default=float("nan")),
        baseline_steps=contrast.baseline_steps,
        share=min(ROOM, share),
    )


def effects(comparison: Comparison, challenger: str, baseline: str) -> dict[str, float | None]:
    """When what the challenger waits for happens by the plan and the baseline's records; for
    records that do not say what it waits for, when an epoch ends."""
    first = next(iter(comparison.of(challenger)), None)
    waits = first.manifest.get("waits_for") if first else None
    if waits is None:
        pool, batch = (comparison.contract.get(k) for k in ("pool_size", "prompts_per_step"))
        return {EPOCH: pool / batch if pool and batch else None}
    runs = [run for run in comparison.of(baseline) if len(run.steps)]
    return {wait["event"]: _when(wait, runs) for wait in waits}


def _when(wait: Mapping[str, Any], runs: Sequence[Run]) -> float | None:
    """The step, in the middle of the baseline's seeds where it is one of their records."""
    if "step" in wait:
        return float(wait["step"])
    if wait["event"] == DROPS:
        each = [_solved_epoch(run, wait) for run in runs]
    elif wait["event"] == "first-replay":
        each = [_first(run.steps, run.curves["zero_variance"] < 1) + 1 for run in runs]
    else:
        return None
    return float(np.median(each)) if each else None


def _solved_epoch(run: Run, rule: Mapping[str, Any]) -> float:
    """The first step of an epoch at whose beginning a rule would drop a prompt. Older records do
    not hold prompts; there a group that is all correct stands for one."""
    prompts = counts(run)
    begins = np.flatnonzero(np.diff(run.curves["epoch"]) > 0) + 1
    for start, begin in zip([0, *begins[:-1]], begins, strict=False):
        if prompts:
            acts = bool(solved(prompts, start, begin, rule))
        else:
            acts = bool((run.curves["all_correct"][start:begin] > 0).any())
        if acts:
            return float(run.steps[begin])
    return float("inf")


def counts(run: Run) -> list[list[dict[str, Any]]]:
    """A run's groups by step, each with its prompt and how many of its n responses are right; empty
    where the record does not hold them."""
    try:
        lines = [line.get("by_prompt") for line in read_lines(run.folder / "steps.jsonl")]
    except ValueError as error:
        raise ResultsError(str(error)) from error
    return [groups or [] for groups in lines] if any(lines) else []


def solved(
    groups: Sequence[Sequence[Mapping[str, Any]]], start: int, begin: int, rule: Mapping[str, Any]
) -> list[str]:
    """The prompts that a method's rule calls solved when an epoch ends.

    Args:
        groups: of each step, as ``counts`` has them.
        start, begin: which of them the epoch's first is, and the next one's.
        rule: what the manifest says of the dropping: rate, over, looks.
    """
    rate, looks = rule.get("rate", 1.0), rule.get("looks", 1)
    asked = Counter(p for step in groups[:begin] for p in {group["prompt"] for group in step})
    seen = groups[0 if rule.get("over") == "history" else start : begin]
    return [p for p, share in pass_rates(seen).items() if share >= rate and asked[p] >= looks]


def pass_rates(steps: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    """Prompt -> its pass rate over all of its groups in some steps, as ``counts`` has them."""
    right: dict[str, int] = {}
    n: dict[str, int] = {}
    for group in (group for groups in steps for group in groups):
        right[group["prompt"]] = right.get(group["prompt"], 0) + group["right"]
        n[group["prompt"]] = n.get(group["prompt"], 0) + group["n"]
    return {prompt: right[prompt] / n[prompt] for prompt in n if n[prompt]}


def _first(steps: np.ndarray, has_acted: np.ndarray) -> float:
    return float(steps[np.argmax(has_acted)]) if has_acted.any() else float("inf")
