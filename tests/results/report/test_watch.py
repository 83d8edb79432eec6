"""Watching needs no clock here: what a pause would wait for happens in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from srpo_bench.results.report import watch, write_report
from srpo_bench.results.report.figures import plots
from srpo_bench.results.store import ResultsError
from tests.results import synthetic


@pytest.fixture(autouse=True)
def one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "srpo_bench.results.report.figures.write.FIGURES", {"accuracy": plots.accuracy}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "c", seeds=1, steps=20, every=5, target=10, samples=0)


class Pauses:
    """Runs one event a pause; fails a watcher that goes on when nothing more will come."""

    def __init__(self, *events: Callable[[], None]) -> None:
        self.events, self.pages = list(events), list[str]()
        self.folder = Path()

    def __call__(self, seconds: float) -> None:
        assert seconds == 5
        self.pages.append((self.folder / "report" / "index.html").read_text())
        assert self.events, "the watcher did not end"
        self.events.pop(0)()


def test_it_follows_the_runs_and_ends_with_them(folder: Path) -> None:
    grpo, srpo = folder / "grpo" / "seed-1", folder / "srpo" / "seed-1"
    whole = {run: (run / "evals.jsonl").read_text() for run in (grpo, srpo)}
    synthetic.cut(grpo, 0, "waiting")
    synthetic.cut(srpo, 0, "waiting")

    def go_on(run: Path, state: str, evaluations: int) -> None:
        lines = whole[run].splitlines(keepends=True)[:evaluations]
        (run / "evals.jsonl").write_text("".join(lines))
        synthetic.change(run, "status.json", state=state)

    pauses = Pauses(
        lambda: go_on(grpo, "running", 1),
        lambda: go_on(grpo, "running", 3),
        lambda: go_on(srpo, "failed", 0),
        lambda: go_on(grpo, "done", 5),
    )
    pauses.folder = folder
    said: list[str] = []
    summary = watch.watch(folder, 5, said.append, pauses)
    ending = "; an arm is judged when its runs and the baseline's have ended"
    assert said == [
        f"0 of 2 runs done, 2 waiting{ending}",
        f"0 of 2 runs done, 1 running, 1 waiting{ending}",
        f"0 of 2 runs done, 1 failed, 1 running{ending}",
        "1 of 2 runs done, 1 failed",
    ]
    assert summary["failed"][0]["run"] == "srpo/seed-1"
    assert all('data-reload="5"' in page for page in pauses.pages)
    assert len(set(pauses.pages)) == 4
    final = (folder / "report" / "index.html").read_bytes()
    assert b"data-reload" not in final
    write_report(folder)
    assert (folder / "report" / "index.html").read_bytes() == final


def test_nothing_is_written_where_nothing_has_changed(folder: Path) -> None:
    run = folder / "grpo" / "seed-1"
    synthetic.cut(run, 2, "running")
    page = folder / "report" / "index.html"
    written: list[int] = []

    def look() -> None:
        written.append(page.stat().st_ino)

    def end() -> None:
        look()
        synthetic.change(run, "status.json", state="failed", reason="out of memory")

    pauses = Pauses(look, look, end)
    pauses.folder = folder
    watch.watch(folder, 5, wait=pauses)
    assert len(set(written)) == 1
    assert page.stat().st_ino != written[0]


def test_a_finished_comparison_is_written_once(folder: Path) -> None:
    summary = watch.watch(folder, 5, wait=Pauses())
    assert summary["progress"] == {"done": 2}


def test_where_there_is_no_comparison_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no comparison"):
        watch.watch(tmp_path, 5, wait=Pauses())


def test_how_far_it_is_is_told_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(["running", "running", "done"])
    told: list[str] = []
    stamps = iter([{"a": 1}, {"a": 2}, {"a": 2}, {"a": 3}])
    written: list[object] = []

    def write(*given: object) -> dict[str, dict[str, int]]:
        written.append(given)
        return {"progress": {next(states): 1}}

    monkeypatch.setattr(watch, "_stamp", lambda _: next(stamps))
    monkeypatch.setattr(watch, "write_report", write)
    pauses: list[float] = []
    found = watch.watch(tmp_path, 5, told.append, pauses.append, True, (0.5,), (tmp_path,))
    assert found == {"progress": {"done": 1}}
    assert len(told) == len(set(told)) == 2
    assert pauses == [5, 5, 5]
    assert written == [(tmp_path, True, (tmp_path,), 5, (0.5,))] * 3


def test_a_plan_that_changes_is_seen(folder: Path) -> None:
    before = watch._stamp(folder)
    synthetic.change(folder, "comparison.json", note="one more seed")
    assert watch._stamp(folder) != before
