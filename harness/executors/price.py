"""What a comparison will cost, before it runs: by finished runs of the same comparison, or from two
real steps and evaluations of each arm, in a folder that is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors.base import Executor, held
from srpo_bench.harness.executors.room import checkpoint_bytes, kept
from srpo_bench.harness.executors.run import run_all
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun, state
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.results.attempts import attempts
from srpo_bench.results.schema import PHASES
from srpo_bench.results.scratch import scratch_folder
from srpo_bench.results.store import STATUS, last_line, read_json, read_lines

PROBE_STEPS = 2
"""The first step of a process pays for what is set up once; the second is what steps cost."""


@dataclass(frozen=True)
class Price:
    """What one run takes, and all that are still to be run.

    by: what it was reckoned from.   seconds: of one run, the mean of the arms'.   tokens: generated
    in training, of all runs.   disk: bytes of all runs.   memory: bytes a run holds at least.
    has: bytes of the device that it was reckoned on; None: not known.   final: whether the seconds
    hold the final scoring, where there is one.
    """

    by: str
    runs: int
    seconds: float
    tokens: float
    disk: float
    memory: float
    has: float | None = None
    final: bool = False

    @property
    def hours(self) -> float:
        """Device hours of all runs."""
        return self.runs * self.seconds / 3600


def by_finished(folder: Path, config: Config, arms: Sequence[Arm]) -> Price | None:
    """The price by the mean of the runs that are done in ``folder``, whose plan is as this one's;
    None where there are none. Runs that are done cost nothing more."""
    if not (folder / "comparison.json").exists():
        return None
    planned = read_planned(folder)
    done = [run for run in planned.runs if state(run) == "done"]
    if not done:
        return None
    seconds = [_seconds(read_lines(run.folder / "timing.jsonl")) for run in done]
    tokens = [
        sum(line["ledger"]["tokens_generated"] for line in read_lines(run.folder / "steps.jsonl"))
        for run in done
    ]
    disk = [sum(p.stat().st_size for p in run.folder.rglob("*") if p.is_file()) for run in done]
    left = len(arms) * len(config.seeds) - len(done)
    return Price(
        by=f"by {len(done)} that {'is' if len(done) == 1 else 'are'} done in {folder}",
        runs=left,
        seconds=sum(seconds) / len(done),
        tokens=left * sum(tokens) / len(done),
        disk=left * sum(disk) / len(done),
        memory=held(planned),
        has=_has(done[-1]),
        final=True,
    )


def probe(
    config: Config,
    arms: Sequence[Arm],
    parent: Path | None,
    plan: Callable[[Path, Config, list[Arm]], PlannedComparison],
    executor_for: Callable[[PlannedComparison], Executor],
) -> Price:
    """Run two steps of every arm, since some ask for more responses than others, and reckon. No
    sink hears of them, and the final scoring, which may take longer than the training, is left out.

    Args:
        parent: a folder that all nodes see; None: this machine's own for what is thrown away.

    Raises:
        UserError: the plan is refused, or the probe fails.
        KeyboardInterrupt: the probe's runs are killed, and their folder gone.
    """
    with scratch_folder(".bench-probe-", parent) as folder:
        short = config.model_copy(
            update={
                "steps": PROBE_STEPS,
                "seeds": config.seeds[:1],
                "optim": config.optim.model_copy(update={"warmup_updates": 0}),
                "checkpoint_every": PROBE_STEPS + 1,
                "sinks": (),
                "final": config.final.model_copy(update={"tasks": ()}),
            }
        )
        planned = plan(folder / "probe", short, list(arms))
        with closing(executor_for(planned)) as executor:
            run_all(planned, executor, kept=False)
        each = [_probed(run, config) for run in planned.runs]
        has = _has(planned.runs[-1])
    seconds, tokens, written = (sum(column) for column in zip(*each, strict=True))
    n, saved = len(config.seeds), checkpoint_bytes(planned) * kept(config)
    return Price(
        by=f"by two steps of {whose(arms)}",
        runs=len(arms) * n,
        seconds=seconds / len(arms),
        tokens=n * tokens,
        disk=n * (len(arms) * saved + written),
        memory=held(planned),
        has=has,
    )


def whose(arms: Sequence[Arm]) -> str:
    """Whose steps a probe runs, in words."""
    return arms[0].name if len(arms) == 1 else "each arm"


def _probed(run: PlannedRun, config: Config) -> tuple[float, float, float]:
    """Seconds, tokens and bytes of records of a run of these settings, by a probe of its arm."""
    status = read_json(run.folder / STATUS)
    if status["state"] != "done":
        raise UserError(f"The probe failed: {status['reason']}")
    timing = list(read_lines(run.folder / "timing.jsonl"))
    step = last_line(run.folder / "steps.jsonl") or {}
    written = sum(p.stat().st_size for p in run.folder.glob("*.jsonl"))
    scored = [line["evaluation"] for line in timing if line["evaluation"] > 0]
    training = _seconds(timing[-1:]) - timing[-1]["evaluation"]
    evaluations = 1 + sum(map(config.evaluates, range(1, config.steps + 1)))
    return (
        config.steps * training + evaluations * sum(scored) / len(scored),
        float(config.steps * step["ledger"]["tokens_generated"]),
        written / PROBE_STEPS * config.steps,
    )


def _seconds(timing: Iterable[dict[str, Any]]) -> float:
    """What these lines of timing.jsonl add up to."""
    return sum(float(line[phase]) for line in timing for phase in PHASES)


def _has(run: PlannedRun) -> float | None:
    """Bytes of the device that a run was on, by its last attempt; None where that is not known: a
    mirror keeps no attempts."""
    made = attempts(run.folder)
    return made[-1].get("memory") if made else None
