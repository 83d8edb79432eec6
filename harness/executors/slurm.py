"""Slurm: one array job, an element a run, from a batch file that the user can read and replace.

Slurm finds the places and requeues what a lost node took with it; the batch file, the list of runs
and what each element printed stay in the comparison's folder.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined, TemplateError

from srpo_bench.children import python_path
from srpo_bench.harness.errors import RunError, UserError
from srpo_bench.harness.executors.base import Ended, Need, last_words
from srpo_bench.harness.planning.comparison import PlannedRun
from srpo_bench.results.store import STOP

TEMPLATE = Path(__file__).with_name("slurm.sh.j2")

LIVE = {"PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "REQUEUED", "SUSPENDED", "REQUEUE_HOLD"}
"""States of an element that has not ended."""

LOOK_EVERY = 5.0
"""Seconds between questions to the controller, which many people share."""


class SlurmExecutor:
    """Submits one array job and follows it."""

    def __init__(
        self,
        folder: Path,
        need: Need,
        workers: int | None = None,
        options: Sequence[str] = (),
        template: Path | None = None,
    ) -> None:
        _require("sbatch", "squeue", "scancel")
        self._folder, self._need, self._workers = folder, need, workers
        self._options, self._template = tuple(options), template
        self._runs: list[PlannedRun] = []
        self._open: set[int] = set()
        self._job, self._looked = "", 0.0
        self._answers = True
        self._batch(folder, 1)  # a bad template is reported before anything is planned

    @property
    def side_by_side(self) -> int:
        """As many as were asked for; how many the partition has room for, Slurm decides."""
        return self._workers or max(1, len(self._runs))

    def once(self, words: list[str]) -> str:
        """Run a command on a node; what it printed, where it failed."""
        gpus = [f"--gres=gpu:{self._need.gpus}"] if self._need.gpus else []
        given = [word for option in self._options for word in shlex.split(option)]
        options = [f"--cpus-per-task={self._need.cpus}", *gpus, *given]
        srun = ["srun", "--quiet", "--ntasks=1", f"--export=ALL,PYTHONPATH={python_path()}"]
        return last_words([*srun, *options, *words])

    def start(self, runs: Sequence[PlannedRun]) -> None:
        """Write the batch file and submit it."""
        self._runs = list(runs)
        if not runs:
            return
        batch = self.write_batch(runs)
        self._job = _slurm("sbatch", "--parsable", str(batch)).split(";")[0].strip()
        self._open = set(range(len(runs)))

    def write_batch(self, runs: Sequence[PlannedRun], parent: Path | None = None) -> Path:
        """The batch file and the list of runs it reads, in a folder of this submission's own, in
        the comparison's or in ``parent``."""
        folder = _next(parent or self._folder / "slurm")
        folder.mkdir(parents=True)
        lines = [str(run.folder.resolve()) for run in runs]
        (folder / "runs.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        batch = folder / "batch.sh"
        batch.write_text(self._batch(folder, len(runs)), encoding="utf-8")
        return batch

    def _batch(self, folder: Path, runs: int) -> str:
        return render(
            self._template,
            name=f"bench-{self._folder.name}",
            folder=str(folder.resolve()),
            runs=runs,
            side_by_side=self._workers,
            cpus=self._need.cpus,
            gpus=self._need.gpus,
            options=self._options,
            python=sys.executable,
            python_path=python_path(),
        )

    def ended(self) -> list[Ended]:
        """Elements that the controller no longer has as live."""
        if not self._open or time.monotonic() - self._looked < LOOK_EVERY:
            return []
        self._looked = time.monotonic()
        listing = self._ask("squeue", "--noheader", "--array", "-j", self._job, "-o", "%K %T")
        if listing is None:
            return []
        live = elements(listing)
        gone = sorted(self._open - {i for i, state in live.items() if state in LIVE})
        self._open -= set(gone)
        return [Ended(self._runs[i], self._how(i)) for i in gone]

    def stop(self, now: bool) -> None:
        """Those that wait are cancelled; those at work see the stop file, or are killed."""
        (self._folder / STOP).touch()
        self._looked = 0.0
        if now:
            self._ask("scancel", self._job)
            return
        self._ask("scancel", "--state=PENDING", self._job)
        self._ask("scancel", "--batch", "--signal=TERM", self._job)

    def close(self) -> None:
        """Nothing is held here."""

    def _ask(self, *words: str) -> str | None:
        """What the controller answers. None where it does not, which passes, as when it is started
        anew: the runs know nothing of it, and it is said once."""
        try:
            answer = _slurm(*words)
        except RunError as error:
            if self._answers:
                print(f"{error} The runs go on; it is asked again.", file=sys.stderr)
            self._answers = False
            return None
        self._answers = True
        return answer

    def _how(self, element: int) -> str:
        """What Slurm's accounting says of an element; not every cluster keeps one."""
        if shutil.which("sacct") is None:
            return "its Slurm job is gone"
        sacct = ("sacct", "--noheader", "-X", "-P", "-j", f"{self._job}_{element}", "-o", "State")
        try:
            state = _slurm(*sacct).strip()
        except RunError:
            state = ""
        return f"Slurm says {state}" if state else "its Slurm job is gone"


def render(template: Path | None, **values: object) -> str:
    """The batch file.

    Raises:
        UserError: the user's template cannot be read, or names what there is not.
    """
    env = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters["quote"] = lambda value: shlex.quote(str(value))
    path = template or TEMPLATE
    try:
        return env.from_string(path.read_text(encoding="utf-8")).render(**values)
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except TemplateError as error:
        names = ", ".join(sorted(values))
        raise UserError(f"{path} is no batch template: {error}. It may use: {names}.") from error


def elements(listing: str) -> dict[int, str]:
    """``squeue``'s lines of element and state; one line may stand for several, as ``2-5,9``."""
    states: dict[int, str] = {}
    for line in listing.splitlines():
        if not line.strip():
            continue
        numbers, state = line.split()[:2]
        for part in numbers.strip("[]").split("%")[0].split(","):
            first, _, last = part.partition("-")
            if first.isdecimal():
                states |= dict.fromkeys(range(int(first), int(last or first) + 1), state)
    return states


def _next(parent: Path) -> Path:
    """The first of 1, 2, 3 … that is no folder yet."""
    number = 1
    while (parent / str(number)).exists():
        number += 1
    return parent / str(number)


def _require(*names: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise UserError(
            f"--executor slurm needs {missing[0]}, which is not on this machine's path; start the "
            "command where Slurm's commands are, or use --executor local."
        )


def _slurm(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        complaint = " ".join((done.stderr or done.stdout).split())
        if words[0] == "squeue" and "Invalid job id" in complaint:
            return ""  # the controller has forgotten an ended job
        raise (UserError if words[0] == "sbatch" else RunError)(f"{words[0]} failed: {complaint}.")
    return done.stdout
