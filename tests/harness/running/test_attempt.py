"""Once a later attempt has begun, an earlier one changes nothing, wherever it was interrupted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.harness.running import attempt as module
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.results.attempts import attempts
from srpo_bench.results.seal import SEAL, check_seal, digests
from srpo_bench.results.store import read_json, saved, write_json
from tests.examples import examples

RECORDS = ("steps.jsonl", "evals.jsonl")
STEPS = 3


def train(run: Path, who: str) -> None:
    """What a worker does to a folder: take over, write lines, save at every step, say the end."""
    attempt = Attempt(run, {"host": who})
    attempt.drop(run / SEAL)
    attempt.write_json("status.json", {"state": "running", "by": who})
    steps = saved(run)
    start, lengths = 0, dict.fromkeys(RECORDS, 0)
    if steps:
        progress = read_json(run / "checkpoints" / f"step-{steps[-1]}" / "progress.json")
        start, lengths = progress["step"], progress["records"]
    attempt.take_records(lengths)
    for step in range(start + 1, STEPS + 1):
        for name in RECORDS:
            attempt.append(name, {"step": step})
        save(attempt, step)
    attempt.write_json(SEAL, digests(run))
    attempt.write_json("status.json", {"state": "done", "by": who})


def save(attempt: Attempt, step: int) -> None:
    """As ``checkpoint.save`` does, without a model."""
    folder = attempt.run / "checkpoints"
    folder.mkdir(exist_ok=True)
    prepared = attempt.prepare(f"step-{step}")
    prepared.mkdir()
    (prepared / "weights").write_text(f"weights of step {step}")
    record = {"step": step, "records": attempt.record_lengths()}
    write_json(prepared / "progress.json", record)
    attempt.drop(folder / f"step-{step}")
    attempt.put(prepared, folder / f"step-{step}")
    for old in saved(attempt.run)[:-1]:
        attempt.drop(folder / f"step-{old}")


def bytes_of(run: Path) -> dict[str, bytes]:
    """Everything in a run's folder but what attempts keep to themselves."""
    paths = (path for path in run.rglob("*") if path.is_file())
    found = {str(path.relative_to(run)): path.read_bytes() for path in paths}
    return {name: text for name, text in found.items() if not name.startswith("attempts/")}


class Turns:
    """Runs workers one file operation at a time, in an order that is given."""

    def __init__(self, workers: dict[str, Callable[[], None]]) -> None:
        self._go = {name: threading.Semaphore(0) for name in workers}
        self._back = threading.Semaphore(0)
        self.ended: dict[str, BaseException | None] = {}
        self._threads = {
            name: threading.Thread(target=self._run, args=(name, work), name=name, daemon=True)
            for name, work in workers.items()
        }
        for thread in self._threads.values():
            thread.start()

    def _run(self, name: str, work: Callable[[], None]) -> None:
        self._go[name].acquire()
        problem: BaseException | None = None
        try:
            work()
        except (OSError, SupersededError) as error:
            problem = error
        self.ended[name] = problem
        self._back.release()

    def wait(self) -> None:
        """Called by a worker before an operation: the turn goes back, until it comes again."""
        name = threading.current_thread().name
        if name in self._go:
            self._back.release()
            self._go[name].acquire()

    def give(self, name: str) -> None:
        """One operation of one worker."""
        if name not in self.ended:
            self._go[name].release()
            self._back.acquire()

    def finish(self, name: str) -> None:
        """All that is left of one."""
        while name not in self.ended:
            self.give(name)


@contextmanager
def interrupted(turns: list[Turns]) -> Iterator[None]:
    """Every operation on files waits for its turn first."""
    with pytest.MonkeyPatch.context() as patch:

        def before(place: Any, name: str) -> None:
            real = getattr(place, name)

            def waits(*words: Any, **named: Any) -> Any:
                for turn in turns:
                    turn.wait()
                return real(*words, **named)

            patch.setattr(place, name, waits)

        for name in ("rename", "replace", "mkdir", "rmdir", "unlink", "open"):
            before(Path, name)
        for name in ("listdir", "fsync"):
            before(os, name)
        before(module.shutil, "rmtree")

        class Record(FileIO):
            def write(self, block: Any, /) -> int:
                for turn in turns:
                    turn.wait()
                return super().write(block)

        patch.setattr(module, "FileIO", Record)
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run = tmp_path_factory.mktemp("run")
    train(run, "anybody")
    return {name: text for name, text in bytes_of(run).items() if name != "status.json"}


