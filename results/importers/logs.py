"""A trainer's log of one run as records: which of its metrics is the held-out accuracy, and what
had been spent when it was measured."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from srpo_bench.results.importers.record import AXES, WHOLE, Notes, Record, accuracy_of, step_of
from srpo_bench.results.schema import Unit
from srpo_bench.results.store import ResultsError

TRAINING = "training steps without an evaluation"
KEYS, SHOWN = 200, 20
"""Metrics that an error message may choose from, and that it shows."""
REWARD = re.compile("reward|test_score", re.I)
LOWEST = "critic/score/min"
"""verl's name, in whatever kind of log, of a batch's smallest training reward."""
TRAINED = re.compile(r"(?:^|[^a-z])train(?:ing)?(?:[^a-z]|$)", re.I)


class Row(NamedTuple):
    """What a log says of a step, or a part of it."""

    step: int
    values: Mapping[str, Any]
    line: int


Cost = Mapping[str, float]


@dataclass
class Direction:
    """Which way the steps of a log run. A resumed log goes back once, and on again."""

    first: int | None = None
    last: int = 0
    _forth: bool = False

    def see(self, step: int) -> None:
        """The next row's step."""
        if self.first is None:
            self.first = step
        else:
            self._forth = self._forth or step > self.last
        self.last = step

    @property
    def backwards(self) -> bool:
        """It only ever went back."""
        return self.first is not None and self.last < self.first and not self._forth


@dataclass(frozen=True)
class Trainer:
    """What is to be known of a trainer's logs.

    rows: reads a file.   scores: of a row's metrics, data set -> the key of its held-out accuracy;
    raises ValueError where that is not clear.   cost: of a row and the steps since the training row
    before it, what they cost by axis; None where the row tells of no training.
    """

    says: str
    rows: Callable[[Path, Notes], Iterator[Row]]
    scores: Callable[[Mapping[str, Any]], dict[str, str]]
    cost: Callable[[Mapping[str, Any], int], Cost | None]
    unit: str = "line"
    """What a row's number counts."""
    counts: Callable[[Mapping[str, Any]], Unit] = lambda _: "unstated"
    """Of a row with a score: what its step is."""


@dataclass
class Totals:
    """Running totals of a run. An axis that one training step does not tell is not known."""

    step: int = 0
    sums: dict[str, float] | None = None

    def add(self, row: Row, trainer: Trainer) -> None:
        """Count a row's training, once."""
        if row.step <= self.step:
            return
        cost = trainer.cost(row.values, row.step - self.step)
        if cost is not None:
            before = dict.fromkeys(cost, 0.0) if self.sums is None else self.sums
            self.sums = {axis: before[axis] + cost[axis] for axis in before if axis in cost}
            self.step = row.step

    def at(self, step: int) -> dict[str, float]:
        """Known at the step of the last training row, and at step 0."""
        if step == 0:
            return dict.fromkeys(AXES, 0.0)
        return dict(self.sums or {}) if step == self.step else {}


def read(
    path: Path,
    trainer: Trainer,
    run: tuple[str, int],
    notes: Notes,
    totals: Totals,
    metrics: Sequence[str] = (),
    scale: float = 1.0,
) -> Iterator[Record]:
    """The evaluations in a run's log.

    Args:
        path: the log. trainer: whose.
        run: arm and seed.
        metrics: keys that are the accuracy, if the user names them.
        scale: factor that makes fractions of them.

    Raises:
        ResultsError: no held-out accuracy, one that is not a fraction, or a step that is none;
            names the line.
    """
    seen: dict[str, None] = {}
    scored, way, lowest = False, Direction(), 0.0
    for row in trainer.rows(path, notes):
        try:
            way.see(step_of(row.step))
            totals.add(row, trainer)
            lowest = min(lowest, real(row.values.get(LOWEST)) or 0.0)
            found = _named(row.values, metrics) if metrics else trainer.scores(row.values)
            picked = found if metrics else _no_sum(_without_training(found, notes))
            if not found:
                notes.skipped[TRAINING] += 1
            if not picked and len(seen) < KEYS:
                seen.update(dict.fromkeys(row.values))
            for task, key in picked.items():
                agree(notes, task, key)
                accuracy = accuracy_of(row.values[key], scale, f"'{key}'")
                if accuracy is None:
                    raise ValueError(f"'{key}' is empty or NaN: that evaluation failed")
                _spread(row.values, key, scale)
                scored = True
                notes.facts["unit"] = trainer.counts(row.values)
                spent = totals.at(row.step)
                yield Record(*run, row.step, accuracy, row.line, task, None, *map(spent.get, AXES))
        except ValueError as error:
            raise ResultsError(f"{path}, {trainer.unit} {row.line}: {error}.") from error
    if way.backwards:
        raise ResultsError(
            f"{path} lists its steps backwards, from {way.first} to {way.last}; put it in order: "
            "what was spent is summed up as it goes."
        )
    if not scored:
        raise ResultsError(_nothing(path, trainer, metrics, seen))
    if lowest < 0 and (rewards := [k for k in notes.metrics.values() if REWARD.search(k)]):
        notes.doubts.append(
            f"{run[0]}, seed {run[1]}: training rewards go down to {lowest:g} "
            f"('{LOWEST}'), and '{rewards[0]}' was read as the share that is right. Is it?"
        )


