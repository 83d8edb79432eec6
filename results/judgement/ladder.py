"""What each idea is worth: arms of the ladder against the rung below, and against their controls.

A rung's ratio of steps is at the comparison's one target, the baseline's, so that rungs can be read
one after another. The contrasts whose answer is not known beforehand are one family: their p values
are Holm's, over the steps and over the accuracies apart. A contrast whose arms differ in more than
its idea says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from srpo_bench.results.judgement.rules import Outcome, told_apart
from srpo_bench.results.progress import progress
from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics import scores
from srpo_bench.results.statistics.contrast import Contrast, contrast
from srpo_bench.results.statistics.inference import Estimate, holm, mean, sign_flip
from srpo_bench.results.statistics.race import MIN_REACHED
from srpo_bench.results.statistics.speed import Goal

Kind = Literal["rung", "control"]


@dataclass(frozen=True)
class Idea:
    """A method and what it adds to the one below it."""

    method: str
    adds: str
    below: str = ""
    """The method it adds that to; empty: it is the first."""
    changes: frozenset[str] = frozenset()
    """Settings of both methods that the idea itself sets differently."""


COINS = "training on coins instead of rewards"

LOSS = "SRPO's loss (token mean, no KL, overlong rule)"
RESAMPLED = "grpo-token+history"
"""srpo-paper without its stages is this."""
CHOICE = "history resampling, over a pool that shrinks at random"

LADDER = (
    Idea("grpo", "nothing"),
    Idea("grpo-token", LOSS, "grpo", frozenset({"beta"})),
    Idea(RESAMPLED, "history resampling", "grpo-token"),
    Idea("srpo-paper", "two stages", RESAMPLED, frozenset({"stage_one_epochs"})),
    Idea("srpo", "reweighted replay", RESAMPLED),
)
"""The last two both stand on history resampling: replay has no stages."""

CONTROLS = (
    Idea("grpo-masked", "leaving groups without signal out of the mean", "grpo-token"),
    Idea("srpo-paper", CHOICE, "hr-random"),
    Idea(RESAMPLED, CHOICE, "hr-random"),
    Idea("random-reward", COINS, "grpo"),
)
"""A method, and the one that it differs from in one thing that a rung could be mistaken for."""

SAMPLERS = {"srpo-paper": "history", "srpo": "history", "hr-random": "history-random"}
"""The algorithms here that do not go through shuffled epochs by themselves."""


@dataclass(frozen=True)
class Rung:
    """One contrast of the ladder. p of steps is the larger of the two estimators', of accuracies
    that of the exact sign-flip test; both are Holm's over the family, too."""

    kind: Kind
    what: str
    parts: int
    """Ideas that were switched on together; 1: the contrast isolates one."""
    also: tuple[str, ...]
    """Settings that differ besides: the contrast is not of the idea alone."""
    contrast: Contrast
    difference: Estimate
    """Of accuracy at the end, a fraction, paired by seed."""
    p_accuracy: float
    finished: bool = False
    """False while runs of the ladder's arms, or of the baseline, are under way: the target and the
    family's p values may still move."""
    p_steps_holm: float = float("nan")
    p_accuracy_holm: float = float("nan")

    @property
    def control(self) -> bool:
        """Is its answer known beforehand? Then it spends none of the family's level."""
        return self.what == COINS

    @property
    def steps(self) -> Estimate:
        """Ratio of steps to target."""
        return self.contrast.ratio

    @property
    def p_steps(self) -> float:
        """The p of equal steps."""
        return self.contrast.steps.p if self.contrast.steps else float("nan")

    @property
    def flops(self) -> Estimate | None:
        """Ratio of FLOPs to target; None where a run does not know its own."""
        cell = self.contrast.axes.get("flops")
        return cell.ratio if cell else None

    @property
    def outcome(self) -> Outcome:
        """Told apart from equal steps, after Holm?"""
        if not self.finished:
            return "not finished"
        if self.unread:
            return "not judged"
        return told_apart(self.contrast, self.p_steps if self.control else self.p_steps_holm)

    @property
    def unread(self) -> str:
        """Why the arm below gives no steps to target; empty where it does."""
        cell, below = self.contrast.steps, self.contrast.baseline
        if cell is None or cell.race.readable:
            return ""
        if (share := float(cell.race.reach[1])) < MIN_REACHED:
            needed = f"{100 * MIN_REACHED:.0f} % are needed"
            return f"{below} reaches the target in {100 * share:.0f} % of its runs, and {needed}"
        return f"{below} {'falls back' if cell.race.collapsed[1] else 'gains nothing'}"