@examples(60)
@given(
    order=st.lists(st.sampled_from(["a", "b", "c"]), max_size=160),
    last=st.permutations(["a", "b", "c"]),
)
def test_however_attempts_interleave_the_last_one_is_what_stands(
    undisturbed: dict[str, bytes], order: list[str], last: list[str]
) -> None:
    with TemporaryDirectory() as name:
        run, all_turns = Path(name), list[Turns]()
        with interrupted(all_turns):
            turns = Turns({who: lambda who=who: train(run, who) for who in "abc"})
            all_turns.append(turns)
            for who in order:
                turns.give(who)
            done = None
            for who in last:
                turns.finish(who)
                if turns.ended[who] is None and newest(run) == who:
                    done = bytes_of(run)
                elif done is not None and newest(run) != who:
                    assert bytes_of(run) == done, f"{who} came back and wrote"
        winner = newest(run)
        assert turns.ended[winner] is None
        found = bytes_of(run)
        assert read_json(run / "status.json") == {"state": "done", "by": winner}
        assert {name: text for name, text in found.items() if name != "status.json"} == undisturbed
        check_seal(run)


def newest(run: Path) -> str:
    return str(attempts(run)[-1]["host"])


@pytest.mark.parametrize("operations", range(0, 140, 7))
def test_one_that_comes_back_after_the_end_changes_no_byte(tmp_path: Path, operations: int) -> None:
    all_turns: list[Turns] = []
    with interrupted(all_turns):
        turns = Turns({"zombie": lambda: train(tmp_path, "zombie")})
        all_turns.append(turns)
        for _ in range(operations):
            turns.give("zombie")
        train(tmp_path, "other")
        before = bytes_of(tmp_path)
        begun = "zombie" in [a["host"] for a in attempts(tmp_path)]
        turns.finish("zombie")
        if begun:  # else it is the later one
            assert bytes_of(tmp_path) == before
    assert newest(tmp_path) == ("other" if begun else "zombie")


def test_a_number_is_given_once_and_says_who_has_it(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path, {"host": "a"}), Attempt(tmp_path, {"host": "b"})
    second.tell({"accelerator": "x"})
    assert (first.number, second.number) == (1, 2)
    assert first.superseded
    assert not second.superseded
    assert [(a["host"], a.get("accelerator")) for a in attempts(tmp_path)] == [
        ("a", None),
        ("b", "x"),
    ]
    with pytest.raises(SupersededError, match="A later attempt has taken"):
        first.write_json("status.json", {})
    assert not (tmp_path / "status.json").exists()


def test_a_full_disk_has_room_for_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = Attempt(tmp_path)
    attempt.write_json("status.json", {"state": "running"})

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_json", full)
    attempt.write_json("status.json", {"state": "failed"})
    assert read_json(tmp_path / "status.json") == {"state": "failed"}
    with pytest.raises(OSError, match="No space"):
        attempt.write_json("final.json", {})
    monkeypatch.undo()
    Attempt(tmp_path).write_json("status.json", {"state": "done"})
    monkeypatch.setattr(module, "write_json", full)
    with pytest.raises(SupersededError):
        attempt.write_json("status.json", {"state": "failed"})
    assert read_json(tmp_path / "status.json") == {"state": "done"}


def test_what_was_never_made_ready_is_put_by_nobody(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    with pytest.raises(SupersededError):
        attempt.put(attempt.prepare("never"), tmp_path / "never")


def test_files_are_let_go_of(tmp_path: Path) -> None:
    """A status that is written at every step is open once, and nothing is after the end."""
    attempt = Attempt(tmp_path)
    attempt.take_records({"steps.jsonl": 0})
    attempt.write_json("status.json", {"step": 1})
    first = attempt._notes["status.json"]
    attempt.write_json("status.json", {"step": 2})
    second, record = attempt._notes["status.json"], attempt._records["steps.jsonl"]
    assert (first.closed, second.closed, record.closed) == (True, False, False)
    attempt.close()
    assert (second.closed, record.closed) == (True, True)


def test_a_copy_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "steps.jsonl").write_text("12345")
    attempt = Attempt(tmp_path)
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: sizes.append(os.fstat(fd).st_size))
    monkeypatch.setattr(module, "sync", lambda folder: sizes.append(-1))
    attempt.take_records({"steps.jsonl": 3})
    assert sizes == [3, -1]


def test_claims_are_made_in_their_folder_and_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From elsewhere a rename need not be possible."""
    synced: list[Path] = []
    places: list[Path | None] = []
    make = module.tempfile.mkdtemp

    def made(prefix: str, dir: Path | None = None) -> str:
        places.append(dir)
        return make(prefix=prefix, dir=dir)

    monkeypatch.setattr(module.tempfile, "mkdtemp", made)
    monkeypatch.setattr(module, "sync", synced.append)
    Attempt(tmp_path)
    assert places == synced == [tmp_path / "attempts"]


def test_what_is_gone_by_itself_need_not_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropped, and somebody has emptied this outbox meanwhile."""
    attempt = Attempt(tmp_path)
    (tmp_path / "old").touch()
    rename = Path.rename

    def and_gone(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        target.unlink()
        return moved

    monkeypatch.setattr(Path, "rename", and_gone)
    attempt._receive(tmp_path / "old")
    assert not (tmp_path / "old").exists()
