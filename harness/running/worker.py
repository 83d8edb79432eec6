"""One run, whoever started its process: set up, train, say how it ended."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

from srpo_bench.harness.errors import (
    DISK_FULL,
    RunError,
    UserError,
    as_user_error,
    chain,
    memory_full,
    one_line,
)
from srpo_bench.harness.machine import device_memory, device_name, instructions, processor
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.harness.running.mirror import Mirror
from srpo_bench.harness.running.stopping import Stop
from srpo_bench.results.schema import State
from srpo_bench.results.seal import SEAL, digests
from srpo_bench.results.store import (
    FINAL,
    STATUS,
    STOP,
    ResultsError,
    last_line,
    overwrite_json,
    read_record,
    saved,
    write_json,
)

Said = Literal["done", "stopped", "failed"]
End = Said | Literal["superseded"]
CODES: dict[End, int] = {"done": 0, "failed": 1, "stopped": 130, "superseded": 75}
"""Exit codes of a process that ran one run, by how the run ended."""
PATIENCE = 60.0
"""Seconds that an earlier process on the same folder is given to end before this one goes on."""


def run_folder(folder: Path, patience: float = PATIENCE) -> End:
    """Train the planned run in ``folder``, which holds all it needs.

    SIGTERM and Ctrl-C make it save itself after its step, or at once within an evaluation; a stop
    file beside the comparison does, after its step. Where another process is at work on the folder,
    that one has ``patience`` to end; then this attempt takes the run over, and whatever the other
    one still does changes nothing. Never raises: however it ends, the status file says so.

    Returns:
        done, stopped, failed; or superseded, where a later attempt has taken this one's run over.
    """
    folder = folder.absolute()  # a plug-in may go to another working directory
    comparison = folder.parents[1]
    stop = Stop(comparison / STOP)
    stop.on_signals()
    steps, finals = 0, False
    attempt = None
    with _in_turn(folder / "pid", patience):
        try:
            attempt = Attempt(folder, _whereabouts())
            attempt.drop(folder / SEAL)  # it was killed before it could say "done"
            manifest = planned(folder)
            steps = manifest["settings"]["steps"]
            finals = bool(manifest["settings"].get("final", {}).get("tasks"))
            trained = not stop() and _train(attempt, manifest, stop)
            state: Said = "done" if trained else "stopped"
            reason = ""
            if state == "done":
                attempt.write_json(SEAL, digests(folder))
                _say(attempt, folder, state, steps)
                if mirror := Mirror.of(comparison):
                    mirror.push_end(attempt)
        except BaseException as error:  # a library that calls sys.exit ends a run, too
            if attempt is not None and attempt.superseded:
                return _superseded(folder)
            traceback.print_exc()
            alone = _lacks_final_scoring(folder, steps) if finals else ""
            state, reason = "failed", alone + _reason(error)
        try:
            _say(attempt, folder, state, steps, reason)
        except SupersededError:
            return _superseded(folder)
        finally:
            if attempt is not None:
                attempt.close()
    return state


def _superseded(folder: Path) -> End:
    print(SupersededError(folder), file=sys.stderr)
    return "superseded"


@contextmanager
def _in_turn(path: Path, patience: float) -> Iterator[None]:
    """Give an earlier process of this folder time to end. A courtesy, which saves its last steps:
    where it takes longer, or the file system has no locks, the attempt that follows is enough."""
    with path.open("a+") as pid:
        until = time.monotonic() + patience
        while not _locked(pid) and time.monotonic() < until:
            time.sleep(0.1)
        pid.truncate(0)
        pid.write(f"{os.getpid()}\n")
        pid.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether a process is at work on the run whose ``pid`` file this is, as far as locks reach."""
    try:
        with path.open("a+") as pid:
            return not _locked(pid)
    except OSError:
        return False


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has no locks
        return True
    return True


