"""What cannot be read or compared is a sentence; what is only torn is counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results import outcomes, runs
from srpo_bench.results.importers import shelf, tracked, verl, wandb_chart
from srpo_bench.results.importers.record import Notes, Record
from srpo_bench.results.importers.sources import run_of
from srpo_bench.results.judgement import headroom
from srpo_bench.results.judgement.claims import load
from srpo_bench.results.judgement.finding import Finding
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.judgement.rules import Ruling
from srpo_bench.results.outcomes import Outcomes, Side
from srpo_bench.results.statistics.steps import Gain
from srpo_bench.results.store import ResultsError
from tests.results import synthetic
from tests.results.made import comparison, run


def refused(call: Callable[..., Any], *given: Any) -> str:
    with pytest.raises(ResultsError) as told:
        call(*given)
    return str(told.value)


def asked(*problems: str, seeds: tuple[int, ...] = (1,), k: int = 1) -> Outcomes:
    correct = np.ones((len(seeds), len(problems)), dtype=np.int64)
    return Outcomes(problems, k, seeds, correct)


def side(label: str, phase: str = "final", **tasks: Outcomes) -> Side:
    return Side(label, {phase: tasks})


def test_two_sides_need_a_phase_a_task_a_problem_and_a_seed() -> None:
    ours = side("A", t=asked("p", "q"))
    assert refused(outcomes.compare, ours, side("B", "evaluation", t=asked("p"))).startswith(
        "The two were scored in different ways (A has final and B has evaluation scores): score"
    )
    assert refused(outcomes.compare, ours, side("B", u=asked("p"))) == (
        "A was scored on t, B on u: no task is in both."
    )
    assert refused(outcomes.compare, ours, side("B", t=asked("r"))) == (
        "The two have no problem of t in common."
    )
    arms = [side(n, t=asked("p", seeds=s)) for n, s in (("A", (1, 2)), ("B", (3, 4)))]
    assert refused(outcomes.compare, *arms) == (
        "The two arms have no seed in common, so there are no pairs."
    )


def test_two_sides_are_compared_on_the_problems_and_seeds_of_both() -> None:
    """Ours knows p, q of seeds 1, 2, 3; theirs r, q of 3, 1: q of 1 and 3 is what both have."""
    ours = replace(asked("p", "q", seeds=(1, 2, 3)), correct=np.array([[9, 1], [9, 0], [9, 1]]))
    theirs = replace(asked("r", "q", seeds=(3, 1)), correct=np.array([[9, 0], [9, 1]]))
    phase, (test,) = outcomes.compare(side("A", t=ours), side("B", t=theirs))
    assert (phase, test.task, test.seeds, test.k) == ("final", "t", 2, (1, 1))
    assert test.result.ours == 1
    assert test.result.theirs == 0.5
    assert test.result.difference.n == 1
    both = Side("A", {"final": {"t": ours}, "evaluation": {"t": ours}})
    assert outcomes.compare(both, both)[0] == "final"


def test_a_comparison_without_a_run_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text('{"schema": 1, "arms": []}')
    assert refused(runs.read, tmp_path).startswith(f"{tmp_path} holds no runs yet; wait for")
    assert refused(runs.read, tmp_path / "none").endswith("it has no comparison.json.")


def test_much_is_read_by_several_processes_to_the_same_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool that is none: it is asked for where the records are large and no torch is loaded."""
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=20, samples=0)
    pools: list[int] = []

    class Pool:
        def __init__(self, **_: Any) -> None:
            pools.append(1)

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def map(self, call: Any, folders: Any, chunksize: int) -> Any:
            assert chunksize == 8
            return map(call, folders)

    monkeypatch.setattr(runs, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(runs.sys, "modules", {})
    size = sum(p.stat().st_size for name in ("evals", "steps", "timing")
               for p in folder.rglob(f"{name}.jsonl"))  # fmt: skip
    for large, times in ((size + 1, 0), (size, 1)):
        monkeypatch.setattr(runs, "LARGE", large)
        assert len(runs.read(folder).runs) == 4
        assert len(pools) == times
    monkeypatch.setattr(runs.sys, "modules", {"torch": 1})
    runs.read(folder)
    assert len(pools) == 1


def test_a_torn_row_of_a_chart_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text('"Step","a-s1 - eval/acc"\n"0","0.5"\n"1"')
    notes = Notes()
    read = wandb_chart.read(path, lambda name: run_of(name, {}), (), 1.0, notes)
    assert [(r.step, r.accuracy) for r in read] == [(0, 0.5)]
    assert notes.skipped == {"torn last line (no line end)": 1}
    path.write_text('"Step","a-s1 - eval/acc"\n"0"\n"1","0.5"\n')
    again = wandb_chart.read(path, lambda name: run_of(name, {}), (), 1.0, Notes())
    assert refused(list, again).endswith("line 2: 1 columns, and the header has 2.")


def test_a_disk_that_is_full_is_told_while_sorting() -> None:
    class Full:
        def execute(self, statement: str, *_: Any) -> Any:
            if statement.startswith("INSERT"):
                raise sqlite3.OperationalError("database or disk is full")
            return self

        def fetchone(self) -> None:
            return None

    made = shelf.Shelf()
    made._base = Full()  # type: ignore[assignment]
    assert refused(made.add, Record("a", 1, 1, 0.5, 1)) == (
        "No room to sort what was read (database or disk is full); name a larger folder by TMPDIR."
    )


def test_steps_that_are_none_are_told_with_their_row(tmp_path: Path) -> None:
    found = tracked.trainer(tracked.TrackedRun("r", {}, [{"_step": 1}, {"_step": -1}]))
    assert refused(list, found.rows(Path("p"), Notes())) == (
        "p, r, row 2: step must not be negative, got -1."
    )
    path = tmp_path / "v.jsonl"
    path.write_text('{"step": -1, "data": {}}\n')
    told = refused(list, verl.TRAINER.rows(path, Notes()))
    assert told.endswith("line 1: step must not be negative, got -1.")


def test_a_budget_is_known_where_it_was_not_passed() -> None:
    def facts(budget: Any, *steps: int) -> dict[str, Any]:
        notes = Notes()
        rows = [{"train/global_step": s, "x": 1} for s in steps]
        made = tracked.trainer(tracked.TrackedRun("r", {"max_steps": budget}, rows))
        for row in made.rows(Path("p"), notes):
            assert row.values == {"x": 1}
        return notes.facts

    assert facts(8, 3, 8, 5) == {"steps": 8, "last_step": 8}
    assert facts(7, 8) == facts(8) == facts(8, 0) == facts(-1, 3) == facts("8", 3) == {}


def test_damaged_steps_are_told_where_prompts_are_counted(tmp_path: Path) -> None:
    (tmp_path / "steps.jsonl").write_text("{broken\n{}\n")
    bad = replace(run("grpo"), folder=tmp_path)
    assert "steps.jsonl, line 1" in refused(headroom.counts, bad)
    (tmp_path / "steps.jsonl").write_text('{"step": 1}\n{"by_prompt": [{"prompt": "a"}]}\n')
    assert headroom.counts(bad) == [[], [{"prompt": "a"}]]
    (tmp_path / "steps.jsonl").write_text('{"step": 1}\n')
    assert headroom.counts(bad) == []


def test_what_is_vouched_for_says_what_is_not_proved() -> None:
    ratio, scores = (next(c for c in load() if c.id == i) for i in ("steps-90", "humaneval-92.4"))
    found = Finding(Ruling("refuted", "why"))
    judge = Judge(comparison(run("grpo"), run("srpo")), "srpo", "grpo", vouched=True)
    proof = Matched({"lr": [1, 2]}, [], 9)
    told = judge._vouched_for(ratio, found, proof)
    assert told.verdict == "refuted"
    assert told.reason == (
        "why; known to differ: lr; vouched for, not proved: that the runs are matched but for "
        "that, and that an epoch, whose length is unknown, left headroom"
    )
    judge.comparison.plan["imported"] = {"kind": "not known to be held-out"}  # type: ignore[index]
    assert (
        "; its accuracy is not known to be held-out; vouched"
        in judge._vouched_for(scores, found, proof).reason
    )
    del judge.comparison.plan["imported"]  # type: ignore[attr-defined]
    assert judge._vouched_for(scores, found, Matched({}, ["x"], 9)).reason == (
        "why; vouched for, not proved: that the runs are matched"
    )
    assert judge._vouched_for(ratio, found, Matched({}, [], 9)) == found.ruling
    none = Finding(Ruling("no-verdict", "why"))
    assert judge._vouched_for(ratio, none, proof) == none.ruling


def test_a_pair_is_blocked_by_the_first_thing_that_is_lacking() -> None:
    gained = Gain(0.2, 0.8, np.full(4, 0.6))
    contrast = SimpleNamespace(n=8, target=0.7, baseline_share=1.0, steps=None, baseline_steps=9.0)

    def blocked(state: str = "done", **found: Any) -> str:
        here = comparison(run("grpo", state=state), run("srpo"), run("x", state="running"))
        judge = Judge(here, "srpo", "grpo")
        fed = SimpleNamespace(lacking="")
        told = {
            "matched": Matched({}, [], 9),
            "contrast": contrast,
            "gain": gained,
            "starving": fed,
        }
        judge.__dict__.update(told | found)
        return judge.blocked

    starves = SimpleNamespace(lacking="it starves")
    assert blocked() == ""
    assert blocked(starving=starves) == "it starves"
    few = SimpleNamespace(**vars(contrast) | {"n": 7})
    assert blocked(contrast=few, starving=starves).startswith("7 complete seed pairs")
    low = SimpleNamespace(**vars(contrast) | {"target": 0.1})
    assert blocked(contrast=low, starving=starves).startswith("the target of 10.0 % is not above")
    assert blocked("running", contrast=few) == "1 of 2 runs is not finished (grpo/seed-1)"
    assert blocked(matched=Matched({"lr": [1, 2]}, [], 9)).startswith("the runs are not matched")
