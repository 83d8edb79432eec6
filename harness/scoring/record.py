"""The record of a scoring, kept task by task, so that the same command finishes what was stopped.

samples.jsonl      every response of the tasks that are scored
unfinished.json    what was asked, and the scores so far; gone when all is done
scores.json        the same, whole: its presence says that all was scored
"""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.machine import refuse_unwritable
from srpo_bench.harness.scoring.scores import ScoredTask, ScoreLine
from srpo_bench.results.store import (
    ResultsError,
    append_line,
    is_taken,
    read_record,
    sync,
    write_json,
)

SAMPLES = "samples.jsonl"
UNFINISHED = "unfinished.json"
SCORES = "scores.json"
SO_FAR = ("scores", "seconds", "samples")
"""What of a record is not what was asked."""
SAID = {"plugins": "task files", "contents": "questions and answers", "code": "code of srpo-bench"}
"""What a sentence calls parts of a record that are not called so in the sentence."""


class _Settings(BaseModel):
    """What is read of the settings of a scoring that was stopped."""

    date: datetime.date


class _Unfinished(BaseModel):
    """The same of its record."""

    settings: _Settings
    models: dict[str, Any]
    problems: dict[str, list[str]]
    scores: list[ScoreLine]
    seconds: dict[str, float]
    samples: int = Field(ge=0)


class ScoreRecord:
    """What was asked, and what has been scored of it.

    Args:
        value: what ``scores.json`` is to hold.
        out: where it is kept; None: nowhere.
    """

    def __init__(self, value: dict[str, Any], out: Path | None) -> None:
        self.value, self._out = value, out

    def left(self, model: str) -> list[str]:
        """The tasks that this model has not been scored on."""
        done = {line["task"] for line in self.value["scores"] if line["model"] == model}
        return [task for task in self.value["problems"] if task not in done]

    def seconds(self, model: str) -> float:
        """What its tasks have taken so far."""
        return float(self.value["seconds"].get(model, 0.0))

    def add(self, scored: ScoredTask, model: str, seconds: float) -> None:
        """One more task of a model; seconds: what its tasks have taken with this one."""
        self.value["scores"] += [dataclasses.asdict(line) for line in scored.scores]
        self.value["seconds"][model] = round(seconds, 1)
        if self._out is None:
            return
        samples = self._out / SAMPLES
        for line in scored.samples:
            append_line(samples, line)
        sync(samples)
        size = samples.stat().st_size
        write_json(self._out / UNFINISHED, {**self.value, "samples": size})


def refuse_taken(out: Path) -> None:
    """Refuse a folder that holds anything but an unfinished scoring, or cannot be written to."""
    if is_taken(out) and not (out / UNFINISHED).is_file():
        whole = (out / SCORES).is_file()
        what = f"holds a whole scoring ({SCORES})" if whole else "is not an empty folder"
        raise UserError(f"{out} {what}; choose another --out.")
    refuse_unwritable(out)


def unfinished(out: Path | None) -> dict[str, Any] | None:
    """The record of a scoring that was stopped there."""
    if out is None or not (out / UNFINISHED).is_file():
        return None
    with as_user_error(ResultsError):
        record = read_record(out / UNFINISHED)
    try:
        _Unfinished.model_validate_json((out / UNFINISHED).read_bytes(), strict=True)
    except ValidationError as error:
        raise UserError(
            f"{out / UNFINISHED} is no scoring's record; choose another --out."
        ) from error
    return record


@contextmanager
def kept(asked: Mapping[str, Any], out: Path | None) -> Iterator[ScoreRecord]:
    """A record to score into: a new one, or the one that was stopped there; whole at the end.

    Raises:
        UserError: something else was asked there, or another process is at work on it.
    """
    value = {**json.loads(json.dumps(asked)), "scores": [], "seconds": {}}
    if out is None:
        yield ScoreRecord(value, None)
        return
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        refuse_taken(out)
        earlier = unfinished(out)
        if earlier is None:
            write_json(out / UNFINISHED, {**value, "samples": 0})
        else:
            _refuse_another(earlier, value, out)
            value |= {name: earlier[name] for name in ("scores", "seconds")}
            _drop_unscored(out / SAMPLES, earlier["samples"])
        yield ScoreRecord(value, out)
        write_json(out / SCORES, value)
        (out / UNFINISHED).unlink()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    folder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise UserError(f"Another bench eval is writing to {out}; choose another --out.") from None
    except OSError:  # this file system has no locks
        pass
    try:
        yield
    finally:
        os.close(folder)


def _refuse_another(there: Mapping[str, Any], here: Mapping[str, Any], out: Path) -> None:
    """Scores of one record are of one question."""
    asked = [name for name in here if name not in SO_FAR]
    if all(there.get(name) == here[name] for name in asked):
        return
    old, new = there["settings"], here["settings"]
    settings = [name for name in new if old.get(name) != new[name]]
    if settings and isinstance(new[settings[0]], Mapping):
        old, new = old.get(settings[0]) or {}, new[settings[0]]
        settings = [name for name in new if old.get(name) != new[name]]
    if settings:
        what = f"{settings[0]} is {old.get(settings[0])} there and {new[settings[0]]} here"
    else:
        name = next(name for name in asked if there.get(name) != here[name])
        what = f"not the same {SAID.get(name, name)}"
    raise UserError(
        f"{out} holds an unfinished scoring of something else: {what}. "
        "Choose another --out, or ask the same as there."
    )


def _drop_unscored(samples: Path, size: int) -> None:
    """Leave the responses of scored tasks, which come first."""
    there = samples.stat().st_size if samples.exists() else 0
    if there < size:
        raise UserError(
            f"{samples} has lost responses that are scored; delete {samples.parent} to begin anew."
        )
    if there:
        os.truncate(samples, size)
