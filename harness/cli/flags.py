"""The command line's flags as the settings they stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from srpo_bench.harness.errors import UserError, as_user_error

PATHS = {
    "tasks": "data.tasks",
    "eval_tasks": "evaluation.tasks",
    "final_tasks": "final.tasks",
    "model": "model.path",
    "data_dir": "data.data_dir",
    "seeds": "seeds",
    "target": "targets",
    "steps": "steps",
    "limit": "final.problems",
    "k": "final.k",
    "temperature": "final.temperature",
    "top_p": "final.top_p",
    "max_new_tokens": "final.max_new_tokens",
    "style": "data.style",
    "shots": "data.shots",
    "engine": "rollout.engine",
    "batch": "rollout.rows_at_once",
    "threads": "threads",
    "device": "model.device",
    "dtype": "model.dtype",
}
"""A flag -> the setting that it stands for."""


def nested(**given: Any) -> dict[str, Any]:
    """The plain flags as nested settings; those not given are absent."""
    from srpo_bench.harness.layers import deep

    return deep({PATHS[k]: _setting(k, value) for k, value in given.items() if value is not None})


def _setting(flag: str, value: Any) -> Any:
    """A flag's value as its setting's."""
    if flag.endswith("tasks"):
        return [task.strip() for task in value.split(",")]
    if flag == "seeds":
        return _seeds(value)
    if flag == "target":
        return target_list(value)
    return str(value) if flag == "data_dir" else value


def _seeds(text: str) -> tuple[int, ...]:
    from srpo_bench.harness.seeds import seeds_of

    try:
        return seeds_of(text)
    except ValueError as error:
        raise UserError(f"--seeds: {error}.") from error


def target_list(values: list[float]) -> list[float]:
    """Accuracies to reach, each once.

    Raises:
        UserError: one that is not between 0 and 1.
    """
    from srpo_bench.results.judgement.targets import checked
    from srpo_bench.results.store import ResultsError

    with as_user_error(ResultsError):
        return list(dict.fromkeys(checked(value) for value in values))


def arm_names(wanted: str | list[Any] | None, ladder: bool) -> list[str]:
    """The arms that were asked for, by name, by --ladder or not at all."""
    from srpo_bench.algorithms.registry import CONTROLS, LADDER

    if ladder:
        if wanted:
            raise UserError("--ladder names its own arms; leave out --algos.")
        return [*LADDER, *CONTROLS]
    if wanted is None:
        return ["grpo", "srpo"]
    if not isinstance(wanted, str | list):
        raise UserError(f"algos names arms, as in grpo,srpo, not '{wanted}'.")
    names = wanted.split(",") if isinstance(wanted, str) else [str(name) for name in wanted]
    if not all(name.strip() for name in names):
        raise UserError(f"--algos names an arm that is empty in '{','.join(names)}'.")
    return [name.strip() for name in names]


def by_arm(assigned: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Split --set into shared settings and an arm's or a method's (``srpo.replay_fraction``)."""
    from srpo_bench.algorithms.registry import algorithm_names, sampler_names
    from srpo_bench.harness.config import Config
    from srpo_bench.harness.hints import unknown_setting
    from srpo_bench.harness.layers import setting_paths
    from srpo_bench.harness.planning.arms import own_settings, read_arm

    typed = [read_arm(name) for name in names]
    arms = [key for arm in typed for key in arm.keys]
    out: dict[str, Any] = {}
    for key, value in assigned.items():
        if key in Config.model_fields:
            out[key] = value
        elif key in arms:
            out.setdefault("algorithms", {})[key] = value
        elif key in (*algorithm_names(), *sampler_names()):
            raise UserError(
                f"--set {key}.… is for an arm that runs {key}, and the arms here are "
                f"{', '.join(names)}: name it in --algos, too."
            )
        else:
            own = (f"{arm.name}.{name}" for arm in typed for name in own_settings(arm))
            raise unknown_setting(key, [*setting_paths(Config), *arms, *own])
    return out


def refuse_undecoded(words: Iterable[str]) -> None:
    """Of bytes that are not UTF-8 Python makes half characters, which no record can hold."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UserError(f"{word!a} is not UTF-8; type it so, or rename the file.") from None
