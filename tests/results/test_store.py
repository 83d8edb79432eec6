"""Files of a run: written whole, read as far as they are whole."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.schema import SCHEMA
from srpo_bench.results.store import (
    TAIL,
    ResultsError,
    append_line,
    last_line,
    overwrite_json,
    read_json,
    read_lines,
    read_record,
    run_dirs,
    saved,
    sync,
    write_json,
)


def test_what_is_synced_is_whole_and_so_is_the_folder_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            synced.append(f"folder with {sorted(p.name for p in tmp_path.iterdir())}")
        else:
            synced.append(f"file of {os.fstat(fd).st_size} bytes")

    monkeypatch.setattr(os, "fsync", fsync)
    write_json(tmp_path / "a.json", {"é": [1]})
    assert synced == ["file of 24 bytes", "folder with ['a.json']"]
    assert (tmp_path / "a.json").read_text() == '{\n  "é": [\n    1\n  ]\n}\n'


def test_a_file_that_could_not_be_written_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)

    def full(fd: int) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_json(path, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert read_json(path) == 1


def test_a_shorter_value_leaves_nothing_of_the_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"state": "running", "reason": "x" * 50}))
    overwrite_json(path, {"state": "é"})
    assert path.read_text() == '{"state": "é"}\n'


def test_lines_are_compact_and_a_torn_one_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert list(read_lines(path)) == []
    assert last_line(path) is None
    for value in ({"é": 1, "b": 2}, {"c": float("nan")}):
        append_line(path, value)
    assert path.read_bytes().splitlines()[0] == '{"é":1,"b":2}'.encode()
    with path.open("a") as f:
        f.write('{"torn": 1}')
    first, second = read_lines(path)
    assert (first, str(second["c"])) == ({"é": 1, "b": 2}, "nan")
    assert str((last_line(path) or {})["c"]) == "nan"
    path.write_text('{"a":1}')
    assert last_line(path) is None


@pytest.mark.parametrize(("line", "why"), [("x", "not JSON"), ("[1]", "not a JSON object")])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"a":1}}\n{line}\n')
    with pytest.raises(ValueError, match=f"a.jsonl, line 2: {why}"):
        list(read_lines(path))


def test_the_last_line_of_a_long_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for i in range(3000):
        append_line(path, {"i": i, "text": "x" * 40})
    assert path.stat().st_size > 2 * TAIL
    assert (last_line(path) or {})["i"] == 2999


@pytest.mark.parametrize("length", [TAIL - 9, TAIL, 3 * TAIL + 1])
@pytest.mark.parametrize("torn", ["", "x" * 2 * TAIL])
def test_a_last_line_longer_than_what_is_read_at_once(
    tmp_path: Path, length: int, torn: str
) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, {"i": 1})
    append_line(path, {"i": 2, "text": "x" * length})
    with path.open("a") as f:
        f.write(torn)
    assert (last_line(path) or {})["i"] == 2


def test_records_of_a_newer_schema_and_of_no_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for value, why in (
        ({"schema": SCHEMA + 1}, f"newer srpo-bench \\(schema {SCHEMA + 1}; .* up to {SCHEMA}\\)"),
        ({"schema": "2"}, "newer srpo-bench"),
        ([1], "must hold a JSON object, not list"),
    ):
        path.write_text(json.dumps(value))
        with pytest.raises(ResultsError, match=why):
            read_record(path)
    path.write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        read_record(path)
    for good in ({"a": 1}, {"schema": SCHEMA}):
        path.write_text(json.dumps(good))
        assert read_record(path) == good


def test_runs_and_checkpoints_by_number(tmp_path: Path) -> None:
    for arm, seed in (("b", 1), ("a", 10), ("a", 9)):
        run = tmp_path / arm / f"seed-{seed}"
        for name in ("step-old", "step-007", "step-٣", "step-", "step--2"):
            (run / "checkpoints" / name).mkdir(parents=True)
        (run / "checkpoints" / "step-9").touch()
        for folder in (run, *(run.with_name(name) for name in (f"seed-{seed}.old", "seed-01"))):
            folder.mkdir(exist_ok=True)
            (folder / "manifest.json").write_text("{}")
    for step in (100, 20):
        (run / "checkpoints" / f"step-{step}").mkdir()
    assert [f"{p.parent.name}/{p.name}" for p in run_dirs(tmp_path)] == [
        "a/seed-9", "a/seed-10", "b/seed-1",
    ]  # fmt: skip
    assert saved(run) == [20, 100]


def test_of_a_long_file_only_the_tail_is_read() -> None:
    read: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            block = super().read(size)
            read.append(len(block))
            return block

    lines = b'{"i": 1}\n' * 20_000
    path: Any = SimpleNamespace(open=lambda mode: Watched(lines))
    assert last_line(path) == {"i": 1}
    assert read == [65536]


def test_what_could_not_be_begun_is_told_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "disk full")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="disk full"):
        write_json(tmp_path / "a.json", {})


def test_a_folder_that_was_synced_is_closed(tmp_path: Path) -> None:
    def next_free() -> int:
        number = os.open(tmp_path, os.O_RDONLY)
        os.close(number)
        return number

    before = next_free()
    sync(tmp_path)
    assert next_free() == before
