"""What a comparison will cost, by the runs of it that are done."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors import price
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.results.schema import PHASES
from srpo_bench.results.store import append_line, write_json

ARMS = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]


def comparison(folder: Path, monkeypatch: pytest.MonkeyPatch) -> PlannedComparison:
    """Four runs, two of them done: one of 2 steps of 1 s a phase, one of twice that."""
    there = PlannedComparison(folder, Config(seeds=(1, 2)), ARMS, folder, parameters=10)
    for slow, run in enumerate(there.runs, 1):
        run.folder.mkdir(parents=True)
        write_json(run.folder / "status.json", {"state": "done" if slow < 3 else "running"})
        Attempt(run.folder, {"host": "node", "memory": 4096 * slow}).close()
        for step in (0, 1, 2):
            line: dict[str, Any] = {"step": step, **dict.fromkeys(PHASES, float(slow))}
            append_line(run.folder / "timing.jsonl", line)
        for step in (1, 2):
            ledger = {"tokens_generated": 100 * slow}
            append_line(run.folder / "steps.jsonl", {"step": step, "ledger": ledger})
    write_json(folder / "comparison.json", {})
    monkeypatch.setattr(price, "read_planned", lambda _: there)
    return there


def test_what_is_left_costs_what_those_did_that_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = comparison(tmp_path, monkeypatch)
    found = price.by_finished(tmp_path, Config(seeds=(1, 2, 3)), ARMS)
    assert found is not None
    assert found.by == f"by 2 that are done in {tmp_path}"
    assert found.runs == 4
    assert found.seconds == 3 * len(PHASES) * (1 + 2) / 2
    assert found.tokens == 4 * 2 * 100 * (1 + 2) / 2
    written = sum(
        p.stat().st_size for r in there.runs[:2] for p in r.folder.rglob("*") if p.is_file()
    )
    assert found.disk == 4 * written / 2
    assert (found.memory, found.has, found.final) == (10 * 20, 4096 * 2, True)
    assert found.hours == 4 * found.seconds / 3600


def test_one_run_that_is_done_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(
        comparison(tmp_path, monkeypatch).runs[1].folder / "status.json", {"state": "failed"}
    )
    found = price.by_finished(tmp_path, Config(seeds=(1, 2)), ARMS)
    assert found is not None
    assert found.by == f"by 1 that is done in {tmp_path}"
    assert (found.runs, found.seconds, found.has) == (3, 3 * len(PHASES), 4096)


def test_a_run_that_came_back_from_a_mirror_has_no_attempts_and_a_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in comparison(tmp_path, monkeypatch).runs:
        shutil.rmtree(run.folder / "attempts")
    found = price.by_finished(tmp_path, Config(seeds=(1, 2)), ARMS)
    assert found is not None
    assert (found.runs, found.has) == (2, None)


def test_where_nothing_is_done_there_is_nothing_to_reckon_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert price.by_finished(tmp_path / "none", Config(), ARMS) is None
    for run in comparison(tmp_path, monkeypatch).runs:
        write_json(run.folder / "status.json", {"state": "waiting"})
    assert price.by_finished(tmp_path, Config(), ARMS) is None


def test_a_probe_is_two_steps_without_sinks_and_without_the_final_scoring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a comparison that has both: sinks would show the probe, and the last line of its timing
    would be the final scoring's."""
    config = Config.model_validate(
        {
            "steps": 29,
            "seeds": [3, 4],
            "sinks": ["tensorboard"],
            "final": {"tasks": ["micro-math"]},
            "evaluation": {"every": 10, "early_every": 1, "early_until": 1},
            "keep_checkpoints": 2,
            "checkpoint_every": 20,
        }
    )
    asked: list[Any] = []

    def plan(folder: Path, short: Config, arms: list[Arm]) -> PlannedComparison:
        asked.append((short, arms))
        planned = PlannedComparison(folder, short, arms, folder, parameters=10)
        for run in planned.runs:
            run.folder.mkdir(parents=True)
        return planned

    def run_all(planned: PlannedComparison, on: Any, *, kept: bool) -> None:
        """What happens before the first step, that step, and the next, which alone is priced.
        The second arm takes three times as long, and asks for four times as many tokens."""
        asked.append((on, kept))
        for run, last, tokens in zip(planned.runs, (0.5, 1.5), (9, 36), strict=True):
            write_json(run.folder / "status.json", {"state": "done"})
            for step, phase, evaluation in ((0, 9.0, 0.75), (1, 7.0, 0.0), (2, last, 0.5)):
                line = dict.fromkeys(PHASES, phase) | {"step": step, "evaluation": evaluation}
                append_line(run.folder / "timing.jsonl", line)
            ledger = {"tokens_generated": tokens}
            append_line(run.folder / "steps.jsonl", {"step": 2, "ledger": ledger})
            written.append(sum(path.stat().st_size for path in run.folder.glob("*.jsonl")))

    written: list[int] = []
    closed: list[str] = []
    executor: Any = SimpleNamespace(close=lambda: closed.append("executor"))
    monkeypatch.setattr(price, "run_all", run_all)
    found = price.probe(config, ARMS, tmp_path, plan, lambda _: executor)
    (short, arms), ran = asked
    assert (short.steps, short.seeds, short.sinks, short.final.tasks) == (2, (3,), (), ())
    assert short.checkpoint_every == 3  # none but at the end
    assert (arms, ran) == (ARMS, (executor, False))
    assert found.by == "by two steps of each arm"
    assert found.runs == 4
    # evaluated at steps 0, 1, 10, 20 and 29, which took 0.75 and 0.5 s
    assert found.seconds == 29 * (0.5 + 1.5) / 2 * (len(PHASES) - 1) + 5 * 0.625
    assert found.tokens == 2 * 29 * (9 + 36)
    assert found.disk == 4 * 2 * 3 * 4 * 10 + 2 * sum(written) * 29 / 2
    assert found.memory == 10 * 20
    assert not found.final
    assert closed == ["executor"]
    assert list(tmp_path.iterdir()) == []


def test_a_probe_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(folder: Path, short: Config, arms: list[Arm]) -> PlannedComparison:
        planned = PlannedComparison(folder, short, arms, folder)
        planned.runs[0].folder.mkdir(parents=True)
        status = {"state": "failed", "reason": "No memory."}
        write_json(planned.runs[0].folder / "status.json", status)
        return planned

    executor: Any = SimpleNamespace(close=lambda: None)
    monkeypatch.setattr(price, "run_all", lambda *_, kept: None)
    with pytest.raises(UserError, match=r"^The probe failed: No memory\.$"):
        price.probe(Config(seeds=(1, 2)), ARMS, tmp_path, plan, lambda _: executor)
    assert list(tmp_path.iterdir()) == []
