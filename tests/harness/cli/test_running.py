"""What ``compare``, ``resume`` and ``tune`` say around the runs themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from srpo_bench.harness.cli import running, training
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors import price, room
from srpo_bench.harness.executors import run as executing
from srpo_bench.harness.executors.choose import Options
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.results import report as writing
from srpo_bench.results.store import write_json
from tests.harness.cli.screen import printed

NOTED = SimpleNamespace(notes=["Each response runs on."])


def planned(folder: Path, seeds: list[int], **settings: Any) -> PlannedComparison:
    config = Config.model_validate({"steps": 10, "seeds": seeds, **settings})
    arms = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]
    return PlannedComparison(folder, config, arms, folder)


@pytest.mark.parametrize(
    ("seeds", "words"),
    [([3], "seed 3"), ([1, 2, 3], "seeds 1-3"), ([1, 3], "2 seeds"), ([2, 1], "2 seeds")],
)
def test_the_opening_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: list[int], words: str
) -> None:
    monkeypatch.setattr(room, "checkpoint_bytes", lambda base: 1.5e9)
    one = planned(tmp_path, seeds, keep_checkpoints=2, checkpoint_every=5)
    runs = 2 * len(seeds)
    assert running.opening(one, 3) == (
        f"{runs} runs of 10 steps: grpo, srpo, {words}, {min(runs, 3)} side by side; checkpoints "
        f"of about {3000 * runs:,} MB in {tmp_path}"
    )
    one.arms.pop()
    assert running.opening(one, 3).startswith(f"{runs // 2} run{'s' * (runs > 2)} of 10 steps: ")
    one = planned(tmp_path, seeds, data={"pool_size": 1200})
    assert f"{runs} runs of 10 steps on 1,200 prompts each: grpo" in running.opening(one, 3)


def test_runs_that_failed_are_named_and_the_exit_code_is_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, trained = planned(tmp_path, [1, 2]), []
    monkeypatch.setattr(running, "train_pending", lambda *words: trained.append(words))
    monkeypatch.setattr(writing, "write_report", lambda folder: {"headlines": []})
    for run in one.runs:
        run.folder.mkdir(parents=True)
        write_json(run.folder / "status.json", {"state": "done"})
    running.run_and_report(one, Options())
    assert trained == [(one, Options(), f"bench resume {tmp_path}")]
    by_name = {f"{run.arm.name}/seed-{run.seed}": run.folder for run in one.runs}
    write_json(by_name["srpo/seed-1"] / "status.json", {"state": "failed"})
    write_json(by_name["grpo/seed-2"] / "status.json", {"state": "stopped"})
    with pytest.raises(typer.Exit) as exit_:
        running.run_and_report(one, Options())
    assert exit_.value.exit_code == 1
    said = capsys.readouterr()
    assert said.err == (
        "1 of 4 runs failed: srpo/seed-1.\n"
        f"1 of 4 runs were stopped: grpo/seed-2. Go on with: bench resume {tmp_path}\n"
    )
    assert said.out.count("Report: file:") == 2
    write_json(by_name["srpo/seed-1"] / "status.json", {"state": "done"})
    with pytest.raises(typer.Exit) as exit_:
        running.run_and_report(one, Options())
    assert exit_.value.exit_code == 130


def test_an_interruption_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(room, "checkpoint_bytes", lambda base: 0)
    closed: list[bool] = []
    executor = SimpleNamespace(side_by_side=1, close=lambda: closed.append(True))
    monkeypatch.setattr(running, "make_executor", lambda *_: executor)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(executing, "run_all", stop)
    noted = replace(planned(tmp_path, [1]), notes=NOTED.notes)
    with pytest.raises(typer.Exit) as exit_:
        running.train_pending(noted, Options(), "this again")
    assert exit_.value.exit_code == 130
    said = printed(capsys)
    assert said[1] == "Note: Each response runs on."
    assert said[-1] == "Stopped; nothing is lost. Go on with: this again"
    assert closed == [True]


@pytest.mark.parametrize(
    ("side_by_side", "left"), [(2, "1 h 15 min"), (3, "1 h 15 min"), (9, "38 min")]
)
def test_the_price(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    side_by_side: int,
    left: str,
) -> None:
    asked: list[Any] = []
    found = price.Price("by two steps of grpo", 4, 2250.0, 1.5e6, 2e6, 3 * 2**30, 16 * 2**30)

    def probe(*words: Any) -> price.Price:
        asked.append(words[:3])
        return found

    monkeypatch.setattr(price, "probe", probe)
    executor = SimpleNamespace(side_by_side=side_by_side, close=lambda: None)
    monkeypatch.setattr(running, "make_executor", lambda *_: executor)
    config = Config.model_validate({"steps": 10, "seeds": [1, 2]})
    arms = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]
    out = tmp_path / "out"
    planned: list[Any] = []

    def plan(*words: Any, dry: bool) -> Any:
        planned.append(words[:3])
        return NOTED

    monkeypatch.setattr(running, "plan_comparison", plan)
    running.print_price(out, config, arms, Options())
    assert planned == [(out, config, arms)]  # all of it is checked, not what is probed alone
    assert printed(capsys) == [
        "runs     4: grpo, srpo, seeds 1-2, 10 steps",
        "one run  about 38 min, by two steps of grpo",
        f"all      2.5 device hours; about {left} with {min(side_by_side, 4)} side by side",
        "tokens   1.5 million generated in training, at today's lengths",
        f"disk     2 MB in {out}",
        "memory   3 GiB a run for weights and optimiser, of 16 GiB there; activations come on top",
        "Note: Each response runs on.",
        "Nothing was written.",
    ]
    assert asked == [(config, arms, None)]
    assert list(tmp_path.iterdir()) == []


def test_a_probe_is_announced_and_one_run_is_beside_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = price.Price("by two steps of grpo", 1, 60.0, 1e6, 1e9, 2**30, None)
    executor = SimpleNamespace(side_by_side=1, close=lambda: None)
    monkeypatch.setattr(price, "probe", lambda *_: found)
    monkeypatch.setattr(running, "make_executor", lambda *_: executor)
    monkeypatch.setattr(running, "plan_comparison", lambda *_, dry: NOTED)
    running.print_price(tmp_path / "out", Config(), [Arm(name="a", algorithm="grpo")], Options())
    said = capsys.readouterr()
    assert said.err.startswith(f"{price.PROBE_STEPS} steps and two evaluations of a are run to see")
    assert "with 1 side by side" in said.out


def test_a_price_says_what_is_left_and_what_does_not_fit() -> None:
    config = Config.model_validate({"steps": 10, "seeds": [1, 2]})
    arms = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]
    found = price.Price("by 1 that is done", 3, 60.0, 1e6, 1e6, 3 * 2**30, 2 * 2**30)
    said = list(running.price_lines(Path("out"), config, arms, found, 1))
    assert said[0] == "runs     3 of 4: grpo, srpo, seeds 1-2, 10 steps"
    assert "That does not fit: a run will end for want of memory." in said
    full = replace(found, disk=1e18)
    disk, short = list(running.price_lines(Path("out"), config, arms, full, 1))[4:6]
    assert disk == "disk     1,000,000,000,000 MB in out"
    assert re.fullmatch(r"That does not fit: [\d,]+ MB are free there\.", short)
    just = replace(found, has=found.memory)
    assert len(list(running.price_lines(Path("out"), config, arms, just, 1))) == 6
    unknown = replace(found, has=None)
    said = list(running.price_lines(Path("out"), config, arms, unknown, 1))
    assert said[5].startswith("memory   3 GiB a run for weights and optimiser; ")
    assert len(said) == 6
    large = replace(found, seconds=4e6, tokens=2.5e9, memory=104 * 2**30)
    told = " ".join(running.price_lines(Path("out"), config, arms, large, 1))
    for amount in ("3333 device hours", "2500 million generated", "104 GiB a run"):
        assert amount in told  # was 3.3e+03, 2.5e+03 and 1e+02
    final = Config.model_validate({**config.model_dump(), "final": {"tasks": ["micro-math"]}})
    for whole in (True, False):
        last = list(running.price_lines(Path("o"), final, arms, replace(unknown, final=whole), 1))
        assert (last[6:] == []) == whole
    assert last[6:] == ["The final scoring is not in it."]
    nothing = list(running.price_lines(Path("o"), final, arms, replace(unknown, runs=0), 1))
    assert nothing[1:] == ["all      done in o; the command writes the report anew"]


def test_what_a_tuning_found(capsys: pytest.CaptureFixture[str]) -> None:
    candidates = [
        {"algorithm": "grpo", "values": {"lr": 1, "beta": 0}, "mean": 0.5123, "chosen": True},
        {"algorithm": "srpo", "values": {"lr": 2}, "mean": None, "chosen": False},
    ]
    training._say_tuned({"candidates": candidates}, Path("out"))
    assert printed(capsys) == [
        "grpo with lr=1, beta=0: 51.2 %  <- chosen",
        "srpo with lr=2: a run failed",
        "Use it with: bench compare --tuned out",
    ]
    training._say_tuned({"candidates": []}, Path("my out"))
    assert printed(capsys) == ["Use it with: bench compare --tuned 'my out'"]


@pytest.mark.parametrize("word", ["plan", "reopen"])
def test_plans_are_made_where_the_runs_will_be(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    from srpo_bench.harness.executors import base, elsewhere
    from srpo_bench.harness.planning import plan, reading
    from srpo_bench.harness.plugins import trust

    said: list[Any] = []
    trusted: list[Any] = []
    monkeypatch.setattr(plan, "plan", lambda *words, dry: ("here", *words))
    monkeypatch.setattr(plan, "reopen", lambda *words: ("here", *words))
    monkeypatch.setattr(reading, "read_planned", lambda folder: SimpleNamespace(plugins=["mine"]))
    monkeypatch.setattr(trust, "require", lambda *words: trusted.append(words))
    monkeypatch.setattr(base, "need_before_planning", lambda config: "need")
    monkeypatch.setattr(base, "need_of", lambda planned: "need")
    place = SimpleNamespace(close=lambda: said.append("closed"))

    def make(folder: Path, need: str, options: Options) -> Any:
        said.append((folder, need, options))
        return place

    monkeypatch.setattr(running, "make_executor", make)
    monkeypatch.setattr(running, "command_line", lambda: "bench")
    monkeypatch.setattr(elsewhere, "plan_there", lambda *words, dry: ("there", *words))
    monkeypatch.setattr(elsewhere, "reopen_there", lambda *words: ("there", *words))
    folder, config, arms = Path("out"), Config(), [Arm(name="a", algorithm="grpo")]

    def ask(options: Options) -> Any:
        if word == "plan":
            return running.plan_comparison(folder, config, arms, None, options)
        return running.reopen_comparison(folder, options)

    rest = (config, arms, "bench", None, ()) if word == "plan" else ()
    assert ask(Options()) == ("here", folder, *rest)
    assert not said
    ray = Options("ray")
    assert ask(ray) == ("there", place, folder, *rest)
    assert said == [(folder, "need", ray), "closed"]
    assert trusted == ([] if word == "plan" else [(["mine"], folder, ())] * 2)


def test_a_price_of_a_comparison_that_is_there_is_refused_where_the_plan_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And of Slurm, the batch file is written beside it."""
    asked: list[Any] = []
    found = price.Price("by 1 that is done", 2, 60.0, 1e6, 1e9, 2**30, None)
    executor = SimpleNamespace(
        side_by_side=1,
        close=lambda: asked.append("closed"),
        write_batch=lambda runs, where: (len(runs), where.name),
    )

    def plan(*words: Any, dry: bool) -> Any:
        asked.append((*words, dry))
        return NOTED

    monkeypatch.setattr(running, "plan_comparison", plan)
    monkeypatch.setattr(running, "make_executor", lambda *_: executor)
    monkeypatch.setattr(price, "by_finished", lambda *_: found)
    config = Config.model_validate({"steps": 10, "seeds": [1, 2]})
    arms = [Arm(name="grpo", algorithm="grpo")]
    slurm = Options("slurm")
    (tmp_path / "out").mkdir()
    running.print_price(tmp_path / "out", config, arms, slurm)
    assert asked.pop() == "closed"
    said = printed(capsys)[-1]
    assert said == "Slurm would be given (2, 'out-dry-run'); nothing else was written."
    (tmp_path / "out" / "comparison.json").touch()
    (tmp_path / "file").touch()
    for name in ("out", "file"):
        asked.clear()
        running.print_price(tmp_path / name, config, arms, slurm)
        assert asked == [(tmp_path / name, config, arms, None, slurm, True), "closed"]


def test_a_probe_lies_beside_the_comparison(tmp_path: Path) -> None:
    for _ in range(2):
        assert running._shared(tmp_path / "a" / "b" / "c") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"Cannot write to .*file: "):
        running._shared(tmp_path / "file" / "c")
