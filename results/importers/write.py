"""Run directories from a shelf: all of them or none."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import quote

from srpo_bench.results.importers.record import AXES, Record
from srpo_bench.results.importers.shelf import Run, Shelf
from srpo_bench.results.schema import CORE, SCHEMA
from srpo_bench.results.scratch import scratch_folder
from srpo_bench.results.store import NO_ARM, STATUS, ResultsError, is_taken, write_json

ENOUGH = 3
"""Evaluations that show whether a total grows."""


@dataclass
class Cadence:
    """What the evaluations themselves prove of a run's contract."""

    every: int | None = None
    responses: float | None = None
    """Generated a step, where it is the same between all evaluations."""
    count: int = 0
    first: int = 0
    """The first step."""
    _last: Record | None = None
    _start: Record | None = None
    _even: bool = True
    _constant: bool = True

    def see(self, now: Record) -> None:
        """The next evaluation.

        Raises:
            ResultsError: a running total falls.
        """
        last, self._last = self._last, now
        self.count += 1
        if last is None:
            self.first, self._start = now.step, now
            self._even = self._constant = now.step == 0
            return
        for axis in AXES:
            before, after = getattr(last, axis), getattr(now, axis)
            if before is not None and after is not None and after < before:
                raise ResultsError(
                    f"{now.arm}, seed {now.seed}: {axis} fall from {before:.10g} (line "
                    f"{last.line}) to {after:.10g} (line {now.line}); they must be running totals."
                )
        width = now.step - last.step
        self.every = self.every or width
        self._even = self._even and width == self.every
        self._rate(last, now, width)

    def contract(self) -> dict[str, Any]:
        """Known fields; None where the evaluations do not prove one."""
        exact = self.responses is not None and float(self.responses).is_integer()
        return {
            "eval_every": self.every if self._even else None,
            "responses_per_step": int(self.responses or 0) if exact and self._constant else None,
        }

    def check(self) -> None:
        """Refuse a total that ends where it began, above 0: it is what a step costs."""
        start, end = self._start, self._last
        if start is None or end is None or self.count < ENOUGH:
            return
        for axis in AXES:
            if (total := getattr(start, axis)) and total == getattr(end, axis):
                raise ResultsError(
                    f"{end.arm}, seed {end.seed}: {axis} are {total:.10g} at step {start.step} and "
                    f"still at step {end.step}; they must be running totals."
                )

    @property
    def last(self) -> int:
        """The last step."""
        return self._last.step if self._last else 0

    def _rate(self, last: Record, now: Record, width: int) -> None:
        if last.responses is None or now.responses is None:
            self._constant = False
            return
        rate = (now.responses - last.responses) / width
        self._constant = self._constant and self.responses in (None, rate)
        self.responses = rate


@dataclass(frozen=True)
class Written:
    """What came of an import."""

    runs: list[Run]
    evaluations: int
    without_start: list[str]
    """Runs that have no evaluation at step 0."""
    unfinished: list[str]
    """Runs whose log ends before their budget."""
    unknown: list[str]
    """Core fields of the contract that some run does not know."""
    unit: str
    """What a step is: rollout batch, update or unstated (also where runs differ)."""


def folder_of(arm: str) -> str:
    """An arm's folder: its name, with what a file system minds written as %XX.

    Raises:
        ResultsError: the name is too long for one, or holds control characters.
    """
    name = quote(arm, safe=" ()+=@,~") if arm.isprintable() else ""
    if not name or len(name) > 200:
        raise ResultsError(f"{arm[:40]!a}… cannot name an arm: too long, or not printable.")
    reserved = name.startswith(".") or name.casefold() in NO_ARM
    return f"%{ord(name[0]):02X}{name[1:]}" if reserved else name


