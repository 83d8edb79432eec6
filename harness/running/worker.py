"""One run in a process of its own: set up, train, say how it ended."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srpo_bench.results.store import State, last_line, read_json, write_json


def execute(folder: Path, base: Path, stop: Callable[[], bool]) -> None:
    """Train the run whose manifest lies in ``folder``. Never raises: the status file tells.

    Args:
        base: the base model's folder, already checked against the contract.
        stop: asked after every step.
    """
    manifest = read_json(folder / "manifest.json")
    steps = manifest["settings"]["steps"]
    try:
        done = _train(folder, manifest, base, stop)
    except Exception as error:
        traceback.print_exc()
        write_status(folder, "failed", steps, _reason(error))
        sys.exit(1)
    write_status(folder, "done" if done else "stopped", steps)


def start(folder: Path, base: Path) -> None:
    """Entry point of a worker process: own log, own signals, then ``execute``."""
    stopping = _stop_on_sigterm()
    log = os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.setsid()  # Ctrl-C goes to the parent alone, which then asks its workers to stop
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    with (folder / "pid").open("a+") as pid:
        fcntl.flock(pid, fcntl.LOCK_EX)  # an orphan of a killed command saves itself first
        pid.truncate(0)
        pid.write(f"{os.getpid()}\n")
        pid.flush()
        execute(folder, base, lambda: bool(stopping))


def _outlive_nobody() -> None:
    """Stop as on SIGTERM when the command that started this worker is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _train(folder: Path, manifest: dict[str, Any], base: Path, stop: Callable[[], bool]) -> bool:
    import torch

    from srpo_bench.harness.config import Arm, Config
    from srpo_bench.harness.errors import RunError
    from srpo_bench.harness.problems.load import load_problems
    from srpo_bench.harness.running.loop import Run

    config = Config.model_validate(manifest["settings"])
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    write_status(folder, "running", config.steps)
    problems = load_problems(config)
    contract = manifest["contract"]
    found = {"pool": problems.pool_digest, "evaluation": problems.evaluation_digest}
    if problems.final:
        found["final"] = problems.final_digest
    if any(digest != contract[f"{name}_digest"] for name, digest in found.items()):
        raise RunError("The problems on disk are not those this comparison was planned with.")
    arm = Arm(
        name=manifest["arm"],
        algorithm=manifest["algorithm"],
        settings=manifest["algorithm_settings"],
    )
    run = Run(folder, config, arm, manifest["seed"], base, problems)
    notes = [n for n in run.algorithm.notes if n not in manifest["notes"]]
    if notes:
        write_json(folder / "manifest.json", {**manifest, "notes": manifest["notes"] + notes})
    return run.train(stop)


def _stop_on_sigterm() -> list[int]:
    """A list that is filled when the run should save itself and end."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    return stopping


def _reason(error: Exception) -> str:
    """One sentence."""
    from srpo_bench.algorithms.registry import AlgorithmError
    from srpo_bench.harness.errors import RunError, UserError
    from srpo_bench.tasks.base import TaskError

    text = " ".join(str(error).split())[:500]
    if isinstance(error, RunError | UserError | TaskError | AlgorithmError):
        return text
    return f"{type(error).__name__}: {text}"


def write_status(folder: Path, state: State, steps: int, reason: str = "") -> None:
    """Say where a run stands: its state and its last recorded step, of ``steps``."""
    line = last_line(folder / "steps.jsonl")
    step = line["step"] if line else 0
    write_json(
        folder / "status.json", {"state": state, "step": step, "steps": steps, "reason": reason}
    )
