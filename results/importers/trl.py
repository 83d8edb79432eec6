"""TRL: ``trainer_state.json``, which transformers' Trainer writes beside every checkpoint.

Its ``log_history`` holds an entry a logging step and one an evaluation. Seconds are ``step_time``,
the mean over the steps since the entry before, evaluation left out. How many responses a step
generates is not in the file, and ``num_tokens`` counts the prompts too, so neither is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from srpo_bench.results.importers import jsonfile
from srpo_bench.results.importers.logs import Cost, Row, Trainer, real
from srpo_bench.results.importers.record import Notes, integer
from srpo_bench.results.schema import Unit
from srpo_bench.results.store import ResultsError

FILE = "trainer_state.json"
ACCURACY = re.compile(r"eval_(?:(?P<task>.+)_)?accuracy")
SET = re.compile(r"eval_(?P<task>.+)_(?:loss|runtime)")
"""TRL 1.16 names an evaluation set beside its rewards, not in them: an entry a set."""
REWARD = re.compile(r"eval_(?:(?P<task>.+?)_)?rewards/(?P<function>.+)/mean")
RIGHT = re.compile(r"(?i:accuracy|(?<![a-z])acc(?-i:(?![a-z])))")
FORM = re.compile(r"(?<![a-z])format", re.I)
"""What a reward function of right answers is called, and one of their form."""


def rows(path: Path, notes: Notes) -> Iterator[Row]:
    """The lines of ``log_history``, numbered as entries; then the budget goes into the notes."""
    folder, path = path, newest(path)
    facts: dict[str, Any] = {}
    history = False
    for name, value, number in jsonfile.members(path, inside="log_history"):
        if name != "log_history":
            facts[name] = value
            continue
        history = True
        if value is None:
            continue  # an empty history
        if not isinstance(value, dict) or "step" not in value:
            raise ResultsError(f"{path}, log entry {number}: no step in it.")
        try:
            yield Row(integer(value["step"], "step"), value, number)
        except ValueError as error:
            raise ResultsError(f"{path}, log entry {number}: {error}.") from error
    if not history:
        raise ResultsError(f"{path} has no log_history, so it is no trainer_state.json.")
    _note_budget(path, facts, notes)
    last, newer = notes.facts["last_step"], max(_saved(folder), default=0)
    if path.parent == folder and newer > last:
        raise ResultsError(
            f"{path} ends at step {last}, and {folder / f'checkpoint-{newer}'} goes on: name the "
            f"{FILE} that counts."
        )


def _note_budget(path: Path, facts: Mapping[str, Any], notes: Notes) -> None:
    try:
        last = integer(facts.get("global_step"), "global_step")
        budget = integer(facts.get("max_steps"), "max_steps")
    except ValueError as error:
        raise ResultsError(f"{path}: {error}.") from error
    notes.facts["last_step"] = last
    if 0 < budget < last:
        notes.doubts.append(
            f"{path}: global_step {last} is beyond max_steps {budget}, so its budget is not known."
        )
    elif budget > 0:
        notes.facts["steps"] = budget


def newest(path: Path) -> Path:
    """The file itself; of an output folder its own, else that of the last checkpoint."""
    if not path.is_dir():
        return path
    own, saved = path / FILE, _saved(path)
    return own if own.is_file() or not saved else saved[max(saved)]


def _saved(folder: Path) -> dict[int, Path]:
    """Step -> file of an output folder's checkpoints, in their order."""
    found = [p for p in folder.glob(f"checkpoint-*/{FILE}") if p.parent.name[11:].isdecimal()]
    return dict(sorted((int(p.parent.name[11:]), p) for p in found))


def scores(values: Mapping[str, Any]) -> dict[str, str]:
    """``eval_…accuracy`` where somebody logs one, else the reward function of that kind, else the
    only reward function, on the evaluation set."""
    direct = {
        m["task"] or "": key
        for key in values
        if (m := ACCURACY.fullmatch(key)) and not key.endswith("mean_token_accuracy")
    }
    if direct:
        return _of_sets(direct)
    named = next((m["task"] for key in values if (m := SET.fullmatch(key))), "")
    by_task: dict[str, dict[str, str]] = {}
    for key in values:
        if m := REWARD.fullmatch(key):
            by_task.setdefault(m["task"] or named, {})[m["function"]] = key
    return _of_sets({task: _choose(functions) for task, functions in by_task.items()})


def _of_sets(keys: dict[str, str]) -> dict[str, str]:
    """The same; sets do not come with one that is no set's, which may be a part or the mean."""
    if "" in keys and len(keys) > 1:
        other = next(key for task, key in keys.items() if task)
        raise ValueError(f"'{other}' and '{keys['']}' are both there: name one with --metric")
    return keys


def cost(values: Mapping[str, Any], steps: int) -> Cost | None:
    """Seconds of the steps since the last training row."""
    if "loss" not in values and "reward" not in values:
        return None
    seconds = real(values.get("step_time"))
    return {} if seconds is None else {"seconds": seconds * steps}


def _choose(functions: Mapping[str, str]) -> str:
    right = [key for n, key in functions.items() if RIGHT.search(n) and not FORM.search(n)]
    if len(right) == 1 or len(functions) == 1:
        return (right or list(functions.values()))[0]
    raise ValueError(
        f"several reward functions, and none is clearly the accuracy: name one with --metric "
        f"({', '.join(functions.values())})"
    )


def counts(values: Mapping[str, Any]) -> Unit:
    """``global_step`` counts optimiser steps, whatever ``steps_per_generation`` and
    ``num_iterations`` make of a batch of rollouts (transformers' Trainer)."""
    return "update"


TRAINER = Trainer("TRL's trainer_state.json", rows, scores, cost, "log entry", counts)
