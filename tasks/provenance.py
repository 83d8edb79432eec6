"""Where a set of problems comes from, for the record: what a reader needs to get the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from srpo_bench.tasks.base import Problem, Split

ORIGIN = ("source", "revision", "sha256", "official")
"""What a problem's ``meta`` says of the place it was read at, and not of the problem."""

Role = Literal["train", "evaluation", "final"]


class Provenance(TypedDict):
    """One task's split in one role. What a source does not have is None.

    source: a file, a hub data set, a package, or "procedural".   revision: the hub's commit or the
    package's version.   sha256: of the file.   official: the data as published, byte for byte (a
    file) or by pinned revision (the hub).   loaded, used: problems of the split, and those that are
    asked.   excluded: left out as contaminated or too long.
    """

    task: str
    role: Role
    split: Split
    source: str
    revision: str | None
    sha256: str | None
    official: bool | None
    loaded: int
    used: int
    excluded: int


def provenance(
    task: str, role: Role, split: Split, loaded: Sequence[Problem], used: int, excluded: int = 0
) -> Provenance:
    """The record of a split, all of whose problems come from one source."""
    meta = loaded[0].meta if loaded else {}
    return Provenance(
        task=task,
        role=role,
        split=split,
        source=meta.get("source", "procedural"),
        revision=meta.get("revision"),
        sha256=meta.get("sha256"),
        official=meta.get("official"),
        loaded=len(loaded),
        used=used,
        excluded=excluded,
    )
