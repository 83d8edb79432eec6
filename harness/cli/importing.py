"""What ``bench import`` does and prints."""

from __future__ import annotations

from functools import partial
from shlex import quote
from typing import Any

from srpo_bench.harness.errors import UserError, as_user_error, unknown

STEP = {
    "rollout batch": "A step is a batch of rollouts.",
    "update": "A step is an update; --updates-per-step turns updates into batches of rollouts.",
    "unstated": "What a step is, is not stated (--unit): a claim about steps needs to know.",
}

OTHERS = (
    "What another trainer or tracker logs is read as CSV with the columns algo, seed, step and "
    "accuracy, or as TensorBoard's event files with --metric."
)


def import_and_show(**fields: Any) -> None:
    """Import, and say what was read, what was left out and what remains unknown.

    Args:
        fields: of ``srpo_bench.results.importers.request.Request``.

    Raises:
        UserError: the files cannot be imported as they are.
    """
    from srpo_bench.results.importers.convert import import_runs
    from srpo_bench.results.importers.request import FORMATS, Request

    if fields["format"] not in FORMATS:
        error = unknown("format", fields["format"], FORMATS)
        raise UserError(f"{error} {OTHERS}")
    request = Request(**fields)
    try:
        with as_user_error(ValueError):
            done = import_runs(request)
    except OSError as error:
        where = error.filename or fields["out"]
        raise UserError(f"Cannot write {where}: {error.strerror}.") from error
    arms: dict[str, int] = {}
    for arm, _ in done.written.runs:
        arms[arm] = arms.get(arm, 0) + 1
    counts = ", ".join(f"{arm}: {n}" for arm, n in arms.items())
    print(
        f"Imported {_count(len(done.written.runs), 'run')} ({counts}) with "
        f"{_count(done.written.evaluations, 'evaluation')} from {_count(len(done.files), 'file')}."
    )
    print(f"Accuracy: {', '.join(done.metric['keys'])} ({done.metric['kind']}).")
    print(STEP[done.written.unit])
    for line in _remarks(done):
        print(line)
    out = quote(str(request.out))
    print(f"Next: bench report {out}; bench verify {out}")


def _remarks(done: Any) -> list[str]:
    from srpo_bench.results.text import some

    listed = partial(some, limit=6)
    written, notes = done.written, done.notes
    remarks = [f"Look at this: {doubt}" for doubt in notes.doubts]
    if notes.skipped:
        remarks.append(
            "Left out: " + "; ".join(f"{why}: {n:,}" for why, n in notes.skipped.items()) + "."
        )
    if notes.ignored:
        remarks.append(f"Columns not read ({len(notes.ignored)}): {listed(list(notes.ignored))}.")
    if written.without_start:
        remarks.append(
            f"No evaluation at step 0 in {listed(written.without_start)}: without the baseline's, "
            "its gain is not known and there is no verdict."
        )
    if written.unfinished:
        remarks.append(f"The log ends before its budget in {listed(written.unfinished)}.")
    remarks += [f"Files of the same content: {listed(files)}." for files in done.same_files]
    remarks.append(
        f"Unknown: {', '.join(written.unknown)}. So the runs are not proved matched and get no "
        "verdict, unless you vouch that they are (--vouch-matched, here or of bench verify)."
    )
    return remarks


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"
