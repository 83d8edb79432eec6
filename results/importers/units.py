"""What a trainer calls a step, and what that is in rollout batches and updates."""

from __future__ import annotations

from srpo_bench.results.importers.record import Record
from srpo_bench.results.schema import Unit
from srpo_bench.results.store import ResultsError


def choose(declared: Unit, stated: Unit | None, per_step: int | None) -> Unit:
    """The unit of a log's steps.

    Args:
        declared: by the trainer's logs. stated: by the user. per_step: updates a rollout batch.

    Raises:
        ResultsError: the two say different things, or a conversion from nothing that is known.
    """
    if stated and declared not in ("unstated", stated):
        raise ResultsError(
            f"This trainer's step is one {declared}, not one {stated}; leave --unit out."
        )
    unit = stated or declared
    if per_step and unit == "unstated":
        raise ResultsError(
            "--updates-per-step needs to know what a step is here: say --unit 'rollout batch' or "
            "--unit update."
        )
    return unit


def counted(record: Record, unit: Unit, per_step: int | None) -> Record:
    """A record in rollout batches where that is known, with its updates where they are.

    An evaluation between two updates of a batch stands behind that batch, which was spent by then.

    Raises:
        ResultsError: the log counts other updates than such steps make.
    """
    each = 1 if unit == "update" else per_step
    if unit == "unstated" or each is None:
        return record
    updates = float(record.step * each)
    if record.updates not in (None, updates):
        raise ResultsError(
            f"{record.arm}, seed {record.seed}, step {record.step} (line {record.line}): "
            f"{record.updates:.10g} updates are told, and with {each} a step they would be "
            f"{updates:.10g}; is a step something else, or --updates-per-step another number?"
        )
    step = batches(record.step, per_step) if unit == "update" else record.step
    return record._replace(step=step, updates=updates)


def batches(updates: int, per_step: int | None) -> int:
    """Rollout batches of so many updates; the updates themselves where that is not known."""
    return -(-updates // per_step) if per_step else updates


def result(unit: Unit, per_step: int | None) -> Unit:
    """The unit of what is written."""
    return "rollout batch" if unit == "update" and per_step else unit
