"""Every problem as the model reads it: rendered, encoded, measured and digested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srpo_bench.harness.config import Config, Data
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.models.context import context_of
from srpo_bench.harness.models.loading import model_class, open_tokenizer
from srpo_bench.harness.models.text import encode, refuse_lost
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.problems.load import Problems, training_limit
from srpo_bench.tasks.base import Problem, Prompt, Style, Task, TaskError


class Prompts:
    """Problems as token ids for one tokenizer, and the strings that end their responses."""

    def __init__(self, tokenizer: Any, tasks: dict[str, Task], data: Data) -> None:
        self.tokenizer, self.tasks, self.data = tokenizer, tasks, data
        self.style = style_of(data, tokenizer)
        self._kept: dict[tuple[str, str], list[int]] = {}

    def encode(self, problem: Problem) -> list[int]:
        """Token ids of a problem's prompt, worked examples included."""
        return encode(self.tokenizer, self._rendered(problem), self.data.date)

    def refuse_lost(self, problem: Problem) -> None:
        """Refuse a chat template that leaves out a turn of this problem's prompt."""
        refuse_lost(self.tokenizer, self._rendered(problem))

    def of(self, problem: Problem) -> list[int]:
        """The same, remembered."""
        key = (problem.task, problem.id)
        if key not in self._kept:
            self._kept[key] = self.encode(problem)
        return self._kept[key]

    def _rendered(self, problem: Problem) -> Prompt:
        task = self.tasks[problem.task]
        return task_guard.render(task, problem, self.style, self.data.shots)

    def stops(self, problem: Problem) -> tuple[str, ...]:
        """The strings that end a response to it."""
        return task_guard.stops(self.tasks[problem.task], self.style)


def style_of(data: Data, tokenizer: Any) -> Style:
    """Chat where the tokenizer has a template, unless the settings say otherwise."""
    if data.style == "auto":
        return "chat" if has_template(tokenizer) else "base"
    return data.style


def has_template(tokenizer: Any) -> bool:
    """True when the tokenizer can render a chat."""
    return bool(getattr(tokenizer, "chat_template", None))


def fit(config: Config, problems: Problems, base: Path) -> tuple[Problems, str]:
    """Encode every prompt: what fits the model's context, and the sha256 of all token ids.

    A training problem that does not fit is left out, and a note says how many. A held-out one is
    refused: a benchmark without its long problems is another benchmark.

    Raises:
        UserError: a chat without a template or one that leaves out a turn, shots a task has not,
            or prompts that do not fit.
    """
    tokenizer = open_tokenizer(base)
    prompts = Prompts(tokenizer, problems.tasks, config.data)
    if prompts.style == "chat" and not has_template(tokenizer):
        raise UserError("data.style=chat needs a chat template, and this model has none.")
    context = _context(config, base)
    digest = hashlib.sha256()
    too_long: dict[str, int] = {}
    for problem in problems.pool.values():
        tokens = _digested(prompts, problem, digest)
        if tokens + training_limit(config, problems) > context:
            too_long[problem.id] = tokens
    for setting, limit, group in _held_out(config, problems):
        lengths = [_digested(prompts, problem, digest) for problem in group]
        _refuse_long(lengths, limit, context, group[0].task, setting)
    held_out = (p for *_, group in _held_out(config, problems) for p in group)
    for problem in {p.task: p for p in (*problems.pool.values(), *held_out)}.values():
        prompts.refuse_lost(problem)  # one of each task
    if too_long:
        problems = _without(config, problems, too_long, context)
    return problems, digest.hexdigest()


def _digested(prompts: Prompts, problem: Problem, digest: Any) -> int:
    """Add a prompt's token ids to the digest; how many there are."""
    with as_user_error(TaskError):
        ids = prompts.encode(problem)
    digest.update(json.dumps([problem.task, problem.id, ids]).encode())
    return len(ids)


def _held_out(config: Config, problems: Problems) -> Iterator[tuple[str, int, list[Problem]]]:
    """Each held-out set with the length its responses may have, and the setting that bounds it."""
    roll, final = config.rollout.max_new_tokens, config.final.max_new_tokens
    for setting, limit, sets in (
        ("rollout", roll, problems.evaluation),
        ("final", final, problems.final),
    ):
        for name, group in sets.items():
            if group:
                yield setting, limit or problems.tasks[name].max_new_tokens, group


def _context(config: Config, base: Path) -> float:
    """Tokens that a prompt and its response may have together; infinity where nothing says."""
    bounds = [context_of(model_class(base)[0])]
    if config.rollout.engine != "torch":
        bounds.append(config.rollout.vllm.max_model_len)
    return min((bound for bound in bounds if bound is not None), default=float("inf"))


def _refuse_long(lengths: list[int], limit: int, context: float, task: str, setting: str) -> None:
    count = sum(tokens + limit > context for tokens in lengths)
    if count:
        longest = max(lengths)
        helps = longest < context
        raise UserError(
            f"{count:,} of {len(lengths):,} prompts of {task} (the longest has {longest} tokens) "
            f"and a response of {limit} do not fit the model's context of {context}: "
            + (f"lower {setting}.max_new_tokens." if helps else "it needs a model that reads more.")
        )


def _without(
    config: Config, problems: Problems, too_long: dict[str, int], context: float
) -> Problems:
    limit = training_limit(config, problems)
    fits = min(len(set(ids) - too_long.keys()) for ids in problems.pools.values())
    if fits < config.rollout.prompts_per_step:
        tasks = " and ".join(dict.fromkeys(problems.pool[name].task for name in too_long))
        _refuse_long(list(too_long.values()), limit, context, tasks, "rollout")
    reasons = {
        name: f"its prompt of {tokens} tokens and a response of {limit} do not fit the model's "
        f"context of {context}"
        for name, tokens in too_long.items()
    }
    return problems.without(
        reasons,
        f"Left out, because their prompts and a response of {limit} tokens do not fit the model's "
        f"context of {context}: {len(too_long):,} of {len(problems.pool):,} training problems.",
    )