def ladder(comparison: Comparison, target: float) -> list[Rung]:
    """The rungs, then the controls, of the arms that are there; fewer than two are no ladder.

    Args:
        comparison: the runs.
        target: accuracy that every contrast's steps are counted to, a fraction.
    """
    if comparison.plan.get("imported"):
        return []  # of other trainers' arms only the names are known
    arms = _arms(comparison)
    rungs = [*_rungs(comparison, arms, target), *_controls(comparison, arms, target)]
    if len(rungs) < 2:
        return []
    steps = holm(np.array([np.nan if r.control else r.p_steps for r in rungs]))
    accuracy = holm(np.array([np.nan if r.control else r.p_accuracy for r in rungs]))
    asked = {arm for r in rungs for arm in (r.contrast.challenger, r.contrast.baseline)}
    asked.add(comparison.baseline)
    over = progress([run for run in comparison.runs if run.arm in asked]).over
    return [
        replace(r, finished=over, p_steps_holm=float(s), p_accuracy_holm=float(d))
        for r, s, d in zip(rungs, steps, accuracy, strict=True)
    ]


def _arms(comparison: Comparison) -> dict[str, str]:
    """method -> its arm: the one of its name, else the first. An algorithm with another sampler
    than its own is the two joined by a plus."""
    arms: dict[str, str] = {}
    for planned in comparison.plan.get("arms", []):
        name, algorithm = planned["arm"], planned.get("algorithm", planned["arm"])
        if not comparison.of(name):
            continue
        own = SAMPLERS.get(algorithm, "shuffled")
        sampler = planned.get("sampler") or own
        method = algorithm if sampler == own else f"{algorithm}+{sampler}"
        if method == "srpo-paper" and not _staged(comparison, name):
            method = RESAMPLED
        if method not in arms or name == method:
            arms[method] = name
    return arms


def _staged(comparison: Comparison, arm: str) -> bool:
    """Do an arm's stages change anything? Not on a pool of one kind of prompt."""
    at_rest = {name for run in comparison.of(arm) for name in run.manifest.get("at_rest") or ()}
    length = _settings(comparison, arm).get("stage_one_epochs")
    return bool(length) and "stage_one_epochs" not in at_rest


def _rungs(comparison: Comparison, arms: Mapping[str, str], target: float) -> Iterator[Rung]:
    """Every rung that is there on the nearest one below it that is, too; a gap joins its ideas."""
    ideas = {idea.method: idea for idea in LADDER}
    for idea in LADDER:
        joined, below = [idea], idea.below
        while below and below not in arms:
            joined, below = [ideas[below], *joined], ideas[below].below
        if below and idea.method in arms:
            yield _rung(comparison, "rung", arms[idea.method], arms[below], joined, target)


def _controls(comparison: Comparison, arms: Mapping[str, str], target: float) -> Iterator[Rung]:
    for idea in CONTROLS:
        if idea.method in arms and idea.below in arms:
            pair = arms[idea.method], arms[idea.below]
            yield _rung(comparison, "control", *pair, [idea], target)


def _rung(
    comparison: Comparison,
    kind: Kind,
    challenger: str,
    reference: str,
    ideas: Sequence[Idea],
    target: float,
) -> Rung:
    ours, theirs = _settings(comparison, challenger), _settings(comparison, reference)
    on = [part for idea in ideas for part in _added(idea, ours, theirs, kind)]
    meant = frozenset[str]().union(*(idea.changes for idea in ideas))
    pairs = scores.pairs(comparison, challenger, reference)
    d = np.array([scores.at_end(c) - scores.at_end(b) for c, b in pairs])
    return Rung(
        kind=kind,
        what=" and ".join(on) or "nothing: all that it adds is switched off",
        parts=len(on),
        also=_also(ours, theirs, meant),
        contrast=contrast(
            comparison, challenger, reference, Goal(level=target), ("steps", "flops")
        ),
        difference=mean(d),
        p_accuracy=sign_flip(d) if len(d) else float("nan"),
    )


def _settings(comparison: Comparison, arm: str) -> dict[str, Any]:
    return comparison.of(arm)[0].settings


def _also(ours: Mapping[str, Any], theirs: Mapping[str, Any], meant: Set[str]) -> tuple[str, ...]:
    """Settings of both that differ, the idea's aside; what an arm has of the optimiser by itself,
    the other has as the comparison has it."""
    own = {name for name in (*ours, *theirs) if name.startswith("optim.")}
    both = (ours.keys() & theirs.keys()) | own
    return tuple(sorted(k for k in both - meant if ours.get(k) != theirs.get(k)))


def _added(
    idea: Idea, settings: Mapping[str, Any], reference: Mapping[str, Any], kind: Kind
) -> list[str]:
    """What an idea adds as it was set; nothing where it is off."""
    if idea.adds == LOSS and reference.get("beta") == 0:
        return [idea.adds.replace("no KL, ", "")]  # which its reference does without, too
    if idea.method == RESAMPLED and kind == "rung" and not settings.get("resample", True):
        return []
    if idea.method == "srpo-paper" and kind == "rung":
        return [f"{idea.adds} ({settings['stages']})"]
    if idea.method == "srpo" and settings.get("replay_fraction") == 0:
        return []
    return [idea.adds]