def planned(folder: Path) -> dict[str, Any]:
    """The manifest of a planned run.

    Raises:
        UserError: the folder holds none.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no run: it has no manifest.json.")
    with as_user_error(ResultsError):
        manifest = read_record(path)
    if "settings" not in manifest:
        raise UserError(f"{folder} was imported, so there is nothing to train in it.")
    return manifest


def _train(attempt: Attempt, manifest: dict[str, Any], stop: Stop) -> bool:
    from srpo_bench.harness import layers
    from srpo_bench.harness.config import Arm, Config
    from srpo_bench.harness.environment import make_repeatable
    from srpo_bench.harness.plugins.entered import enter_kept
    from srpo_bench.harness.running.as_planned import base_as_planned, problems_as_planned
    from srpo_bench.harness.running.loop import Trainer

    folder = attempt.run
    comparison = folder.absolute().parents[1]
    config = layers.parse(Config, manifest["settings"], str(folder / "manifest.json"))
    make_repeatable(config.threads)
    _say(attempt, folder, "running", config.steps)
    enter_kept(manifest.get("plugins", []), comparison)
    if mirror := Mirror.of(comparison):
        mirror.pull(attempt)
        attempt.saved = partial(mirror.push, attempt)
    base = base_as_planned(config, manifest)
    device = manifest["contract"]["device"]
    attempt.tell({"accelerator": device_name(device), "memory": device_memory(device)})
    problems = problems_as_planned(config, base, manifest)
    arm = Arm(
        name=manifest["arm"],
        algorithm=manifest["algorithm"],
        sampler=manifest["sampler"],
        settings=manifest["algorithm_settings"],
        sampler_settings=manifest["sampler_settings"],
        optim=manifest.get("optim", {}),
    )
    trainer = Trainer(folder, config, arm, manifest["seed"], base, problems, attempt)
    notes = dict.fromkeys([*manifest["notes"], *trainer.sampler.notes, *trainer.algorithm.notes])
    learned = {
        "notes": list(notes),
        "at_rest": list(trainer.sampler.at_rest),
        "waits_for": trainer.waits_for,
    }
    if manifest | learned != manifest:
        attempt.write_json("manifest.json", manifest | learned)
    return trainer.train(stop, stop.at_once)


def _whereabouts() -> dict[str, Any]:
    """Where this attempt runs: a run may go on on another machine of the same kind."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "process": os.getpid(),
        "system": platform.platform(),
        "processor": processor(),
        "instructions": instructions(),
        "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def _lacks_final_scoring(folder: Path, steps: int) -> str:
    """That only the final scoring is missing, where it is: all else is saved, and can be scored."""
    if steps not in saved(folder) or (folder / FINAL).exists():
        return ""
    return (
        f"All {steps} steps are trained and saved (bench eval --model {folder} scores them); the "
        "final scoring failed. "
    )


def _reason(error: BaseException) -> str:
    """An error as one sentence."""
    from srpo_bench.algorithms.registry import AlgorithmError
    from srpo_bench.tasks.base import TaskError

    text = one_line(error)
    if _disk_full(error):
        return f"The disk took no more ({text}): make room, then bench resume."
    if full := memory_full(error):
        return (
            f"{full}: bench resume with fewer --workers, or, where one run "
            "alone is too much, begin anew with a smaller rollout.rows_at_once or "
            "optim.micro_batch_tokens."
        )
    if isinstance(error, RunError | UserError | TaskError | AlgorithmError):
        return text
    return f"{type(error).__name__}: {text}"


_LIBRARIES_SAY = re.compile(
    rf"os error ({'|'.join(map(str, DISK_FULL))})\b|PytorchStreamWriter failed"
)
"""How safetensors and torch put it."""


def _disk_full(error: BaseException) -> bool:
    return any(
        (isinstance(each, OSError) and each.errno in DISK_FULL) or _LIBRARIES_SAY.search(str(each))
        for each in chain(error)
    )


def _say(attempt: Attempt | None, folder: Path, state: State, steps: int, reason: str = "") -> None:
    """The status, by an attempt; by whoever could not even begin one where there is none."""
    if attempt is None:
        write_status(folder, state, steps, reason)
        return
    try:
        attempt.write_json(STATUS, _status(folder, state, steps, reason))
    except OSError:  # a full disk may have room for what was there before, by whomever
        attempt.check()
        write_status(folder, state, steps, reason)


def write_status(folder: Path, state: State, steps: int, reason: str = "") -> None:
    """Say where a run stands: its state and its last recorded step, of ``steps``."""
    status = _status(folder, state, steps, reason)
    try:
        write_json(folder / STATUS, status)
    except OSError:  # a full disk may have room for what was there before
        overwrite_json(folder / STATUS, status)


def _status(folder: Path, state: State, steps: int, reason: str) -> dict[str, Any]:
    line = last_line(folder / "steps.jsonl")
    return {"state": state, "step": line["step"] if line else 0, "steps": steps, "reason": reason}
