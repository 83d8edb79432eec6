"""A plug-in's promises, tried once before its first run; the comparison remembers the result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srpo_bench.harness.errors import UserError
from srpo_bench.plugins import offered

if TYPE_CHECKING:
    from srpo_bench.harness.config import Arm, Config
    from srpo_bench.harness.promise import Promise


def keep_promises(
    folder: Path, config: Config, arms: list[Arm], unchecked: bool
) -> list[dict[str, Any]]:
    """Try the promises of every plug-in that the comparison has not tried yet.

    That it runs at all is left to its runs: a method may need what the check has not.

    Returns:
        What was tried, by digest, for the comparison's record; ``faults`` None where nothing was.

    Raises:
        UserError: a promise does not hold; the sentence says which, and how to go on all the same.
    """
    from rich.console import Console

    from srpo_bench.harness.promise import RUNS

    before = {line["digest"]: line for line in _remembered(folder)}
    lines = []
    for plugin, digest, check in _plugins(config, arms):
        line: dict[str, Any] = {"what": plugin, "digest": digest, "faults": None}
        if digest in before:
            line = dict(before[digest])
        elif not unchecked:
            with Console(stderr=True).status(f"trying what {plugin} promises"):
                promises = check()
            line["faults"] = {p.name: p.fault for p in promises if p.fault}
        lines.append(line)
        broken = [(name, why) for name, why in (line["faults"] or {}).items() if name != RUNS]
        if broken and not unchecked:
            name, why = broken[0]
            raise UserError(
                f"{plugin} does not keep a promise, {name}: {why.rstrip('.')}. Mend it, or say "
                "--unchecked, and the record says so."
            )
    return lines


def _plugins(config: Config, arms: list[Arm]) -> Iterator[tuple[str, str, Any]]:
    """What is no built-in one: how it is called, the digest of its code, and how to try it."""
    from srpo_bench.algorithms import registry as algorithms
    from srpo_bench.harness.problems import promises as of_tasks
    from srpo_bench.harness.problems import reward_promises as of_rewards
    from srpo_bench.harness.problems.known import tasks_of
    from srpo_bench.tasks import rewards
    from srpo_bench.tasks.registry import BUILT_IN

    for arm in arms:
        ours = {**algorithms.BUILT_IN, **algorithms.SAMPLERS}
        names = [name for name in (arm.algorithm, arm.sampler) if name and name not in ours]
        if names:
            codes = [_code(name) for name in names]
            settings = json.dumps([arm.settings, arm.sampler_settings], sort_keys=True)
            yield f"arm '{arm.name}'", " ".join([*codes, settings]), _trial(arm)
    for name, task in tasks_of(config.all_tasks).items():
        if name not in BUILT_IN:
            yield f"task '{name}'", _code(name), partial(of_tasks.check, task, config.data.data_dir)
    trained = list(tasks_of(config.data.tasks).values())
    asked = next((task for task in trained if not task.executes_code), trained[0])
    for name, function in rewards.of(config.reward.named).items():
        check = partial(of_rewards.check, name, function, asked, config.data.data_dir)
        yield f"reward '{name}'", f"{_code(name)} {name}", check  # a file may hold several


def _trial(arm: Arm) -> Any:
    def check() -> list[Promise]:
        from srpo_bench.harness.running.promises import check

        return check(arm)

    return check


def _code(name: str) -> str:
    """A file's digest, or a package's name and version."""
    from srpo_bench.harness.plugins import entered

    for kind in ("algorithm", "sampler", "task", "reward"):
        if plugin := entered.find(kind, name):
            return plugin.sha256
    groups = ("bench.algorithms", "bench.samplers", "bench.tasks", "bench.rewards")
    points = (p for group in groups for p in offered(group) if p.name == name)
    return " ".join(f"{p.dist.name} {p.dist.version}" for p in points if p.dist) or name


def _remembered(folder: Path) -> list[Mapping[str, Any]]:
    """What an earlier command has tried for this comparison."""
    from srpo_bench.results.store import ResultsError, read_plan

    path = folder / "comparison.json"
    try:
        return list(read_plan(path).get("checked", [])) if path.is_file() else []
    except ResultsError:
        return []  # planning will say what is wrong with it
