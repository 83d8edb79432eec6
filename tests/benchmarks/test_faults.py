"""What the faults' table calls a difference, and which process is what."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.faults import __main__ as faults
from benchmarks.faults.comparison import differing
from benchmarks.faults.processes import tree
from benchmarks.faults.table import Row

RIGHT = {"grpo/seed-1/steps.jsonl": b"1\n2\n", "grpo/seed-1/evals.jsonl": b"1\n"}


@pytest.mark.parametrize(
    ("found", "differences"),
    [
        (RIGHT, 0),
        (RIGHT | {"grpo/seed-1/steps.jsonl": b"1\n3\n"}, 1),
        (RIGHT | {"grpo/seed-1/steps.jsonl": b"1\n2\n2\n"}, 1),
        (RIGHT | {"grpo/seed-2/steps.jsonl": b"1\n"}, 1),
        ({"grpo/seed-1/evals.jsonl": b"1\n"}, 1),
        ({}, 2),
    ],
)
def test_every_byte_of_every_record_counts(found: dict[str, bytes], differences: int) -> None:
    assert differing(RIGHT, found) == differences


@pytest.mark.parametrize(("differences", "code"), [(0, 0), (2, 1)])
def test_a_difference_fails_the_command(
    differences: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row("SIGKILL: worker", 9, differences), Row("disk full", 1, 0, "1 x no room")]
    monkeypatch.setattr(faults, "_rows", lambda *_: iter(rows))
    monkeypatch.setattr(sys, "argv", ["faults", "worker", "disk"])
    with pytest.raises(SystemExit) as end:
        faults.main()
    assert end.value.code == code
    assert capsys.readouterr().out.splitlines()[2:] == [
        f"| SIGKILL: worker | 9 | {differences} |  |",
        "| disk full | 1 | 0 | 1 x no room |",
    ]


def test_a_part_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["faults", "workers"])
    with pytest.raises(SystemExit) as end:
        faults.main()
    assert end.value.code == 2
    assert "no such part: workers" in capsys.readouterr().err


SERVER = """
import multiprocessing, sys, time
if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    workers = [context.Process(target=time.sleep, args=(60,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    print(*(worker.pid for worker in workers), flush=True)
    sys.stdin.read()
    for worker in workers:
        worker.kill()
"""


def test_processes_are_told_apart() -> None:
    words = [sys.executable, "-c", SERVER]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as root:
        assert root.stdout
        workers = [int(word) for word in root.stdout.readline().split()]
        found = tree(root.pid)
        root.communicate()
    assert found["command"] == [root.pid]
    assert sorted(found["worker"]) == sorted(workers)
    assert len(found["forkserver"]) == 1
    assert len(found["other"]) == 1  # multiprocessing's resource tracker
