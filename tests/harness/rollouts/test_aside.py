"""Grading beside sampling: in turn, in one thread, and its failures are heard."""

import threading

import pytest

from srpo_bench.harness.rollouts.aside import aside


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
    aside(lambda: None).result()
    (thread,) = [one for one in threading.enumerate() if one.name == "grading"]
    assert thread.daemon
