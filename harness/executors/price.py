"""What a comparison will cost, before it runs: from one real step and one real evaluation of its
first arm, in a folder that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors.base import Executor, held
from srpo_bench.harness.executors.run import run_all
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.harness.planning.plan import plan
from srpo_bench.results.store import PHASES, last_line, read_json, read_lines

PROBE_STEPS = 2
"""The first step of a process pays for what is set up once; the second is what steps cost."""


@dataclass(frozen=True)
class Price:
    """What one run takes, and all of them.

    seconds: of one run, by the probe's second step and its mean evaluation.   tokens: generated in
    training, of all runs.   disk: bytes of all runs.   memory: bytes a run held at most.
    """

    runs: int
    seconds: float
    tokens: float
    disk: float
    memory: float

    @property
    def hours(self) -> float:
        """Device hours of all runs."""
        return self.runs * self.seconds / 3600


def probe(
    config: Config, arms: list[Arm], executor_for: Callable[[PlannedComparison], Executor]
) -> Price:
    """Run two steps of the first arm, and reckon.

    Raises:
        UserError: the plan is refused, or the probe fails.
    """
    with tempfile.TemporaryDirectory(prefix="bench-probe-") as name:
        short = config.model_copy(
            update={"steps": PROBE_STEPS, "seeds": config.seeds[:1], "checkpoint_every": 10**6}
        )
        planned = plan(Path(name) / "probe", short, arms[:1], "bench compare --dry-run")
        run_all(planned, executor_for(planned))
        (run,) = planned.runs
        status = read_json(run.folder / "status.json")
        if status["state"] != "done":
            raise UserError(f"The probe of one step failed: {status['reason']}")
        timing = list(read_lines(run.folder / "timing.jsonl"))
        step = last_line(run.folder / "steps.jsonl") or {}
        written = sum(p.stat().st_size for p in run.folder.glob("*.jsonl"))
    scored = [line["evaluation"] for line in timing if line["evaluation"] > 0]
    last = timing[-1]
    training = sum(last[phase] for phase in PHASES if phase != "evaluation")
    evaluations = 1 + sum(
        config.evaluation.due(s) or s == config.steps for s in range(1, config.steps + 1)
    )
    runs = len(arms) * len(config.seeds)
    return Price(
        runs=runs,
        seconds=config.steps * training + evaluations * sum(scored) / len(scored),
        tokens=float(runs * config.steps * step["ledger"]["tokens_generated"]),
        disk=runs * (checkpoint_bytes(planned) * config.keep_checkpoints
                     + written / PROBE_STEPS * config.steps),
        memory=held(planned),
    )  # fmt: skip


def checkpoint_bytes(comparison: PlannedComparison) -> int:
    """Weights and the optimiser's two moments, in float32, as a checkpoint has them."""
    return 3 * 4 * comparison.parameters
