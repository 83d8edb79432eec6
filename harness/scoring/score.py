"""``bench eval``: a model, or every kept checkpoint of a run, scored on benchmarks.

What is scored comes from here, and so do the problems; a backend asks and grades. Ours is the path
that training's own evaluations take; the other is lm-eval's (``lm_eval_backend``).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from srpo_bench.harness.code import code_digest
from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.choose import engine_version
from srpo_bench.harness.errors import unknown
from srpo_bench.harness.machine import pick_device, plugin_versions, versions
from srpo_bench.harness.models.ending import ending_note
from srpo_bench.harness.models.loading import open_generation, open_tokenizer
from srpo_bench.harness.models.resolve import check, digest
from srpo_bench.harness.plugins import entered
from srpo_bench.harness.problems.load import Problems, contents, load_final
from srpo_bench.harness.problems.seen import refuse_learnt, seen_by
from srpo_bench.harness.rollouts.probe import probe, question_of
from srpo_bench.harness.rollouts.prompts import Prompts, fit, style_of
from srpo_bench.harness.scoring.own_backend import own_backend
from srpo_bench.harness.scoring.policies import Subject, subjects
from srpo_bench.harness.scoring.record import kept, refuse_taken, unfinished
from srpo_bench.harness.scoring.scores import ScoredTask, Tell
from srpo_bench.results.schema import SCHEMA

BACKENDS = ("own", "lm-eval")


def score_models(
    config: Config,
    seed: int = 0,
    backend: str = "own",
    out: Path | None = None,
    tell: Tell = lambda *_: None,
) -> dict[str, Any]:
    """Score what ``config.model.path`` names on ``config.final.tasks``.

    Args:
        out: a new or empty folder for the record, or one where the same was asked and stopped.
        tell: told what is being scored, and how far it is.

    Returns:
        What ``scores.json`` holds: settings, origin of the data, scores, seconds of each model, and
        notes: what a reader should know of problems and models.
    """
    ask = _backend(backend, config)
    if out is not None:
        out = out.absolute()  # a task may go to another working directory
        refuse_taken(out)
    config = config.on(_day(unfinished(out)))
    device = pick_device(config.model.device).type
    engines = engine_version(config)
    scorer = {"lm-eval": metadata.version("lm-eval")} if backend == "lm-eval" else {}
    policies = subjects(config.model)
    problems = load_final(config)
    for subject in policies:
        check(subject.folder)
        refuse_learnt(seen_by(subject.folder), (p for g in problems.final.values() for p in g))
        fit(config, problems, subject.folder)
    notes = dict.fromkeys(problems.notes)
    if backend == "own":  # lm-eval computes by the model's own forward pass
        for subject in policies:
            tell(f"{subject.label}: is its arithmetic the model's?", 0, None)
            _try(config, problems, subject.folder, device)
            notes |= dict.fromkeys(_ending(config, subject.folder))
    asked = {
        "schema": SCHEMA,
        "backend": backend,
        "seed": seed,
        "models": {subject.label: _identity(subject, config) for subject in policies},
        "settings": _settings(config),
        "device": device,
        "versions": versions() | scorer | engines | plugin_versions(config.final.tasks, ()),
        "code": code_digest(),
        "plugins": {f"task.{p.name}": p.sha256 for p in entered.used(config, ())},
        "data": problems.provenance,
        "problems": {task: [p.id for p in group] for task, group in problems.final.items()},
        "contents": contents(problems.final),
        "notes": list(notes),
    }
    with kept(asked, out) as record:
        for subject in policies:
            wanted = record.left(subject.label)
            before, start = record.seconds(subject.label), time.perf_counter()
            for scored in ask(subject, config, problems, wanted, seed, tell) if wanted else ():
                took = before + time.perf_counter() - start
                record.add(scored, subject.label, took)
    return record.value


Ask = Callable[[Subject, Config, Problems, Collection[str], int, Tell], Iterator[ScoredTask]]


def _backend(name: str, config: Config) -> Ask:
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    if name == "own":
        return own_backend
    from srpo_bench.harness.scoring import lm_eval_backend

    lm_eval_backend.check(config)
    return lm_eval_backend.lm_eval_backend


def _try(config: Config, problems: Problems, folder: Path, device: str) -> None:
    """Refuse a model whose log-probs the engine gets wrong."""
    prompts = Prompts(open_tokenizer(folder), problems.tasks, config.data)
    questions = [problem for group in problems.final.values() for problem in group]
    longest = max(problems.tasks[name].max_new_tokens for name in problems.final)
    limit = config.final.max_new_tokens or longest
    question = question_of(config, folder, device, prompts, questions, limit)
    probe(dataclasses.replace(question, trains=False))


def _ending(config: Config, folder: Path) -> list[str]:
    """What a reader of the scores should know of how responses end, if anything."""
    tokenizer = open_tokenizer(folder)
    chat = style_of(config.data, tokenizer) == "chat"
    note = ending_note(open_generation(folder), tokenizer, chat)
    return [note] if note else []


def _identity(subject: Subject, config: Config) -> dict[str, Any]:
    """What was scored, and how it was spoken to."""
    style = style_of(config.data, open_tokenizer(subject.folder))
    return {"sha256": digest(subject.folder), "step": subject.step, "style": style}


def _settings(config: Config) -> dict[str, Any]:
    """Everything that shapes a response."""
    return {
        "model": config.model.model_dump(mode="json"),
        "shots": config.data.shots,
        "date": str(config.data.date),
        **config.final.model_dump(mode="json"),
        "threads": config.threads,
        "engine": config.rollout.engine,
        "rows_at_once": config.rollout.rows_at_once,
    }


def _day(earlier: Mapping[str, Any] | None) -> date:
    """Today, or the day on which the scoring that was stopped had begun."""
    if earlier is None:
        return datetime.now(UTC).date()
    return date.fromisoformat(earlier["settings"]["date"])
