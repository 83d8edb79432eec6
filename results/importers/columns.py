"""Rows of named cells as records: which column means what, for CSV and JSON lines alike."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from srpo_bench.plugins import nearest
from srpo_bench.results.importers.record import (
    AXES,
    CALLS,
    WHOLE,
    Notes,
    Record,
    accuracy_of,
    integer,
    name_of,
    positive,
    stderr_of,
    step_of,
)
from srpo_bench.results.store import ResultsError

OPTIONAL = ("task", "stderr", *AXES)
NAMES = ("algo", "seed", "step", "accuracy", *OPTIONAL)
EMPTY = "rows without an accuracy (--skip-empty)"
NAN = "accuracies that are NaN"


def parse_map(texts: Sequence[str]) -> dict[str, str]:
    """``["accuracy=val/acc"]`` as name -> column.

    Raises:
        ResultsError: a name that means nothing here, or one that appears twice.
    """
    mapped: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not equals or not column:
            raise ResultsError(f"--map takes NAME=COLUMN, as in accuracy=val/acc, not '{text}'.")
        if name not in NAMES:
            raise ResultsError(f"--map knows no '{name}'; {nearest(name, NAMES)}")
        if name in mapped:
            raise ResultsError(f"--map {name}=… appears twice; give one column.")
        mapped[name] = column
    return mapped


@dataclass(frozen=True)
class Columns:
    """How to read the rows of a file.

    mapped: name -> column, where it is not the name itself.   arm, seed: of the whole file, None
    where columns tell.   scale: factor that makes a fraction of the accuracy.
    """

    mapped: Mapping[str, str] = field(default_factory=dict)
    arm: str | None = None
    seed: int | None = None
    scale: float = 1.0
    skip_empty: bool = False

    def locate(self, present: Sequence[str], sparse: bool = False) -> dict[str, str]:
        """name -> column. Names are found whatever their case. ``sparse``: accuracy may be absent.

        Raises:
            ValueError: a column is missing or appears twice; says which there are.
        """
        columns: dict[str, str] = {}
        for name in NAMES:
            column = self.mapped.get(name, name)
            if column not in present and name not in self.mapped:
                alike = [c for c in dict.fromkeys(present) if c.strip().lower() == name]
                if len(alike) > 1:
                    both = " and ".join(f"'{c}'" for c in alike)
                    raise ValueError(f"{both} may both be {name}: say --map {name}=…")
                column = alike[0] if alike else column
            if column in present:
                if present.count(column) > 1:
                    raise ValueError(f"column '{column}' appears twice")
                columns[name] = column
            elif self._needs(name, sparse):
                raise ValueError(self.missing(name, present))
        return columns

    def doubt_step(self, column: str, notes: Notes) -> None:
        """Remark, once, on a history whose steps are W&B's own."""
        remark = f"Steps are read from W&B's own _step; {CALLS}."
        if column == "_step" and remark not in notes.doubts:
            notes.doubts.append(remark)

    def record(self, cells: Mapping[str, Any], line: int, notes: Notes) -> Record | None:
        """The record of a row's cells, by name; None, and counted, where there is no accuracy.

        Raises:
            ValueError: a cell holds what it must not.
        """
        accuracy = accuracy_of(cells.get("accuracy"), self.scale, "accuracy")
        if accuracy is None:
            cell = cells.get("accuracy")
            written = cell is not None and str(cell).strip()
            if self.skip_empty:
                notes.skipped[NAN if written else EMPTY] += 1
                return None
            raise ValueError(
                f"accuracy is {'NaN' if written else 'empty'}; if such rows are training steps "
                "without an evaluation, add --skip-empty"
            )
        rest = {name: positive(cells[name], name) for name in AXES if name in cells}
        if "stderr" in cells:
            rest["stderr"] = stderr_of(cells["stderr"], self.scale)
        notes.skipped.update(f"empty cells of {name}" for name, v in rest.items() if v is None)
        return Record(
            arm=self._arm(cells.get("algo")),
            seed=self._seed(cells.get("seed")),
            step=step_of(cells.get("step")),
            accuracy=accuracy,
            line=line,
            task=_task(cells),
            stderr=rest.get("stderr"),
            responses=rest.get("responses"),
            tokens=rest.get("tokens"),
            seconds=rest.get("seconds"),
            updates=rest.get("updates"),
        )

    def _needs(self, name: str, sparse: bool) -> bool:
        if name in self.mapped:
            return not sparse
        return {
            "algo": self.arm is None,
            "seed": self.seed is None,
            "step": True,
            "accuracy": not sparse,
        }.get(name, False)

    def _arm(self, cell: Any) -> str:
        arm = name_of(cell, "algo")
        if self.arm is None and not arm:
            raise ValueError("algo is empty")
        if self.arm is not None and arm and arm != self.arm:
            raise ValueError(f"algo is '{arm}', but the file was named as '{self.arm}'")
        return self.arm or arm

    def _seed(self, cell: Any) -> int:
        if self.seed is None:
            return integer(cell, "seed")
        if cell is not None and integer(cell, "seed") != self.seed:
            raise ValueError(f"seed is {cell}, but the file was named as seed {self.seed}")
        return self.seed

    def missing(self, name: str, present: Sequence[str]) -> str:
        """That a column is not there, what there is, and what to do."""
        column = self.mapped.get(name, name)
        taken = {*NAMES, *self.mapped.values()} - {name}
        free = [p.lower() for p in present if p.lower() not in taken]
        near = difflib.get_close_matches(column.lower(), free, 1, 0.5)
        close = next((p for p in present if near and p.lower() == near[0]), None)
        listed = ", ".join(f"'{p}'" for p in present[:20]) + (" …" if len(present) > 20 else "")
        whole_file = {"algo": "--arm NAME or grpo/1=FILE", "seed": "--seed N or grpo/1=FILE"}.get(
            name
        )
        hint = f"; did you mean --map {name}={close}?" if close else f"; name it: --map {name}=…"
        say = f"; if the whole file has one {name}, say {whole_file}" if whole_file else ""
        return f"no column '{column}'{hint} (there are {listed}){say}"


def _task(cells: Mapping[str, Any]) -> str:
    """The data set of a row; one without such a column has none."""
    if "task" not in cells:
        return ""
    task = name_of(cells["task"], "task")
    if not task:
        raise ValueError("task is empty")
    if task.casefold() in WHOLE:
        raise ValueError(
            f"task '{task}' is no data set but all of them, whose mean is made here; leave such "
            "rows out (or the column, where there are no others)"
        )
    return task
