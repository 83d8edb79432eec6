"""The executor that was asked for. None of it is part of the contract: a comparison that was
planned under one executor may be resumed under another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srpo_bench.harness.errors import UserError, unknown

if TYPE_CHECKING:
    from srpo_bench.harness.executors.base import Executor, Need

NAMES = ("local", "ray", "slurm")


@dataclass(frozen=True)
class Options:
    """How runs are run.

    workers: runs at a time; None: as many as there is room for.   ray_address: of a cluster that
    is up, "auto" for the one of this node; None: one of our own.   slurm: options of sbatch.
    slurm_template: the user's own batch file; None: ours.
    """

    name: str = "local"
    workers: int | None = None
    ray_address: str | None = None
    slurm: tuple[str, ...] = ()
    slurm_template: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            UserError: no executor of that name, or an option of another.
        """
        if self.name not in NAMES:
            raise unknown("executor", self.name, NAMES)
        if self.name != "ray" and self.ray_address:
            raise UserError("--ray-address goes with --executor ray.")
        if self.name != "slurm" and (self.slurm or self.slurm_template):
            raise UserError("--slurm and --slurm-template go with --executor slurm.")
        for option in self.slurm:
            if not option.lstrip().startswith("-"):
                raise UserError(
                    f"--slurm {option}: an option of sbatch begins with a dash, as in "
                    f"--slurm=--{option.strip()}."
                )
        if self.slurm_template and not self.slurm_template.is_file():
            raise UserError(f"--slurm-template {self.slurm_template}: there is no such file.")


def make_executor(folder: Path, need: Need, options: Options) -> Executor:
    """An executor for the runs of the comparison in ``folder``.

    Raises:
        UserError: what it needs is not here.
    """
    if options.name == "slurm":
        from srpo_bench.harness.executors.slurm import SlurmExecutor

        return SlurmExecutor(folder, need, options.workers, options.slurm, options.slurm_template)
    if options.name == "ray":
        from srpo_bench.harness.executors.ray import RayExecutor

        return RayExecutor(folder, need, options.ray_address, options.workers)
    from srpo_bench.harness.executors.local import LocalExecutor

    return LocalExecutor(need, options.workers)
