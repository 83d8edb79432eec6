"""verl: its console lines (``step:10 - actor/pg_loss:0.1 - …``) and its file logger's JSON lines
(``{"step": 10, "data": {…}}``).

Of the documented format and verl's source (``utils/tracking.py``, ``utils/logger``), not of a log
that verl wrote here. Seconds are the sum of a step's phases; responses follow from the tokens and
the mean lengths, and are left out where batches were thrown away (dynamic sampling).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from srpo_bench.results.importers import console
from srpo_bench.results.importers.jsonl import objects
from srpo_bench.results.importers.lines import Lines
from srpo_bench.results.importers.logs import Cost, Row, Trainer, real
from srpo_bench.results.importers.record import Notes, step_of
from srpo_bench.results.schema import Unit

LINE = re.compile(r"(?:^|\s)step:(\d+) - (.+)$")
CORE = re.compile(r"val-core/(?P<task>.+)/(?P<what>acc|reward)/mean@\d+")
OLD = re.compile(r"val/test_score/(?P<task>.+)")
PHASES = (
    *("gen", "reward", "old_log_prob", "ref", "values", "adv"),
    *("update_critic", "update_actor", "update_weights"),
)
"""Timers of a step, evaluation and saving left out."""


def rows(path: Path, notes: Notes) -> Iterator[Row]:
    """A row a step, from either kind of log."""
    lines = Lines(path)
    if console.is_json(path):
        for value in objects(lines, notes):
            data = value.get("data")
            if not isinstance(data, dict) or "step" not in value:
                raise lines.wrong('not a line of verl\'s file logger ({"step": …, "data": {…}})')
            try:
                yield Row(step_of(value["step"]), data, lines.number)
            except ValueError as error:
                raise lines.wrong(error) from error
        return
    for match in console.matches(lines, (LINE,), notes):
        yield Row(int(match[1]), _pairs(match[2]), lines.number)


def scores(values: Mapping[str, Any]) -> dict[str, str]:
    """``val-core/DATA/acc/mean@k`` (or ``reward``, where verl has no ``acc``); in older logs
    ``val/test_score/DATA``. Of two of one data set the user chooses."""
    keys: dict[str, str] = {}
    for key in values:
        if m := CORE.fullmatch(key):
            if other := keys.get(m["task"]):
                raise ValueError(f"'{other}' and '{key}' are both there: name one with --metric")
            keys[m["task"]] = key
    return keys or {m["task"]: key for key in values if (m := OLD.fullmatch(key))}


def cost(values: Mapping[str, Any], steps: int) -> Cost | None:
    """Seconds, responses and response tokens of a step; nothing where steps are missing."""
    timed = [s for p in PHASES if (s := real(values.get(f"timing_s/{p}"))) is not None]
    if not timed:
        return None
    if steps != 1:
        return {}
    return {"seconds": math.fsum(timed), **_generated(values)}


def _generated(values: Mapping[str, Any]) -> Cost:
    names = ("perf/total_num_tokens", "prompt_length/mean", "response_length/mean")
    total, prompt, response = (real(values.get(name)) for name in names)
    if not (total and prompt and response) or "train/num_gen_batches" in values:
        return {}
    responses = total / (prompt + response)
    if abs(responses - round(responses)) > 1e-3 * responses:
        return {}
    return {"responses": round(responses), "tokens": round(responses * response)}


def _pairs(text: str) -> dict[str, float | str]:
    split = (piece.rpartition(":") for piece in text.split(" - "))
    return {key: console.plain(value) for key, colon, value in split if colon}


def counts(values: Mapping[str, Any]) -> Unit:
    """A step is one batch of rollouts, with ``ppo_mini_batch_size`` updates inside (its
    ``ray_trainer.py``)."""
    return "rollout batch"


TRAINER = Trainer("a log of verl's", rows, scores, cost, counts=counts)
