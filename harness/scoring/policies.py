"""Which policies a path names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srpo_bench.harness.config import Model
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.results.store import run_dirs, saved


@dataclass(frozen=True)
class Subject:
    """One policy to be scored: a Hugging Face folder, and the step it is from (0: no run's)."""

    label: str
    folder: Path
    step: int = 0


def subjects(model: Model) -> list[Subject]:
    """The model that a path names, or the kept checkpoints of a run or of a comparison's runs."""
    path = Path(model.path).expanduser()
    runs = [path] if (path / "manifest.json").is_file() else run_dirs(path)
    if not runs:
        folder = resolve(model)
        return [Subject(path.name, folder)]
    checkpoints = [
        Subject(
            str((run / f"step-{step}").relative_to(path)), run / f"checkpoints/step-{step}", step
        )
        for run in runs
        for step in saved(run)
    ]
    if not checkpoints:
        raise UserError(f"{path} keeps no checkpoint yet: none of its runs has saved one.")
    return checkpoints