def held_out(key: str) -> bool:
    """Does a metric's name say that it was measured on held-out problems?"""
    said = re.search(r"(?:^|[^a-z])(?:eval|val|valid|validation|test)(?:[^a-z]|$)", key, re.I)
    return bool(said) and not on_training(key)


def on_training(name: str) -> bool:
    """Does a metric's or a data set's name say that its problems are those of training?"""
    return bool(TRAINED.search(name))


def real(value: Any) -> float | None:
    """A finite JSON number; None for anything else."""
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if usable and math.isfinite(value) else None


def _spread(values: Mapping[str, Any], key: str, scale: float) -> None:
    """Hold a mean against the standard deviation that is logged beside it.

    n >= 2 numbers in [0, 1] with mean m have a sample variance of at most m (1 - m) n / (n - 1)
    (Bhatia and Davis 2000, Amer. Math. Monthly 107), and means over batches have no more.

    Raises:
        ValueError: they are not all in [0, 1], such as rewards of -1 and 1.
    """
    beside = (f"{key}_std", re.sub("mean(?!.*mean)", "std", key).replace("val-core/", "val-aux/"))
    mean = real(values[key])
    for name in beside:
        spread = real(values.get(name))
        if name == key or mean is None or spread is None:
            continue
        share, spread = mean * scale, spread * scale
        most = math.sqrt(max(2 * share * (1 - share), 0.0))
        if spread > most + 1e-6:
            raise ValueError(
                f"'{key}' is no share that is right: '{name}' is {spread:.3g}, and numbers from 0 "
                f"to 1 with the mean {share:.3g} have {most:.3g} at most. Rewards of another "
                "range? Import the accuracy, or make it one in a CSV file"
            )


def _without_training(found: Mapping[str, str], notes: Notes) -> dict[str, str]:
    """Without the evaluations on training problems, which are counted."""
    trained = [task for task, key in found.items() if on_training(task) or on_training(key)]
    for task in trained:
        notes.skipped[f"evaluations on training problems ({task or found[task]})"] += 1
    return {task: key for task, key in found.items() if task not in trained}


def _no_sum(found: Mapping[str, str]) -> dict[str, str]:
    """The same data sets, none of which is all of the others.

    Raises:
        ValueError: one is, and its part in the mean would be counted twice.
    """
    whole = next((task for task in found if len(found) > 1 and task.casefold() in WHOLE), None)
    if whole is not None:
        raise ValueError(
            f"'{found[whole]}' sums up the others, whose mean is made here: name those that count "
            "with --metric"
        )
    return dict(found)


def _named(values: Mapping[str, Any], metrics: Sequence[str]) -> dict[str, str]:
    if len(metrics) == 1:
        return {"": metrics[0]} if metrics[0] in values else {}
    return {key: key for key in metrics if key in values}


def agree(notes: Notes, task: str, key: str) -> None:
    """Remember what a data set's accuracy is read from.

    Raises:
        ValueError: it was read from something else before, be it in another file.
    """
    other = notes.metrics.setdefault(task, key)
    if other != key:
        of_task = f" of {task}" if task else ""
        raise ValueError(
            f"the accuracy{of_task} is '{key}' here and '{other}' before; name one with --metric"
        )


def _nothing(path: Path, trainer: Trainer, metrics: Sequence[str], seen: Mapping[str, None]) -> str:
    if not seen:
        return f"{path} holds no metrics; is it {trainer.says}?"
    keys = sorted(seen, key=lambda key: (not held_out(key), key))
    listed = ", ".join(keys[:SHOWN]) + (f" and {len(keys) - SHOWN} more" * (len(keys) > SHOWN))
    if metrics:
        near = difflib.get_close_matches(metrics[0], keys, 1)
        hint = f"; did you mean '{near[0]}'?" if near else "."
        return f"{path} has no metric '{', '.join(metrics)}'{hint} There are: {listed}."
    return (
        f"{path} holds no held-out accuracy that is known as one. Evaluate while training, or name "
        f"a metric with --metric KEY (a training reward is marked as what it is). There are: "
        f"{listed}."
    )
