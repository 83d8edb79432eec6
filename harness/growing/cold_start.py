"""A base fine-tuned on worked solutions, so that reinforcement learning has something to hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm, RunInfo, Settings
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts, Totals
from srpo_bench.harness.config import Model
from srpo_bench.harness.environment import make_repeatable
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.growing.lessons import Lesson, Lessons, lessons, record
from srpo_bench.harness.growing.recipe import Recipe
from srpo_bench.harness.machine import device_name, instructions, pick_device, versions
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.models.resolve import check, digest, resolve
from srpo_bench.harness.problems.seen import CARD, key, seen_by
from srpo_bench.harness.running import checkpoint
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.learner import Learner
from srpo_bench.harness.streams import stream
from srpo_bench.results.store import read_lines, read_record, write_json

SAVES = 10
"""Checkpoints, and measurements of the loss on unseen solutions, in all."""
AT_ONCE = 4096
"""Tokens at once where nothing is learnt."""

Progress = Callable[[int, int, float], None]
"""Called after each update with updates done, updates in all, and the loss in nats a token."""


class Imitation(Algorithm[Settings]):
    """Maximum likelihood: every token of every response counts the same."""

    name = "cold-start"
    paper = "supervised fine-tuning"
    changes = "no sampling, no reward"
    formula = "J = 1/Σ_i |o_i| Σ_i Σ_t log π(o_i,t)"

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """All of it is to be learnt."""
        return Batch(rollouts, torch.ones(len(rollouts)), torch.ones(len(rollouts)), {})

    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        """Nats a token."""
        return -(logp * batch.rollouts.mask).sum() / totals.tokens, {}


def grow(recipe: Recipe, out: Path, progress: Progress = lambda *_: None) -> Path:
    """Grow a base into the folder ``out``, or go on where an earlier attempt ended.

    The same recipe gives the same bits with the same versions on the same kind of device, however
    often it was interrupted.

    Raises:
        UserError: ``out`` is there, no such model, data or device, or an attempt by another recipe.
    """
    if out.exists():
        raise UserError(f"{out} exists; name a folder that does not.")
    make_repeatable(recipe.threads)
    folder = out.with_name(f".{out.name}.growing")
    settled = {"device": pick_device(recipe.device).type, "date": recipe.date or _day(folder)}
    recipe = recipe.model_copy(update=settled)
    base = resolve(Model(path=recipe.model))
    check(base)
    taught = lessons(recipe, base)
    _begin(folder, recipe, digest(base))
    attempt = Attempt(folder)
    try:
        policy = _train(recipe, taught, base, attempt, progress)
    finally:
        attempt.close()
    finished = folder / "whole"
    shutil.rmtree(finished, ignore_errors=True)
    policy.model.save_pretrained(finished)
    policy.tokenizer.save_pretrained(finished)
    write_json(finished / CARD, _card(recipe, taught, base, folder))
    finished.replace(out)
    shutil.rmtree(folder)
    return out


def _day(folder: Path) -> date:
    """Today, or the day on which the attempt in a folder was begun; a damaged plan has none, and is
    refused as another one."""
    path = folder / "plan.json"
    today = datetime.now(UTC).date()
    try:
        begun = Recipe.model_validate(read_record(path).get("recipe")) if path.is_file() else None
    except ValidationError:
        return today
    return (begun and begun.date) or today


def _begin(folder: Path, recipe: Recipe, base_sha256: str) -> None:
    plan = {"recipe": recipe.model_dump(mode="json"), "base_sha256": base_sha256}
    path = folder / "plan.json"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, plan)
    elif read_record(path) != plan:
        raise UserError(
            f"{folder} holds an unfinished cold start of another base or with other settings: "
            "finish it with those, or delete it."
        )


def _train(
    recipe: Recipe, taught: Lessons, base: Path, attempt: Attempt, progress: Progress
) -> Policy:
    a_pass = -(-len(taught.shown) // recipe.batch)
    updates = a_pass * recipe.passes
    newest = checkpoint.latest(attempt.run)
    done, state = checkpoint.rewind(attempt, newest)
    policy = load_policy(newest or base, "float32", recipe.device)
    longest = max(len(lesson.response) for lesson in taught.shown)
    learner = Learner(policy, None, recipe.optim(updates), updates, longest)
    if state is not None:
        learner.load_state_dict(state)
    else:
        _measure(attempt, policy, taught, 0)
    algorithm = Imitation(Settings(), RunInfo((), recipe.batch, 1, updates, longest))
    for update in range(done, updates):
        batch = _batch(recipe, taught.shown, *divmod(update, a_pass))
        rollouts = record(batch)
        right = Grades(torch.ones(len(batch)), torch.ones(len(batch)))
        lesson = algorithm.weigh(
            rollouts, right, policy.logp, stream(recipe.seed, "algorithm", update)
        )
        stats = learner.update(lesson, algorithm)
        line = {
            "step": update + 1,
            "loss": stats.loss,
            "lr": stats.lr,
            "grad_norm": stats.grad_norm,
        }
        attempt.append("steps.jsonl", line)
        if (update + 1) * SAVES // updates > update * SAVES // updates:
            _measure(attempt, policy, taught, update + 1)
            checkpoint.save(attempt, update + 1, policy, learner.state_dict(), keep=1)
        progress(update + 1, updates, stats.loss)
    return policy


def _batch(recipe: Recipe, shown: list[Lesson], pass_: int, place: int) -> list[Lesson]:
    """The lessons of one update; each pass has an order of its own."""
    order = torch.randperm(len(shown), generator=stream(recipe.seed, "order", pass_)).tolist()
    return [shown[i] for i in order[place * recipe.batch : (place + 1) * recipe.batch]]


def _measure(attempt: Attempt, policy: Policy, taught: Lessons, step: int) -> None:
    """Record the loss on solutions that are not shown, nats a token."""
    if taught.unseen:
        rollouts = record(taught.unseen)
        logp = policy.logp_of(rollouts, AT_ONCE)
        loss = -(logp.sum() / rollouts.mask.sum()).item()
        attempt.append("evals.jsonl", {"step": step, "loss": loss})


def _card(recipe: Recipe, taught: Lessons, base: Path, folder: Path) -> dict[str, Any]:
    """What the base is and what it saw, and what it was grown of had; no path of this machine."""
    plain = recipe.model_dump(mode="json", exclude={"model", "data_dir"})
    return {
        "grown_of": {"name": base.name, "sha256": digest(base)},
        "recipe": plain,
        "seen": seen_by(base) | {key(x.problem): x.problem.id for x in taught.shown},
        "left_out": taught.left_out,
        "loss_unseen": [[line["step"], line["loss"]] for line in _evals(folder)],
        "versions": versions(),
        "instructions": instructions(),
        "accelerator": device_name(recipe.device),
    }


def _evals(folder: Path) -> list[dict[str, Any]]:
    path = folder / "evals.jsonl"
    return list(read_lines(path)) if path.exists() else []
