"""A second place for a comparison: any address that fsspec knows, such as ``s3://bucket/name``.

    ADDRESS/comparison.json, seal.json, <arm>/seed-<n>/manifest.json    as planned
    ADDRESS/<arm>/seed-<n>/step-<s>.<attempt>-<token>/      a checkpoint, its records beside it
    ADDRESS/<arm>/seed-<n>/done.<attempt>-<token>/          what a finished run is judged by

A copy is whole once it holds ``whole.json``, which is written last; nobody writes into another
attempt's. So a copy is pushed without asking what is there, and what is read is never half of two.
A run goes on from its newest whole copy to the same bits, since a checkpoint rewinds exactly.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.plugins.entered import FOLDER
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.results.seal import SEAL, SEALED
from srpo_bench.results.store import STATUS, read_json, run_dirs, saved, write_json

MIRROR = "mirror.json"
"""Beside a comparison: where its mirror is. No part of the contract."""
WHOLE = "whole.json"
COPY = re.compile(r"(?:step-(\d+)|done)\.(\d+)-[0-9a-f]+")
LAST = 1 << 62


class Copy(NamedTuple):
    """A copy of a run, ordered by what it knows: step (``LAST``: the end), then attempt."""

    step: int
    attempt: int
    name: str


class Mirror:
    """Pushes and pulls."""

    def __init__(self, address: str) -> None:
        """Open an address.

        Raises:
            UserError: fsspec does not know it, or lacks the package for it.
        """
        from fsspec.core import url_to_fs

        self.address = address
        try:
            self._fs, root = url_to_fs(address)
        except (ImportError, ValueError, OSError) as error:
            raise UserError(
                f"--mirror {address} cannot be opened: {' '.join(str(error).split())} "
                "(for s3: pip install 'srpo-bench[s3]')."
            ) from error
        self._root = PurePosixPath(root)

    @staticmethod
    def of(comparison: Path) -> Mirror | None:
        """The mirror that a comparison has; None: it has none."""
        path = comparison / MIRROR
        return Mirror(str(read_json(path)["address"])) if path.is_file() else None

    def push_plan(self, comparison: Path) -> None:
        """Record, seal and manifests of a comparison that was planned or extended.

        Raises:
            UserError: the address holds another comparison, whose runs would be taken for these,
                or more of this one, which would be forgotten there.
        """
        self._refuse_other(comparison)
        for run in run_dirs(comparison):
            where = f"{run.parent.name}/{run.name}"
            if not self._copies(where):
                self._put(run / "manifest.json", f"{where}/manifest.json")
        for path in comparison.glob(f"{FOLDER}/*/*"):
            self._put(path, str(path.relative_to(comparison)))
        for name in (SEAL, "comparison.json"):  # the record last: with it, all is there
            self._put(comparison / name, name)

    def _refuse_other(self, comparison: Path) -> None:
        if not self._fs.exists(str(self._root / "comparison.json")):
            return
        local, remote = read_json(comparison / "comparison.json"), self._read("comparison.json")
        ours, theirs = ({arm["arm"]: arm for arm in plan["arms"]} for plan in (local, remote))
        arms = all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())
        if local["contract"] != remote["contract"] or not arms:
            raise UserError(f"{self.address} holds another comparison: choose another --mirror.")
        seeds = {f"seed {seed}" for seed in set(remote["seeds"]) - set(local["seeds"])}
        if more := sorted({*(theirs.keys() - ours.keys()), *seeds}):
            raise UserError(
                f"{self.address} holds more of this comparison than {comparison} ({more[0]} was "
                "added elsewhere): bring it back with --mirror and an --out that is not there yet."
            )

    def pull_plan(self, comparison: Path) -> bool:
        """A comparison whose folder is not there: its record, its manifests, its finished runs.

        Returns:
            Whether the mirror holds one.
        """
        if not self._fs.exists(str(self._root / "comparison.json")):
            return False
        for manifest in self._fs.glob(str(self._root / "*" / "seed-*" / "manifest.json")):
            where = "/".join(PurePosixPath(manifest).parts[-3:-1])
            run = comparison / where
            run.mkdir(parents=True, exist_ok=True)
            self._get(f"{where}/manifest.json", run / "manifest.json")
            for copy in self._copies(where)[-1:]:
                if copy.step == LAST:
                    for name in self._names(f"{where}/{copy.name}"):
                        self._get(f"{where}/{copy.name}/{name}", run / name)
        for file in self._fs.glob(str(self._root / FOLDER / "*" / "*")):
            name = "/".join(PurePosixPath(file).parts[-3:])
            (comparison / name).parent.mkdir(parents=True, exist_ok=True)
            self._get(name, comparison / name)
        for name in (SEAL, "comparison.json"):
            self._get(name, comparison / name)
        return True

    def push(self, attempt: Attempt, checkpoint: Path) -> None:
        """A checkpoint and the records beside it; older copies go. A mirror that does not answer
        is no reason to lose a run: it is reported, and the next checkpoint is pushed anew."""
        step = int(checkpoint.name.removeprefix("step-"))
        lengths = read_json(checkpoint / "progress.json")["records"]
        files = {str(p.relative_to(checkpoint)): p for p in checkpoint.rglob("*") if p.is_file()}
        records = {name: attempt.run / name for name in lengths}
        self._push(attempt, f"step-{step}.{_mark(attempt)}", files, records, lengths)

    def push_end(self, attempt: Attempt) -> None:
        """What a finished run is judged by."""
        names = (*SEALED, SEAL, STATUS)
        files = {name: attempt.run / name for name in names if (attempt.run / name).is_file()}
        self._push(attempt, f"done.{_mark(attempt)}", files, {}, {})

    def pull(self, attempt: Attempt) -> int | None:
        """The newest whole checkpoint, where the run's folder has none as recent.

        Returns:
            Its step; None: there was nothing to be pulled.
        """
        run = attempt.run
        where = f"{run.parent.name}/{run.name}"
        here = max(saved(run), default=0)
        copies = [copy for copy in self._copies(where) if here < copy.step < LAST]
        if not copies:
            return None
        copy = copies[-1]
        lengths = self._read(f"{where}/{copy.name}/{WHOLE}")["lengths"]
        prepared = attempt.prepare(f"step-{copy.step}")
        for name in self._names(f"{where}/{copy.name}"):
            if name in lengths:
                record = attempt.prepare(name)
                self._get(f"{where}/{copy.name}/{name}", record)
                attempt.put(record, run / name)
            elif name != WHOLE:
                (prepared / name).parent.mkdir(parents=True, exist_ok=True)
                self._get(f"{where}/{copy.name}/{name}", prepared / name)
        (run / "checkpoints").mkdir(exist_ok=True)
        attempt.put(prepared, run / "checkpoints" / prepared.name)
        return copy.step

    def _push(
        self,
        attempt: Attempt,
        name: str,
        files: dict[str, Path],
        records: dict[str, Path],
        lengths: dict[str, int],
    ) -> None:
        where = f"{attempt.run.parent.name}/{attempt.run.name}"
        try:
            for inner, path in files.items():
                self._put(path, f"{where}/{name}/{inner}")
            for inner, path in records.items():
                with path.open("rb") as file:
                    self._pipe(f"{where}/{name}/{inner}", file.read(lengths[inner]))
            attempt.check()  # its records may be another's by now
            marker = attempt.prepare(WHOLE)
            write_json(marker, {"lengths": lengths})
            self._put(marker, f"{where}/{name}/{WHOLE}")
            self._forget(where, self._copies(where))
        except SupersededError:
            raise
        except Exception as error:  # whatever a storage library raises
            attempt.check()
            fault = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"The mirror {self.address} took no copy of {name}: {fault}", file=sys.stderr)

    def _forget(self, where: str, copies: list[Copy]) -> None:
        """Checkpoints before the newest one."""
        for old in [copy for copy in copies if copy.step < LAST][:-1]:
            self._fs.rm(str(self._root / where / old.name), recursive=True)

    def _copies(self, where: str) -> list[Copy]:
        """The whole ones of a run, oldest first."""
        self._fs.invalidate_cache()
        marks = self._fs.glob(str(self._root / where / "*" / WHOLE))
        names = (PurePosixPath(path).parts[-2] for path in marks)
        matches = [match for name in names if (match := COPY.fullmatch(name))]
        return sorted(Copy(int(m[1] or LAST), int(m[2]), m[0]) for m in matches)

    def _names(self, where: str) -> Iterable[str]:
        folder = self._root / where
        for path in self._fs.find(str(folder)):
            yield str(PurePosixPath(path).relative_to(folder))

    def _read(self, where: str) -> Any:
        return json.loads(self._fs.cat_file(str(self._root / where)))

    def _put(self, path: Path, where: str) -> None:
        self._fs.put_file(str(path), self._place(where))

    def _pipe(self, where: str, block: bytes) -> None:
        self._fs.pipe_file(self._place(where), block)

    def _place(self, where: str) -> str:
        """A file's full name, in a folder that is there."""
        target = self._root / where
        self._fs.makedirs(str(target.parent), exist_ok=True)
        return str(target)

    def _get(self, where: str, path: Path) -> None:
        """Fetch a file: it is whole or not there."""
        part = path.with_name(f".{path.name}.part")
        self._fs.get_file(str(self._root / where), str(part))
        part.replace(path)


def _mark(attempt: Attempt) -> str:
    """Tells attempts apart also where a folder was lost, and their numbers with it."""
    return f"{attempt.number}-{attempt.token[:12]}"
