"""What the runs will find, looked up once: machine, engine, base, problems, isolation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.choose import engine_version
from srpo_bench.harness.machine import pick_device
from srpo_bench.harness.models.resolve import check, digest, resolve
from srpo_bench.harness.problems.isolation import mode_for, without_unsafe
from srpo_bench.harness.problems.load import Problems, load_problems
from srpo_bench.harness.rollouts.collect import check_prompts
from srpo_bench.harness.sinks.fan_out import check_sinks


@dataclass(frozen=True)
class Prepared:
    """What a plan rests on.

    config: with absolute paths, and without tasks that cannot be run safely here.
    engine: versions of what samples, by package.   isolation: how model output is run.
    """

    config: Config
    device: str
    engine: dict[str, str]
    base: Path
    base_sha256: str
    problems: Problems
    isolation: str


def prepare(config: Config) -> Prepared:
    """Look everything up, and refuse what no run could use.

    Raises:
        UserError: no such device, engine, sink, model or task, or problems the model cannot be
            asked.
    """
    device = pick_device(config.model.device).type
    engine = engine_version(config)
    check_sinks(config.sinks)
    config = _absolute(config)
    base = resolve(config.model)
    check(base)
    config, left_out = without_unsafe(config)
    problems = load_problems(config)
    problems.notes += left_out
    check_prompts(config, problems, base)
    return Prepared(
        config, device, engine, base, digest(base), problems, mode_for(problems.tasks.values())
    )


def _absolute(config: Config) -> Config:
    """Paths as they are from anywhere, so that a comparison can be resumed from anywhere."""
    model, data = config.model, config.data
    if Path(model.path).expanduser().exists() and model.path != "micro":
        model = model.model_copy(update={"path": str(Path(model.path).expanduser().resolve())})
    if data.data_dir is not None:
        data = data.model_copy(update={"data_dir": data.data_dir.expanduser().resolve()})
    return config.model_copy(update={"model": model, "data": data})
