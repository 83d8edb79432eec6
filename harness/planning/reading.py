"""A comparison as its record has it: nothing of this machine is looked at, and no library that
trains is loaded, so that any machine can say how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.harness.plugins.entered import FilePlugin
from srpo_bench.results.seal import check_seal, check_there
from srpo_bench.results.store import ResultsError, read_plan


def read_planned(folder: Path) -> PlannedComparison:
    """A comparison that was planned before.

    Raises:
        UserError: the folder holds none, or one that was not planned here.
    """
    path = folder / "comparison.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no comparison: it has no comparison.json.")
    record = read_comparison(folder)
    return PlannedComparison(
        folder=folder,
        config=layers.parse(Config, record["config"], str(path)),
        arms=[Arm(name=a.pop("arm"), **a) for a in map(dict, record["arms"])],
        base=Path(record["base"]),
        device=record["contract"]["device"],
        parameters=int(record.get("parameters") or 0),
        plugins=[FilePlugin.model_validate(p) for p in record.get("plugins", [])],
        accelerator=record["contract"].get("accelerator"),
        notes=record.get("notes") or [],
    )


def read_comparison(folder: Path) -> dict[str, Any]:
    """The record of a comparison that was planned here, with today's defaults for newer settings.

    Raises:
        UserError: it is damaged, one of its runs is gone, or it was imported.
    """
    with as_user_error(ResultsError):
        check_seal(folder)
        record = read_plan(folder / "comparison.json")
        check_there(folder, record)
    if "config" not in record:
        raise UserError(f"{folder} was imported, so there is nothing to train in it.")
    planned = layers.parse(Config, record["config"], str(folder / "comparison.json"))
    record["config"] = planned.model_dump(mode="json")  # a setting that came later has its default
    return record
