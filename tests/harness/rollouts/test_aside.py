"""Grading beside sampling: in turn, in one thread, and its failures are heard."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from srpo_bench.harness.rollouts import aside as module
from srpo_bench.harness.rollouts.aside import Aside, aside
from srpo_bench.tasks.base import Grade, Outcome, TaskError


def test_jobs_are_done_in_turn_and_in_one_thread_that_stays() -> None:
    done: list[int] = []

    def job(number: int) -> int:
        done.append(number)
        return threading.get_ident()

    threads = {future.result() for future in [aside(lambda n=n: job(n)) for n in range(20)]}  # type: ignore[misc]
    threads.add(aside(threading.get_ident).result())
    assert done == list(range(20))
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_what_a_job_raises_is_raised_where_its_result_is_asked_for() -> None:
    def fail() -> None:
        raise SystemExit(3)

    failed, next_one = aside(fail), aside(lambda: 7)
    with pytest.raises(SystemExit):
        failed.result()
    assert next_one.result() == 7


def test_the_thread_does_not_keep_a_process_alive() -> None:
    module._Thread().begin(lambda: None).result()  # of its own: the process's may be there already
    threads = [one for one in threading.enumerate() if one.name == "grading"]
    assert threads
    assert all(thread.daemon for thread in threads)


def graded(row: int) -> Grade:
    return Grade(Outcome.CORRECT, answer=str(row))


def test_responses_are_judged_in_lots_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOT", 3)
    lots: list[tuple[list[int], list[str]]] = []

    def judge(rows: list[int], texts: list[str]) -> list[Grade]:
        lots.append((rows, texts))
        return [graded(row) for row in rows]

    begun = Aside(judge)
    begun.take({})
    begun.take({7: "g", 2: "b"})
    aside(lambda: None).result()
    assert lots == []
    begun.take({5: "e", 0: "@"})
    aside(lambda: None).result()
    assert lots == [([0, 2, 5, 7], ["@", "b", "e", "g"])]
    begun.take({9: "i"})
    begun.finish({row: chr(64 + row) for row in (0, 2, 4, 5, 6, 7, 9)})
    assert begun.grades() == {row: graded(row) for row in (0, 2, 5, 7, 4, 6, 9)}
    assert lots[1:] == [([4, 6, 9], ["D", "F", "I"])]
    begun.finish({0: "@"})
    assert len(lots) == 2


def test_what_judging_a_lot_raises_is_raised_where_its_grades_are_asked_for() -> None:
    def judge(rows: list[int], texts: list[str]) -> list[Grade]:
        raise TaskError("no sandbox")

    begun = Aside(judge)
    begun.finish({1: "x"})
    with pytest.raises(TaskError, match="no sandbox"):
        begun.grades()


def test_whoever_waits_for_grades_lends_its_core(monkeypatch: pytest.MonkeyPatch) -> None:
    lent: list[str] = []
    judging = threading.Event()

    @contextmanager
    def waiting() -> Iterator[None]:
        lent.append("lent")
        judging.set()
        yield
        lent.append("back")

    monkeypatch.setattr(module, "waiting_for_verdicts", waiting)

    def judge(rows: list[int], texts: list[str]) -> list[Grade]:
        judging.wait(10)
        lent.append("judged")
        return [graded(row) for row in rows]

    begun = Aside(judge)
    begun.finish({1: "x"})
    assert lent == []
    begun.grades()
    assert lent == ["lent", "judged", "back"]


def test_a_lot_is_begun_as_soon_as_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOT", 2)
    lots: list[list[int]] = []
    begun = Aside(lambda rows, texts: lots.append(rows) or [])  # type: ignore[func-returns-value]
    begun.take({1: "a", 2: "b"})
    aside(lambda: None).result()
    assert lots == [[1, 2]]
