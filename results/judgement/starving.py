"""Does the plan starve a method that drops prompts? Its rule, run on the baseline's records.

Where it would leave fewer prompts than a batch needs before the baseline is at its own target, the
plan and not the method decided, and there is no verdict. A challenger that starves while the rule
would have left enough to the baseline does so by its own doing: it is judged, and the sentence says
so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srpo_bench.results.judgement.headroom import DROPS, counts, solved
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics.contrast import Contrast
from srpo_bench.results.statistics.health import Window, window
from srpo_bench.results.text import number

OFTEN = 0.05
"""Of an arm's steps up to the baseline's crossing: what of them can go wrong and decide nothing."""


@dataclass(frozen=True)
class Starving:
    """Whether one challenger had prompts to train on."""

    challenger: str
    baseline: str
    batch: float
    """Prompts that a step needs; NaN: not known."""
    at: float | None
    """Of ``starved_from``."""
    crossing: float
    """The baseline's steps to target."""
    challenger_steps: Window
    """The challenger's own, up to there."""

    @property
    def lacking(self) -> str:
        """Why there is no verdict, in words; empty where the plan left enough."""
        if self.at is None or not self.at < self.crossing:
            return ""
        return (
            f"the plan starves {self.challenger}: its rule, run on {self.baseline}'s records, "
            f"would leave fewer prompts than a batch of {self.batch:g} from step {self.at:g} on, "
            f"before {self.baseline}'s own crossing at {number(self.crossing)}"
        )

    @property
    def own_doing(self) -> str:
        """What a verdict on a challenger that starves says beside it; else empty."""
        if self.lacking or not self.challenger_steps.short > OFTEN:
            return ""
        kept = " by its own doing" if self.at is not None else ""
        return (
            f"up to {self.baseline}'s crossing {self.challenger} was short of prompts{kept} in "
            f"{100 * self.challenger_steps.short:.0f} % of its steps"
        )


def starving(comparison: Comparison, contrast: Contrast, at: float | None) -> Starving:
    """Look at one pair of arms at one target; ``at`` is of ``starved_from``, which needs none."""
    batch = batch_of(comparison)
    crossing = contrast.baseline_steps
    own = window(comparison.of(contrast.challenger), batch, crossing)
    return Starving(contrast.challenger, contrast.baseline, batch, at, crossing, own)


def batch_of(comparison: Comparison) -> float:
    """Prompts that a step needs; NaN: not known."""
    return float(comparison.contract.get("prompts_per_step") or np.nan)


def starved_from(comparison: Comparison, challenger: str, baseline: str) -> float | None:
    """The step from which a challenger's rule would have left the baseline fewer prompts than a
    batch, in the middle of the seeds; inf: never. None: it drops nobody, or nobody knows."""
    batch, size = batch_of(comparison), comparison.contract.get("pool_size")
    first = next(iter(comparison.of(challenger)), None)
    waits = (first.manifest.get("waits_for") or []) if first else []
    rule = next((wait for wait in waits if wait["event"] == DROPS), None)
    if rule is None or np.isnan(batch):
        return None
    runs = [run for run in comparison.of(baseline) if len(run.steps)]
    recorded = [(run, groups) for run in runs if (groups := counts(run))]
    each = [short_from(run, groups, rule, batch, size) for run, groups in recorded]
    return float(np.median(each)) if each else None


def short_from(
    run: Run,
    groups: Sequence[Sequence[Mapping[str, Any]]],
    rule: Mapping[str, Any],
    batch: float,
    size: int | None = None,
) -> float:
    """The first step at which a rule would have left a run fewer prompts than a batch; inf: never.

    Args:
        run: whose epochs count.
        groups: of each of its steps, as ``counts`` has them.
        rule: what the method's manifest says of its dropping: as ``solved`` has it, returns_after.
        batch: prompts that a step needs.
        size: prompts of the pool; None: those that the run asked.
    """
    size = size or len({group["prompt"] for step in groups for group in step})
    sits_out = rule.get("returns_after")
    begins = (np.flatnonzero(np.diff(run.curves["epoch"]) > 0) + 1).tolist()
    out: dict[str, int] = {}  # prompt -> the epoch at whose end it was dropped
    for epoch, (start, begin) in enumerate(zip([0, *begins[:-1]], begins, strict=False)):
        leaves = solved(groups, start, begin, rule)
        dropped = dict.fromkeys((prompt for prompt in leaves if prompt not in out), epoch)
        out = {p: e for p, e in out.items() if sits_out is None or epoch - e < sits_out} | dropped
        if size - len(out) < batch:
            return float(run.steps[begin])
    return float("inf")
