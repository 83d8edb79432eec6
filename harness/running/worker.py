"""One run, whoever started its process: set up, train, say how it ended."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import re
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srpo_bench.harness.errors import RunError, UserError
from srpo_bench.harness.machine import accelerator, instructions, processor
from srpo_bench.harness.running.stopping import Stop
from srpo_bench.results.seal import SEAL, seal
from srpo_bench.results.store import (
    ATTEMPTS,
    STOP,
    ResultsError,
    State,
    append_line,
    last_line,
    overwrite_json,
    read_record,
    write_json,
)

if TYPE_CHECKING:
    from srpo_bench.harness.config import Config
    from srpo_bench.harness.problems.load import Problems


def run_folder(folder: Path) -> State:
    """Train the planned run in ``folder``, which holds all it needs.

    SIGTERM and Ctrl-C make it save itself after its step, or at once within an evaluation; a stop
    file beside the comparison does, after its step. Where another process is at work on the folder,
    that one ends first. Never raises: however it ends, the status file says so.

    Returns:
        done, stopped or failed.
    """
    stop = Stop(folder.absolute().parents[1] / STOP)
    stop.on_signals()
    steps = 0
    with (folder / "pid").open("a+") as pid:
        fcntl.flock(pid, fcntl.LOCK_EX)
        pid.truncate(0)
        pid.write(f"{os.getpid()}\n")
        pid.flush()
        try:
            (folder / SEAL).unlink(missing_ok=True)  # it was killed before it could say "done"
            manifest = planned(folder)
            steps = manifest["settings"]["steps"]
            state: State = "done" if _train(folder, manifest, stop) else "stopped"
            reason = ""
        except BaseException as error:  # a library that calls sys.exit ends a run, too
            traceback.print_exc()
            state, reason = "failed", _reason(error)
        if state == "done":
            seal(folder)
        write_status(folder, state, steps, reason)
    return state


def planned(folder: Path) -> dict[str, Any]:
    """The manifest of a planned run.

    Raises:
        UserError: the folder holds none.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no run: it has no manifest.json.")
    try:
        manifest = read_record(path)
    except ResultsError as error:
        raise UserError(str(error)) from error
    if "settings" not in manifest:
        raise UserError(f"{folder} was imported, so there is nothing to train in it.")
    return manifest


def _train(folder: Path, manifest: dict[str, Any], stop: Stop) -> bool:
    from srpo_bench.harness import layers
    from srpo_bench.harness.config import Arm, Config
    from srpo_bench.harness.environment import make_repeatable
    from srpo_bench.harness.running.loop import Run

    config = layers.parse(Config, manifest["settings"], str(folder / "manifest.json"))
    make_repeatable(config.threads)
    write_status(folder, "running", config.steps)
    _record_attempt(folder)
    base = _base(config, manifest)
    problems = _as_planned(config, base, manifest["contract"])
    arm = Arm(
        name=manifest["arm"],
        algorithm=manifest["algorithm"],
        sampler=manifest["sampler"],
        settings=manifest["algorithm_settings"],
        sampler_settings=manifest["sampler_settings"],
    )
    run = Run(folder, config, arm, manifest["seed"], base, problems)
    notes = dict.fromkeys([*manifest["notes"], *run.sampler.notes, *run.algorithm.notes])
    learned = {
        "notes": list(notes),
        "at_rest": list(run.sampler.at_rest),
        "waits_for": run.waits_for,
    }
    if manifest | learned != manifest:
        write_json(folder / "manifest.json", manifest | learned)
    return run.train(stop, stop.at_once)


def _base(config: Any, manifest: dict[str, Any]) -> Path:
    """The base model's folder, where it was planned or, on another machine, where it is here."""
    from srpo_bench.harness.models.resolve import digest, resolve

    base = Path(manifest["base"]["path"])
    if not base.is_dir():
        base = resolve(config.model)
    if digest(base) != manifest["contract"]["base_sha256"]:
        raise RunError(f"{base} is not the base model this comparison was planned with.")
    return base


def _as_planned(config: Config, base: Path, contract: dict[str, Any]) -> Problems:
    """The problems, proved to be those of the contract, on a machine like the planner's.

    Raises:
        RunError: they are others, are asked otherwise, or the machine is of another kind.
    """
    from srpo_bench.harness.problems.load import load_problems
    from srpo_bench.harness.rollouts.prompts import fit

    here = {"instructions": instructions(), "accelerator": accelerator(contract["device"])}
    for name, found in here.items():
        if found != contract[name]:
            raise RunError(
                f"This machine computes on {found} and the comparison was planned on "
                f"{contract[name]}, which gives other bits: resume it on such a machine."
            )
    problems, prompts = fit(config, load_problems(config), base)
    digests = {"pool": problems.pool_digest, "evaluation": problems.evaluation_digest}
    if problems.final:
        digests["final"] = problems.final_digest
    if any(digest != contract[f"{name}_digest"] for name, digest in digests.items()):
        raise RunError("The problems on disk are not those this comparison was planned with.")
    if prompts != contract["prompts_digest"]:
        raise RunError("The problems are not rendered and encoded as when this was planned.")
    return problems


def _record_attempt(folder: Path) -> None:
    """Where this attempt runs: a run may go on on another machine of the same kind."""
    line = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": processor(),
        "instructions": instructions(),
        "host": platform.node(),
        "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    append_line(folder / ATTEMPTS, line)


def _reason(error: BaseException) -> str:
    """One sentence."""
    from srpo_bench.algorithms.registry import AlgorithmError
    from srpo_bench.tasks.base import TaskError

    text = " ".join(str(error).split())[:500]
    if _disk_full(error):
        return f"The disk took no more ({text}): make room, then bench resume."
    if isinstance(error, RunError | UserError | TaskError | AlgorithmError):
        return text
    return f"{type(error).__name__}: {text}"


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LIBRARIES_SAY = re.compile(
    rf"os error ({'|'.join(map(str, _NO_ROOM))})\b|PytorchStreamWriter failed"
)
"""How safetensors and torch put it."""


def _disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return True
        if _LIBRARIES_SAY.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def write_status(folder: Path, state: State, steps: int, reason: str = "") -> None:
    """Say where a run stands: its state and its last recorded step, of ``steps``."""
    line = last_line(folder / "steps.jsonl")
    step = line["step"] if line else 0
    status = {"state": state, "step": step, "steps": steps, "reason": reason}
    try:
        write_json(folder / "status.json", status)
    except OSError:  # a full disk may have room for what was there before
        overwrite_json(folder / "status.json", status)
