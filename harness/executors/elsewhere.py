"""Planning where the runs will be: a login node has neither their devices nor their isolation."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.plugins.entered import used
from srpo_bench.results.scratch import scratch_folder
from srpo_bench.results.store import read_json, write_json


class Place(Protocol):
    """Somewhere that can run a command to its end."""

    def once(self, words: list[str]) -> str:
        """Run it there, and wait. Returns what it printed where it failed, else nothing."""
        ...


def plan_there(
    place: Place,
    folder: Path,
    config: Config,
    arms: list[Arm],
    command: str,
    tuning: dict[str, Any] | None = None,
    checked: Sequence[Mapping[str, Any]] = (),
    *,
    dry: bool = False,
) -> PlannedComparison:
    """``planning.plan``, done at the place."""
    folder = folder.absolute()
    _ask(
        place,
        folder,
        {
            "config": config.model_dump(mode="json"),
            "arms": [arm.model_dump(mode="json") for arm in arms],
            "command": command,
            "tuning": tuning,
            "checked": list(checked),
            "dry": dry,
            "plugins": [plugin.model_dump(mode="json") for plugin in used(config, arms)],
        },
    )
    return PlannedComparison(folder, config, arms, Path()) if dry else read_planned(folder)


def reopen_there(place: Place, folder: Path) -> PlannedComparison:
    """``planning.reopen``, done at the place."""
    read_planned(folder)  # what is no comparison is known here already
    _ask(place, folder.absolute(), {})
    return read_planned(folder.absolute())


def _ask(place: Place, folder: Path, request: Mapping[str, Any]) -> None:
    """The request and its answer lie beside the comparison, in the folder that all nodes share."""
    with ExitStack() as made:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            scratch = made.enter_context(scratch_folder(".planning-", folder.parent))
        except OSError as error:
            raise UserError(f"Cannot write to {folder.parent}: {error.strerror}.") from error
        path = scratch / "request.json"
        write_json(path, {"folder": str(folder), **request})
        words = [sys.executable, "-P", "-m", "srpo_bench.harness.planning", str(path)]
        failure = place.once(words)
        answer = path.with_name("answer.json")
        if not answer.is_file():
            raise UserError(f"Planning failed where the runs would be: {failure or 'no answer'}.")
        refused = read_json(answer)["refused"]
    if refused:
        raise UserError(str(refused))
