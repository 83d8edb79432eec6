"""Claims of attempts, ends of runs, bounds of samplers and mirrors of plug-ins, without a run."""

from __future__ import annotations

import errno
import io
import math
import os
import platform
import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import PromptInfo
from srpo_bench.algorithms.registry import get, sampler_of
from srpo_bench.algorithms.samplers.base import Group, More
from srpo_bench.algorithms.samplers.tally import Tally
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.running import attempt as attempts
from srpo_bench.harness.running import ledger, method_guard, sampler_guard, worker
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.mirror import Mirror
from srpo_bench.results.store import read_json, write_json
from srpo_bench.tasks.base import Grade, Outcome, TaskError


def test_numbers_are_claimed_once_and_never_again(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path), Attempt(tmp_path, {"host": "h"})
    assert (first.number, second.number) == (1, 2)
    assert read_json(tmp_path / "attempts" / "2" / "attempt.json") == {
        "host": "h", "token": second.token,
    }  # fmt: skip
    assert (tmp_path / "attempts" / "2").stat().st_mode & 0o777 == 0o755
    assert not list((tmp_path / "attempts").glob(".claim-*"))
    assert first.superseded
    assert not second.superseded


def test_a_number_that_somebody_takes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that is behind the times shows nobody, and 1 and 2 are taken all the same."""
    Attempt(tmp_path)
    Attempt(tmp_path)
    monkeypatch.setattr(attempts, "attempt_numbers", lambda _: [])
    assert Attempt(tmp_path).number == 3


def test_a_rename_that_was_done_and_reported_lost_is_a_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def repeated(self: Path, target: Path) -> Path:
        rename(self, target)
        raise OSError(errno.ENOENT, "gone")

    monkeypatch.setattr(Path, "rename", repeated)
    assert attempts._claim(tmp_path, "mine", {}) == 1

    def lost(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOENT, "gone")

    monkeypatch.setattr(Path, "rename", lost)
    with pytest.raises(OSError, match="gone"):
        attempts._claim(tmp_path, "other", {})
    assert attempts._token(tmp_path / "nowhere") is None


def test_an_outbox_that_fills_while_it_is_emptied_is_emptied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Attempt(tmp_path)
    outbox = tmp_path / "attempts" / "1" / "outbox"
    rmdir, times = Path.rmdir, []

    def late(self: Path) -> None:
        if self == outbox and not times:
            times.append(1)
            (self / "late").write_text("x")
        rmdir(self)

    monkeypatch.setattr(Path, "rmdir", late)
    Attempt(tmp_path)
    assert first.superseded
    assert times == [1]

    def refused(self: Path) -> None:
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "rmdir", refused)
    with pytest.raises(OSError, match="no"):
        Attempt(tmp_path)


def test_a_record_shorter_than_its_checkpoint_says() -> None:
    def copied(length: int) -> bytes:
        old, new = io.BytesIO(b"12345"), io.BytesIO()
        old.name = "steps.jsonl"  # type: ignore[misc]
        attempts._copy(old, new, length)
        return new.getvalue()

    assert (copied(3), copied(5), copied(0)) == (b"123", b"12345", b"")
    with pytest.raises(RunError, match=r"steps\.jsonl is shorter than its checkpoint says"):
        copied(6)


def test_ends_of_runs_in_one_sentence() -> None:
    assert worker._reason(RunError("a\n b")) == "a b"
    assert worker._reason(TaskError("no")) == "no"
    assert worker._reason(ValueError("x" * 501)) == f"ValueError: {'x' * 500}"
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert worker._reason(OSError(number, "full")).startswith("The disk took no more (")
    assert worker._reason(OSError(errno.EACCES, "no")).startswith("PermissionError: ")
    assert worker._reason(RuntimeError("PytorchStreamWriter failed")).startswith("The disk took")
    assert worker._reason(RuntimeError("I/O (os error 28)")).startswith("The disk took no more")
    assert worker._reason(RuntimeError("(os error 281)")).startswith("RuntimeError")
    inner = OSError(errno.ENOSPC, "full")
    outer = ValueError("outer")
    outer.__cause__ = inner
    assert worker._reason(outer).startswith("The disk took no more (outer)")
    around = ValueError("around")
    around.__context__ = outer
    assert worker._disk_full(around)
    assert not worker._disk_full(ValueError())


def test_a_full_memory_says_what_to_do() -> None:
    asked = "CUDA out of memory. Tried to allocate 360.00 MiB."
    on_device = torch.OutOfMemoryError(f"{asked} GPU 0 has a total capacity of 139.80 GiB")
    do = "bench resume with fewer --workers, or, where one run alone is too much, begin anew with "
    do += "a smaller rollout.rows_at_once or optim.micro_batch_tokens."
    assert worker._reason(on_device) == f"The memory was full ({asked[:-1]}): {do}"
    with pytest.raises(RuntimeError) as none_left:
        torch.empty(10**17, dtype=torch.uint8)
    assert worker._reason(none_left.value).startswith("The memory was full ([enforce fail at")
    outer = ValueError("scoring ended")
    outer.__cause__ = MemoryError()
    assert worker._reason(outer) == f"The memory was full (scoring ended): {do}"
    assert worker._reason(RuntimeError("out of ideas")) == "RuntimeError: out of ideas"


def test_codes_and_patience() -> None:
    assert worker.CODES == {"done": 0, "failed": 1, "stopped": 130, "superseded": 75}
    assert worker.PATIENCE == 60


def test_a_folder_is_held_by_whoever_has_its_lock(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    assert not worker.is_held(pid)
    with worker._in_turn(pid, 0.0):
        assert int(pid.read_text()) > 0
        assert worker.is_held(pid)
        with worker._in_turn(pid, 0.0):  # out of patience: it goes on all the same
            assert pid.read_text().count("\n") == 1
    assert not worker.is_held(tmp_path / "none" / "pid")


def test_an_earlier_process_is_waited_for_without_haste(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times a second, until it has ended or patience has."""
    asked = iter([False, False, True])
    slept: list[float] = []
    monkeypatch.setattr(worker, "_locked", lambda _: next(asked))
    monkeypatch.setattr(worker.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(worker.time, "sleep", slept.append)
    with worker._in_turn(tmp_path / "pid", 60.0):
        assert slept == [0.1, 0.1]
        assert (tmp_path / "pid").read_text() == f"{os.getpid()}\n"
    monkeypatch.setattr(worker, "_locked", lambda _: False)
    slept.clear()
    with worker._in_turn(tmp_path / "pid", 0.35):
        assert len(slept) == 4


def test_file_systems_without_locks_hold_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(worker.fcntl, "flock", none)
    assert not worker.is_held(tmp_path / "pid")


def test_a_status_has_the_last_recorded_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker._say(None, tmp_path, "failed", 9, "why")
    assert read_json(tmp_path / "status.json") == {
        "state": "failed", "step": 0, "steps": 9, "reason": "why",
    }  # fmt: skip
    (tmp_path / "steps.jsonl").write_text('{"step": 3}\n{"step": 4}\n')

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(worker, "write_json", full)
    worker.write_status(tmp_path, "stopped", 9)
    assert read_json(tmp_path / "status.json")["step"] == 4
    held: Any = SimpleNamespace(write_json=full, check=lambda: None)
    worker._say(held, tmp_path, "done", 9)
    assert read_json(tmp_path / "status.json")["state"] == "done"


def test_what_a_method_says_it_spent_is_booked() -> None:
    entry = ledger.empty()
    ledger.add(entry, {"updates": 2.0, "flops": 0.5})
    ledger.add(entry, {"updates": 1.0, "flops": 0.25})
    assert (entry["updates"], entry["flops"]) == (3, 0.75)
    assert isinstance(entry["updates"], int)


def test_the_share_of_a_prompts_responses() -> None:
    tally = Tally(1, 4)
    assert (tally.rate, tally.mixed) == (0.25, True)
    assert [Tally(n, 4).mixed for n in (0, 4)] == [False, False]


# what comes over the seams


def test_states_and_metrics_that_are_none() -> None:
    it = sampler(state_dict=[])
    with pytest.raises(RunError, match="returned a list from state_dict, not a dict"):
        method_guard.state(it)
    with pytest.raises(RunError, match="returned metrics as a list from metrics, not as a dict"):
        method_guard.check_metrics(it, [], "metrics")
    plain = {"a": [1, {"b": torch.ones(1)}]}
    assert method_guard.state(sampler(state_dict=plain)) is plain
    method_guard.check_metrics(it, {"a": 1, "b": 0.5}, "metrics")
    for value in (math.nan, math.inf, "x"):
        with pytest.raises(RunError):
            method_guard.check_metrics(it, {"a": value}, "metrics")


def sampler(**answers: Any) -> Any:
    """A sampler that answers so."""
    kind, _ = sampler_of("grpo-token", "shuffled")
    plan = RunInfo((PromptInfo("p", "math"),), 2, 2, 5, max_new_tokens=4)
    made = kind(kind.Settings(), plan)
    for name, answer in answers.items():
        setattr(made, name, lambda *_, answer=answer: answer)
    return made


@pytest.mark.parametrize("kind", [sampler_of("grpo-token", "shuffled")[0], get("grpo-token")])
@pytest.mark.parametrize("name", ["notes", "waits_for"])
def test_what_a_method_says_of_itself_is_asked_for_at_once(kind: Any, name: str) -> None:
    bad = type("Bad", (kind,), {name: property(lambda _: 1 / 0)})
    plan = RunInfo((PromptInfo("p", "math"),), 2, 2, 5, max_new_tokens=4)
    with pytest.raises(RunError, match=name):
        method_guard.make(bad, {}, plan)


def test_a_step_has_an_end() -> None:
    assert sampler_guard.MAX_ROUNDS == 64
    sampler_guard.bound(sampler(), generated=126, more=2, batch=2)
    with pytest.raises(RunError, match="asked for 3 more groups after 126 in one step; 64 batches"):
        sampler_guard.bound(sampler(), generated=126, more=3, batch=2)


def test_groups_are_of_the_pools_prompts_with_a_size() -> None:
    rng = torch.Generator()

    def chosen(*groups: Any) -> list[Group]:
        return sampler_guard.choose(sampler(choose=list(groups)), 1, 1, rng, {"p"})

    assert chosen(Group("p", 1)) == [Group("p", 1)]
    for groups, said in (
        ((), "chose 0 prompts where 1 were asked for"),
        ((Group("p", 1),) * 2, "chose 2 prompts where 1 were asked for"),
        ((3,), "not a Group"),
        ((Group("q", 1),), "chose 'q', which is no prompt of the pool"),
        ((Group("p", 0),), "wants 0 responses of a prompt"),
        ((Group("p", True),), "wants True responses of a prompt"),
    ):
        with pytest.raises(RunError, match=said):
            chosen(*groups)


def test_a_request_is_for_at_least_one_more_group() -> None:
    def observed(answer: Any) -> Any:
        return sampler_guard.observe(sampler(observe=answer), None, None)  # type: ignore[arg-type]

    assert observed(More(1)) == More(1)
    with pytest.raises(RunError, match="asked for 0 more groups"):
        observed(More(0))
    with pytest.raises(RunError, match="from observe, not Kept or More"):
        observed(3)


def test_grades_and_rewards_of_a_task_are_checked() -> None:
    right = Grade(Outcome.CORRECT)

    def paid(values: Any) -> list[Grade]:
        return task_guard.reward("r", lambda *_: values, [], ["a", "b"], [right, right])

    kinds: list[Any] = [[1, 0.5], (1, 0.5), iter([True, 0.5]), np.array([1, 0.5], np.float32)]
    kinds += [torch.tensor([1, 0.5], requires_grad=True), [torch.tensor([1]), np.float32(0.5)]]
    for values in (*kinds, [Fraction(1), Fraction(1, 2)]):
        fields = [g.fields for g in paid(values)]
        assert fields == [{"r": 1.0}, {"r": 0.5}]
        assert all(type(field["r"]) is float for field in fields)
    for values, said in (
        ([1], "gave 1 numbers for 2 responses"),
        ([1, math.nan], "Reward 'r' gave nan where a finite number belongs"),
        ([1, -math.inf], "gave -inf where"),
        ([1, 10**400], "gave 1000000000.* where a finite"),
        ([1, "1"], "gave '1' where a finite number belongs"),
        ([1, None], "gave None where"),
        ([1, [1]], r"gave \[1\] where"),
        ([1, 1e39], r"gave 1e\+39 where"),
        (1.0, "returned a float, not a number a response"),
        ({0: 1.0, 1: 0.5}, "returned a dict, not a number a response"),
        ({1.0, 0.5}, "returned a set, not a number a response"),
        ([1, torch.ones(2)], r"raised RuntimeError in its call, f\(problems, texts, grades\): "),
    ):
        with pytest.raises(TaskError, match=said):
            paid(values)
    task: Any = SimpleNamespace(name="t", stops=lambda _: ("a", ""))
    with pytest.raises(TaskError, match="as stops, not strings"):
        task_guard.stops(task, "base")
    task.stops = lambda _: ["a", "b"]
    assert task_guard.stops(task, "base") == ("a", "b")


def test_a_reward_function_changes_nothing_but_its_own_field() -> None:
    texts, grades = ["a", "b"], [Grade(Outcome.CORRECT), Grade(Outcome.WRONG)]

    def writes(problems: Any, said: Any, judged: Any) -> list[float]:
        said[:] = ["", ""]
        judged.reverse()
        return [1.0, 2.0]

    paid = task_guard.reward("r", writes, [], texts, grades)
    assert texts == ["a", "b"]
    assert [(g.outcome, g.fields["r"]) for g in paid] == [
        (Outcome.CORRECT, 1.0),
        (Outcome.WRONG, 2.0),
    ]


def test_a_mirror_holds_plug_ins_and_the_record_last(tmp_path: Path) -> None:
    here, there = tmp_path / "c", tmp_path / "m"
    run = here / "grpo" / "seed-1"
    run.mkdir(parents=True)
    write_json(run / "manifest.json", {"seed": 1})
    for name in ("seal.json", "comparison.json"):
        write_json(here / name, {"name": name})
    plugin = here / "_plugins" / "abc" / "mine.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("x = 1\n")
    mirror = Mirror(f"file://{there}")
    assert not mirror.pull_plan(tmp_path / "back")
    mirror.push_plan(here)
    assert mirror.pull_plan(tmp_path / "back")
    names = {str(p.relative_to(tmp_path / "back")) for p in (tmp_path / "back").rglob("*.*")}
    assert names == {
        "grpo/seed-1/manifest.json", "seal.json", "comparison.json", "_plugins/abc/mine.py",
    }  # fmt: skip
    assert (tmp_path / "back" / "_plugins" / "abc" / "mine.py").read_text() == "x = 1\n"


def test_what_was_dropped_and_cannot_be_deleted_is_left_to_a_later_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = Attempt(tmp_path)
    (tmp_path / "folder").mkdir()

    def busy(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(attempts.shutil, "rmtree", busy)
    attempt.drop(tmp_path / "folder")
    attempt.drop(tmp_path / "never-there")
    assert not (tmp_path / "folder").exists()


def test_what_an_earlier_attempt_had_made_ready_is_gone(tmp_path: Path) -> None:
    first = Attempt(tmp_path)
    (first.prepare("step-1")).mkdir()
    (first.prepare("step-1") / "x").touch()
    first.prepare("file").touch()
    second = Attempt(tmp_path)
    assert list(second.prepare("x").parent.iterdir()) == []
    assert first.superseded


def test_a_claim_is_made_out_of_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def write(path: Path, value: Any) -> None:
        names.append(path.parent.name)
        write_json(path, value)

    monkeypatch.setattr(attempts, "write_json", write)
    Attempt(tmp_path)
    assert [name[:7] for name in names] == [".claim-"]


def test_records_are_on_the_disk_before_their_lengths_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = Attempt(tmp_path)
    attempt.take_records({"a.jsonl": 0, "b.jsonl": 0})
    attempt.append("b.jsonl", {"x": 1})
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    assert attempt.record_lengths() == {"a.jsonl": 0, "b.jsonl": 8}
    assert synced == [(tmp_path / name).stat().st_ino for name in ("a.jsonl", "b.jsonl")]


def test_an_attempt_says_where_and_when_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "processor", lambda: "a CPU")
    monkeypatch.setattr(worker, "instructions", lambda: "x86 AVX2")
    for devices in ("3,4", None):
        if devices is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
        found = worker._whereabouts()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found.pop("started"))
        assert found == {
            "host": platform.node(), "process": os.getpid(), "system": platform.platform(),
            "processor": "a CPU", "instructions": "x86 AVX2", "devices": devices,
        }  # fmt: skip


def test_a_reason_is_of_one_length() -> None:
    assert worker._reason(RunError("x" * 600)) == "x" * 500
    assert worker._reason(ValueError("y " * 600)) == f"ValueError: {'y ' * 250}"
