"""OpenRLHF: its console lines (``Global step 10: {…}``, ``…, global_step 10, eval_metrics: {…}``)
and JSON lines with the names it logs under (``eval/eval_DATA_pass1``, ``eval/global_step``).

Of OpenRLHF's source (``trainer/ppo_trainer*.py``, ``utils/logging_utils.py``), not of a log that it
wrote here. Seconds are ``timing/step_total``; responses are left out under dynamic filtering, which
throws some away.
"""

from __future__ import annotations

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

LINES = (
    re.compile(r"global_step (\d+), eval_metrics: (\{.*)$"),
    re.compile(r"Eval at step (\d+): (\{.*)$"),
    re.compile(r"Global step (\d+): (\{.*)$"),
)
PAIR = re.compile(r"""['"]([^'"]+)['"]: ([^,{}]+)""")
PASS1 = re.compile(r"(?:eval/)?eval_(?P<task>.+)_pass1")
STEPS = ("eval/global_step", "train/global_step", "global_step", "step")


def rows(path: Path, notes: Notes) -> Iterator[Row]:
    """A row a step or an evaluation, from either kind of log."""
    lines = Lines(path)
    if console.is_json(path):
        for value in objects(lines, notes):
            step = next((value[k] for k in STEPS if value.get(k) is not None), None)
            try:
                yield Row(step_of(step), value, lines.number)
            except ValueError as error:
                raise lines.wrong(error) from error
        return
    for match in console.matches(lines, LINES, notes):
        values = {key: console.plain(value) for key, value in PAIR.findall(match[2])}
        yield Row(int(match[1]), values, lines.number)


def scores(values: Mapping[str, Any]) -> dict[str, str]:
    """``eval_DATA_pass1``, the mean over responses."""
    return {m["task"]: key for key in values if (m := PASS1.fullmatch(key))}


def cost(values: Mapping[str, Any], steps: int) -> Cost | None:
    """Seconds, responses and response tokens of a step; nothing where steps are missing."""
    plain = {key.removeprefix("train/"): value for key, value in values.items()}
    seconds = real(plain.get("timing/step_total"))
    if seconds is None:
        return None
    if steps != 1:
        return {}
    responses = real(plain.get("rollout/num_samples"))
    length = real(plain.get("rollout/response_length_mean"))
    if not responses or not length or "dynamic_filtering_pass_rate" in plain:
        return {"seconds": seconds}
    return {"seconds": seconds, "responses": responses, "tokens": round(responses * length)}


def counts(values: Mapping[str, Any]) -> Unit:
    """``global_step`` counts batches of rollouts, each with its ``ppo_train`` (its
    ``ppo_trainer.py``)."""
    return "rollout batch"


TRAINER = Trainer("a log of OpenRLHF's", rows, scores, cost, counts=counts)
