"""The file plug-ins of this process: which there are, which a comparison uses, and its copies.

A comparison keeps a copy of every file it uses, so that a worker on another machine and a later
resume find the same one; the contract holds its digest.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from srpo_bench import files
from srpo_bench.algorithms import registry as algorithms
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.tasks import registry as tasks
from srpo_bench.tasks import rewards
from srpo_bench.tasks.base import TaskError

FOLDER = "_plugins"
"""Where a comparison keeps its copies. No arm's name begins with an underscore."""

Kind = Literal["algorithm", "sampler", "task", "reward"]
FAULTS = (files.FileError, algorithms.AlgorithmError, TaskError)
"""What is raised of a file that cannot be used."""


class FilePlugin(BaseModel):
    """A file that brings one thing, as records have it.

    name: what it is called in the comparison.   attribute: its name in the file; empty for YAML.
    files: the file and, behind it, what it needs of its folder.   sha256: of them all.
    home: the folder where it lay when it was named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    name: str
    attribute: str
    files: tuple[str, ...]
    sha256: str
    home: Path

    @property
    def file(self) -> str:
        """The one that is named."""
        return self.files[0]

    def kept(self, comparison: Path) -> Path:
        """The folder of its copies."""
        return comparison / FOLDER / self.sha256[:12]


_ENTERED: dict[tuple[Kind, str], FilePlugin] = {}


def enter(path: Path, attribute: str, reward: bool = False) -> FilePlugin:
    """Import a file that the user has named, and make what it brings known by its name.

    Raises:
        UserError: it cannot be used.
    """
    path = path.expanduser().absolute()
    with as_user_error(*FAULTS):
        needs = () if attribute else (tasks.grader_file(path),)
        names = (path.name, *(name for name in needs if name))
        sha256 = files.digest(path.parent, names)
        kind, name = _register(path, attribute, reward, path.parent)
    plugin = FilePlugin(
        kind=kind, name=name, attribute=attribute, files=names, sha256=sha256, home=path.parent
    )
    other = _ENTERED.setdefault((kind, name), plugin)
    if other != plugin:
        raise UserError(
            f"{path} and {other.home / other.file} both bring the {kind} '{name}'; rename one."
        )
    return plugin


def enter_kept(records: Iterable[Mapping[str, Any] | FilePlugin], comparison: Path) -> None:
    """Make known what a comparison was planned with, from its copies.

    Raises:
        UserError: a copy is gone or is another one.
    """
    for record in records:
        plugin = FilePlugin.model_validate(record)
        folder = plugin.kept(comparison)
        where = folder / plugin.file
        with as_user_error(*FAULTS):
            if files.digest(folder, plugin.files) != plugin.sha256:
                raise UserError(
                    f"{where} is not the file this comparison was planned with: put that one "
                    "back, or start anew with another --out."
                )
            _register(where, plugin.attribute, plugin.kind == "reward", plugin.home)
        _ENTERED[(plugin.kind, plugin.name)] = plugin


def used(config: Config, arms: Iterable[Arm]) -> list[FilePlugin]:
    """The file plug-ins of a comparison, in the order in which they were named."""
    listed = list(arms)
    names: dict[Kind, set[str]] = {
        "algorithm": {arm.algorithm for arm in listed},
        "sampler": {arm.sampler for arm in listed if arm.sampler},
        "task": set(config.all_tasks),
        "reward": set(config.reward.named),
    }
    return [plugin for (kind, name), plugin in _ENTERED.items() if name in names[kind]]


def find(kind: Kind, name: str) -> FilePlugin | None:
    """What a file has brought under that name."""
    return _ENTERED.get((kind, name))


def keep(plugins: Iterable[FilePlugin], comparison: Path) -> None:
    """Copy their files into a comparison's folder.

    Raises:
        OSError: they cannot be read, or written there.
    """
    for plugin in plugins:
        folder = plugin.kept(comparison)
        folder.mkdir(parents=True, exist_ok=True)
        for name in plugin.files:
            shutil.copyfile(plugin.home / name, folder / name)


def _register(path: Path, attribute: str, reward: bool, home: Path) -> tuple[Kind, str]:
    """Into the registry of its kind."""
    if reward:
        return "reward", rewards.enter(path, attribute)
    if not attribute:
        return "task", tasks.enter(path, home=home)
    if tasks.is_task(path, attribute):
        return "task", tasks.enter(path, attribute)
    return algorithms.enter(path, attribute)
