"""What the runs will find, looked up once: machine, engine, base, problems, isolation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.choose import engine_version
from srpo_bench.harness.hints import unknown_setting
from srpo_bench.harness.machine import accelerator, pick_device, plugin_versions
from srpo_bench.harness.models.ending import ending_note
from srpo_bench.harness.models.loading import model_class, open_generation, open_tokenizer
from srpo_bench.harness.models.resolve import check, digest, resolve
from srpo_bench.harness.models.size import experts_note
from srpo_bench.harness.problems.isolation import mode_for, without_unsafe
from srpo_bench.harness.problems.load import Problems, load_problems, training_limit
from srpo_bench.harness.rollouts.probe import probe, question_of
from srpo_bench.harness.rollouts.prompts import Prompts, fit
from srpo_bench.harness.sinks.fan_out import check_sinks
from srpo_bench.tasks import rewards


@dataclass(frozen=True)
class Prepared:
    """What a plan rests on.

    config: with absolute paths, and without tasks that cannot be run safely here.
    accelerator: its name; None on a CPU.   versions: of what samples and of plug-ins, by package.
    prompts_digest: of all token ids that are asked.   isolation: how model output is run.
    """

    config: Config
    device: str
    accelerator: str | None
    versions: dict[str, str]
    base: Path
    base_sha256: str
    problems: Problems
    prompts_digest: str
    isolation: str


def prepare(config: Config, methods: Collection[str]) -> Prepared:
    """Look everything up, and refuse what no run could use.

    Raises:
        UserError: no such device, engine, sink, model or task, or problems the model cannot be
            asked.
    """
    device = pick_device(config.model.device).type
    versions = engine_version(config) | plugin_versions(config.all_tasks, methods)
    check_sinks(config.sinks)
    config = _absolute(config)
    base = resolve(config.model)
    check(base)
    config, left_out = without_unsafe(config)
    problems = load_problems(config, base)
    _refuse_unknown_rewards(config, problems)
    problems.notes += left_out
    problems, prompts_digest = fit(config, problems, base)
    _try(config, problems, base, device)
    return Prepared(
        config=config,
        device=device,
        accelerator=accelerator(device),
        versions=versions,
        base=base,
        base_sha256=digest(base),
        problems=problems,
        prompts_digest=prompts_digest,
        isolation=mode_for(problems.tasks.values()),
    )


def _refuse_unknown_rewards(config: Config, problems: Problems) -> None:
    """A weight of what no task's grades carry and no function says would silently count nothing."""
    fields = dict.fromkeys(rewards.OWN)
    for name in config.data.tasks:
        fields |= dict.fromkeys(problems.tasks[name].fields)
    fields |= dict.fromkeys(rewards.names())
    for name in config.reward.named:
        if name not in fields:
            raise unknown_setting(f"reward.{name}", [f"reward.{field}" for field in fields])


def _try(config: Config, problems: Problems, base: Path, device: str) -> None:
    """Try the model on the pool, and note how it ends and what it costs."""
    prompts = Prompts(open_tokenizer(base), problems.tasks, config.data)
    pool, limit = problems.pool.values(), training_limit(config, problems)
    probe(question_of(config, base, device, prompts, pool, limit))
    ends = ending_note(open_generation(base), prompts.tokenizer, prompts.style == "chat")
    problems.notes += filter(None, [ends, experts_note(model_class(base)[0])])


def _absolute(config: Config) -> Config:
    """Paths as they are from anywhere, so that a comparison can be resumed from anywhere."""
    model, data = config.model, config.data
    if Path(model.path).expanduser().exists() and model.path != "micro":
        model = model.model_copy(update={"path": str(Path(model.path).expanduser().resolve())})
    if data.data_dir is not None:
        data = data.model_copy(update={"data_dir": data.data_dir.expanduser().resolve()})
    return config.model_copy(update={"model": model, "data": data})