def write(
    shelf: Shelf, out: Path, plan: Mapping[str, Any], facts: Mapping[Run, Mapping[str, Any]]
) -> Written:
    """Write a comparison beside ``out`` and move it there when all is well.

    Args:
        shelf: the records.
        out: must not exist, or be an empty folder.
        plan: what comparison.json says besides arms, seeds and contract.
        facts: of runs, what their logs say of budget and end.

    Raises:
        ResultsError: records that contradict one another, or a folder that is taken.
    """
    free(out)
    new = [p for p in out.parents if not p.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with scratch_folder(f".{out.name}.importing-", out.parent) as temp:
            temp.chmod(0o755)
            written = _fill(shelf, temp, plan, facts)
            temp.replace(out)
    except BaseException:
        for folder in new if not out.exists() else []:  # an interrupt may come when all is there
            folder.rmdir()
        raise
    return written


def free(out: Path) -> None:
    """Is ``out`` free to be written?

    Raises:
        ResultsError: there is something already.
    """
    if is_taken(out):
        raise ResultsError(f"{out} exists and is not empty; choose another --out.")


def _fill(
    shelf: Shelf, folder: Path, plan: Mapping[str, Any], facts: Mapping[Run, Mapping[str, Any]]
) -> Written:
    contracts: dict[Run, dict[str, Any]] = {}
    evaluations, late, unfinished = 0, [], []
    tasks: dict[tuple[str, ...], str] = {}
    for run in shelf.runs:
        arm, seed = run
        where = folder / folder_of(arm) / f"seed-{seed}"
        where.mkdir(parents=True)
        cadence, of_run = Cadence(), facts.get(run, {})
        _evaluations(shelf.evaluations(run), where / "evals.jsonl", cadence, tasks)
        cadence.check()
        contracts[run] = {
            **dict.fromkeys(CORE),
            **cadence.contract(),
            "steps": of_run.get("steps"),
            "evaluation.metric": plan["imported"]["metric"],
        }
        reason = _cut(cadence.last, of_run)
        manifest = _manifest(run, contracts[run], plan, of_run.get("unit", "unstated"))
        write_json(where / "manifest.json", manifest)
        write_json(where / STATUS, _status(cadence.last, of_run, reason))
        evaluations += cadence.count
        late += [f"{arm}/seed-{seed}"] if cadence.first else []
        unfinished += [f"{arm}/seed-{seed}"] if reason else []
    units = {facts.get(run, {}).get("unit", "unstated") for run in shelf.runs}
    unit = units.pop() if len(units) == 1 else "unstated"
    write_json(folder / "comparison.json", _comparison(shelf.runs, contracts, plan, unit))
    unknown = [f for f in CORE if any(c[f] is None for c in contracts.values())]
    return Written(shelf.runs, evaluations, late, unfinished, unknown, unit)


def _evaluations(
    groups: Iterable[list[Record]], path: Path, cadence: Cadence, tasks: dict[tuple[str, ...], str]
) -> None:
    """Write evals.jsonl."""
    with path.open("w", encoding="utf-8") as f:
        for group in groups:
            now = group[0]
            names = tuple(r.task for r in group)
            where = f"{now.arm}, seed {now.seed}, step {now.step}"
            tasks.setdefault(names, where)
            if len(tasks) > 1:
                (mine, here), (other, elsewhere) = tasks.items()
                raise ResultsError(
                    f"{here} is scored on {_list(mine)}, {elsewhere} on {_list(other)}: their mean "
                    "is not the same thing; read what both have (--metric, or those rows)."
                )
            cadence.see(now._replace(**_spent(group)))
            f.write(json.dumps(_line(group), separators=(",", ":")) + "\n")


def _spent(group: Sequence[Record]) -> dict[str, Any]:
    """The running totals of an evaluation, which any of its data sets may tell."""
    totals = {axis: [v for r in group if (v := getattr(r, axis)) is not None] for axis in AXES}
    return {axis: max(values) for axis, values in totals.items() if values}


def _line(group: Sequence[Record]) -> dict[str, Any]:
    stated = [r.stderr for r in group if r.stderr is not None]
    stderr = math.hypot(*stated) / len(group) if len(stated) == len(group) else None
    return {
        "step": group[0].step,
        "accuracy": fmean(r.accuracy for r in group),
        "stderr": stderr,
        "tasks": {r.task: {"accuracy": r.accuracy, "stderr": r.stderr} for r in group if r.task},
        "spent": {axis: int(v) if v.is_integer() else v for axis, v in _spent(group).items()},
    }


def _cut(last: int, of_run: Mapping[str, Any]) -> str:
    budget, end = of_run.get("steps"), of_run.get("last_step", last)
    return f"the log ends at step {end} of {budget}" if budget and end < budget else ""


def _status(last: int, of_run: Mapping[str, Any], reason: str) -> dict[str, Any]:
    state = "stopped" if reason else "done"
    return {"state": state, "step": last, "steps": of_run.get("steps") or last, "reason": reason}


def _manifest(
    run: Run, contract: Mapping[str, Any], plan: Mapping[str, Any], unit: str
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "arm": run[0],
        "algorithm": run[0],
        "seed": run[1],
        "unit": unit,
        "settings": {},
        "algorithm_settings": {},
        "contract": contract,
        "versions": {},
        "host": {},
        "notes": plan["notes"],
        "base": None,
        "imported": plan["imported"],
    }


def _comparison(
    runs: Sequence[Run],
    contracts: Mapping[Run, Mapping[str, Any]],
    plan: Mapping[str, Any],
    unit: str,
) -> dict[str, Any]:
    arms = list(dict.fromkeys(arm for arm, _ in runs))
    fields: dict[str, Any] = {}
    for name in next(iter(contracts.values())):
        values = [c[name] for c in contracts.values()]
        fields[name] = values[0] if all(v == values[0] for v in values) else None
    return {
        "schema": SCHEMA,
        **plan,
        "unit": unit,
        "arms": [{"arm": arm, "algorithm": arm, "settings": {}} for arm in arms],
        "seeds": sorted({seed for _, seed in runs}),
        "baseline": _baseline(arms, plan.get("baseline")),
        "contract": fields,
    }


def _baseline(arms: Sequence[str], wanted: str | None) -> str | None:
    """The arm that the user names; None: nobody says, and ``baseline_of`` the arms is read."""
    if wanted is None:
        return None
    named = next((arm for arm in arms if arm.casefold() == wanted.casefold()), None)
    if named is None:
        raise ResultsError(f"There is no arm '{wanted}' here; there are {', '.join(arms)}.")
    return named


def _list(names: Iterable[str]) -> str:
    return ", ".join(name or "one score" for name in names)
