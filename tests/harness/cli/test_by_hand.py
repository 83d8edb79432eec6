"""Every option of a command reaches what it stands for, and what a command says of a machine."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import typer

from srpo_bench.harness.cli import (
    STOPPED,
    app,
    bases,
    doctor,
    evaluate,
    flags,
    mirroring,
    options,
    reading,
    settings,
    training,
)
from srpo_bench.harness.config import Arm
from srpo_bench.harness.errors import RunError, UserError
from srpo_bench.harness.growing.recipe import Recipe
from srpo_bench.tasks.base import TaskError
from tests.bounds import described
from tests.harness.cli.screen import consoles


def kept(found: list[Any]) -> Callable[..., Any]:
    """Stands for the work itself: keeps what it is given."""

    def keep(*given: Any, **named: Any) -> Any:
        found.append((given, named))

    return keep


def test_flags_become_settings_where_they_are_given() -> None:
    assert flags.nested() == flags.nested(tasks=None, steps=None) == {}
    assert flags.nested(
        tasks="a,b", eval_tasks="c", final_tasks="d", model="m", data_dir=Path("p"), seeds="2,5-6",
        target=[0.8, 0.7, 0.8], steps=0, limit=1, k=2, temperature=0.0, top_p=0.5,
        max_new_tokens=3, style="chat", shots=4, engine="vllm", batch=5, threads=6, device="cpu",
        dtype="bfloat16",
    ) == {
        "data": {"tasks": ["a", "b"], "data_dir": "p", "style": "chat", "shots": 4},
        "evaluation": {"tasks": ["c"]},
        "final": {"tasks": ["d"], "problems": 1, "k": 2, "temperature": 0.0, "top_p": 0.5,
                  "max_new_tokens": 3},
        "model": {"path": "m", "device": "cpu", "dtype": "bfloat16"},
        "seeds": (2, 5, 6),
        "targets": [0.8, 0.7],
        "steps": 0,
        "rollout": {"engine": "vllm", "rows_at_once": 5},
        "threads": 6,
    }  # fmt: skip


def test_arms_by_name_by_the_ladder_or_not_at_all() -> None:
    assert flags.arm_names(None, False) == ["grpo", "srpo"]
    assert flags.arm_names(" a , b", False) == ["a", "b"]
    assert flags.arm_names(["a", 1], False) == ["a", "1"]
    assert flags.arm_names(None, True)[0] == "grpo"
    for wrong, ladder in (("a,,b", False), ("a", True), (["a", " "], False)):
        with pytest.raises(UserError):
            flags.arm_names(wrong, ladder)


EVERY = {
    "limit": 1, "k": 2, "temperature": 0.5, "top_p": 0.25, "max_new_tokens": 3, "style": "chat",
    "shots": 4, "batch": 5, "threads": 6, "device": "cpu", "dtype": "float32", "engine": "torch",
}  # fmt: skip


def test_every_option_of_eval_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr("srpo_bench.harness.cli.scores.score_and_show", kept(found))
    evaluate.eval_(
        model="m", tasks="gsm8k,math", seed=9, backend="lm-eval", out=Path("o"), as_json=True,
        data_dir=Path("d"), **EVERY,
    )  # fmt: skip
    ((given, _),) = found
    wanted = flags.nested(model="m", final_tasks="gsm8k,math", data_dir=Path("d"), **EVERY)
    assert given == (wanted, 9, "lm-eval", Path("o"), True)


def test_what_eval_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr("srpo_bench.harness.cli.paired.show_paired", kept(found))
    a, b = Path("a"), Path("b")
    for given in (
        {"model": "m"}, {"tasks": "t"}, {"records": [a]}, {"records": [a], "paired": True},
        {"records": [a, b], "paired": True, "model": "m"},
        {"records": [a, b], "paired": True, "tasks": "t"}, {"paired": True},
        {"records": [a, b, a], "paired": True},
    ):  # fmt: skip
        with pytest.raises(UserError):
            evaluate.eval_(**given)  # type: ignore[arg-type]
    assert found == []
    evaluate.eval_(records=[a, b], paired=True, as_json=True)
    assert found == [((a, b, True), {})]


def test_every_option_of_base_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: list[Any] = []
    monkeypatch.setattr(bases, "_grow", kept(found))
    monkeypatch.setattr(bases, "_micro", kept(found))
    monkeypatch.setattr("srpo_bench.harness.models.resolve.digest", lambda _: "d")
    rest = {
        "data_dir": Path("p"), "examples": 7, "passes": 2, "batch": 3, "lr": 0.5, "threads": 4,
        "device": "cpu", "seed": 5, "date": "2026-01-02",
    }  # fmt: skip
    bases.base(tmp_path / "o", model="m", tasks="a, b,", held_out="c", **rest)  # type: ignore[arg-type]
    names = {"model": "m", "tasks": ("a", "b"), "held_out": ("c",)}
    assert found == [((tmp_path / "o",), names | rest)]
    bases.base(tmp_path / "o", seed=3)
    assert found[1] == ((tmp_path / "o", 3), {})
    for more in ({"tasks": "a"}, {"held_out": "a"}, {"examples": 1}):
        with pytest.raises(UserError, match="a recipe of its own"):
            bases.base(tmp_path / "o", **more)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="exists; name a folder"):
        bases.base(tmp_path)


def test_growing_asks_for_tasks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Name the tasks whose worked solutions"):
        bases._grow(tmp_path / "o", model="m", tasks=())


def test_a_base_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[Any] = []

    class Meter:
        def __init__(self, words: str) -> None:
            told.append(words)

        def __enter__(self) -> Meter:
            return self

        def __exit__(self, *_: Any) -> None: ...

        def show(self, *words: Any) -> None:
            told.append(words)

    def grow(recipe: Recipe, out: Path, progress: Any) -> None:
        progress(3, 12, 0.51239)
        (out / "cold_start.json").write_text('{"seen": [], "left_out": {}, "loss_unseen": []}')

    monkeypatch.setattr("srpo_bench.harness.cli.meter.Meter", Meter)
    monkeypatch.setattr(
        "srpo_bench.harness.models.micro.train_base", lambda out, seed, progress: progress(seed, 9)
    )
    bases._micro(tmp_path, 4)
    assert told == ["training the micro base", ("training the micro base", 4, 9)]
    told.clear()
    monkeypatch.setattr("srpo_bench.harness.growing.cold_start.grow", grow)
    monkeypatch.setattr("srpo_bench.harness.environment.settle", lambda _: None)
    bases._grow(tmp_path, model="m", tasks=("t",))
    assert told == [
        "reading the model and the solutions", ("learning", 3, 12, "0.512 nats a token")
    ]  # fmt: skip


def test_what_a_recipe_takes() -> None:
    assert described(Recipe) == {
        "examples": "None in [1, )",
        "passes": "1 in [1, )",
        "batch": "8 in [1, )",
        "lr": "5e-05 in (0, )",
        "seed": "0 in [0, )",
        "threads": "1 in [1, )",
        "checked": "64 in [0, )",
    }
    optim = Recipe(model="m", tasks=("a",), lr=0.5).optim(59)
    assert (optim.lr, optim.schedule, optim.warmup_updates) == (0.5, "linear", 2)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a command that trains would plan, price, fetch, copy and run."""
    found: list[Any] = []

    def named(name: str) -> Callable[..., Any]:
        return lambda *given: found.append((name, given)) or name  # type: ignore[func-returns-value]

    for name in ("print_price", "plan_comparison", "run_and_report", "reopen_comparison"):
        monkeypatch.setattr(training, name, named(name))
    for name in ("fetch", "keep_copy"):
        monkeypatch.setattr(f"srpo_bench.harness.cli.mirroring.{name}", named(name))
    monkeypatch.setattr("srpo_bench.harness.cli.promises.keep_promises", named("keep_promises"))
    return found


def test_every_option_of_compare_is_heard(asked: list[Any]) -> None:
    training.compare(
        algos="grpo,again=grpo", tasks="micro-gsm8k", eval_tasks="micro-math",
        final_tasks="micro-humaneval", model="m", data_dir=Path("d"), seeds="2", steps=7,
        target=[0.5], engine="vllm", preset="smoke", set_=["again.beta=0.5", "threads=2"],
        out=Path("o"), workers=3, executor="ray", ray_address="r", dry_run=True,
    )  # fmt: skip
    ((name, (folder, settings, arms, options)),) = asked
    assert (name, folder) == ("print_price", Path("o"))
    assert (settings.steps, settings.seeds, settings.targets) == (7, (1, 2), (0.5,))
    assert (settings.data.tasks, settings.evaluation.tasks) == (("micro-gsm8k",), ("micro-math",))
    assert (settings.final.tasks, settings.model.path) == (("micro-humaneval",), "m")
    assert (settings.data.data_dir, settings.rollout.engine) == (Path("d"), "vllm")
    assert settings.threads == 2
    assert [(arm.name, arm.algorithm) for arm in arms] == [("grpo", "grpo"), ("again", "grpo")]
    assert arms[1].settings["beta"] == 0.5
    assert (options.name, options.workers, options.ray_address) == ("ray", 3, "r")
    with pytest.raises(UserError, match="--slurm-template go with --executor slurm"):
        training.compare(dry_run=True, slurm=["--a=b"])
    with pytest.raises(UserError, match="--slurm-template go with --executor slurm"):
        training.compare(dry_run=True, slurm_template=Path("t"))


def test_compare_tries_fetches_plans_copies_and_runs(asked: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("preset: smoke\nalgos: [grpo]\nsteps: 3\n")
    training.compare(config=file, seed=4, mirror="m", unchecked=True, steps=5)
    names = [name for name, _ in asked]
    assert names == ["keep_promises", "fetch", "plan_comparison", "keep_copy", "run_and_report"]
    tried, fetched, planned, copied, ran = (given for _, given in asked)
    folder = Path("runs/grpo-smoke")
    assert (tried[0], tried[3], fetched, copied) == (folder, True, (folder, "m"), (folder, "m"))
    assert (planned[0], planned[1].seeds, planned[1].steps) == (folder, (4,), 5)
    assert planned[3:] == (None, ran[1], "keep_promises")
    assert ran == ("plan_comparison", planned[4])
    with pytest.raises(UserError, match="leave one out"):
        training.compare(seed=1, seeds="2")


def test_a_reward_of_a_file_weighs_one_unless_it_is_set(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = "srpo_bench.harness.plugins.typed.reward"
    monkeypatch.setattr(named, lambda text: text.rpartition(":")[2])
    training.compare(dry_run=True, reward=["m.py:near", "m.py:far"], set_=["reward.far=0.5"])
    assert asked[0][1][1].reward.named == {"near": 1.0, "far": 0.5}


def test_presets_titles_and_arms_that_nobody_names(asked: list[Any]) -> None:
    training.compare(dry_run=True)
    training.compare(dry_run=True, model="m", algos="grpo", set_=["rollout.max_new_tokens=8"])
    training.compare(dry_run=True, ladder=True, preset="smoke")
    folders = [given[0].name for _, given in asked]
    assert folders == ["grpo-srpo-micro", "grpo-real", "ladder-smoke"]
    assert asked[0][1][3].name == "local"


def test_resume_opens_again_what_was_fetched(asked: list[Any], tmp_path: Path) -> None:
    template = tmp_path / "t"
    template.write_text("")
    training.resume(Path("c"), workers=2, executor="slurm", slurm=["--a=b"], mirror="m",
                    plugin=[Path("p")], slurm_template=template)  # fmt: skip
    assert [name for name, _ in asked] == [
        "fetch", "reopen_comparison", "keep_copy", "run_and_report",
    ]  # fmt: skip
    options = asked[1][1][1]
    assert asked[0][1] == asked[2][1] == (Path("c"), "m")
    assert asked[1][1] == (Path("c"), options, [Path("p")])
    assert asked[3][1] == ("reopen_comparison", options)
    assert (options.name, options.workers, options.slurm) == ("slurm", 2, ("--a=b",))
    assert options.slurm_template == template
    training.resume(Path("c"), executor="ray", ray_address="r")
    assert asked[5][1][1].ray_address == "r"


def test_every_option_of_tune_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found: list[Any] = []
    trained: list[Any] = []

    def searched(*given: Any) -> dict[str, Any]:
        found.append(given)
        given[4]("a comparison", "grpo with lr=1")
        one = {"algorithm": "grpo", "values": {"optim.lr": 0.1, "grpo.beta": 0}, "mean": 0.5}
        return {"candidates": [one | {"chosen": True}, one | {"mean": None, "chosen": False}]}

    monkeypatch.setattr("srpo_bench.harness.tuning.search.tune", searched)
    monkeypatch.setattr(training, "train_pending", lambda *given: trained.append(given))
    training.tune(
        algo=["srpo,grpo"], param=["optim.lr=0.1,0.2"], out=Path("o"), seeds="7-8",
        tasks="micro-math", model="m", data_dir=Path("d"), steps=9, preset="smoke",
        set_=["threads=2"], workers=3,
    )  # fmt: skip
    ((out, values, candidates, _, _),) = found
    assert (out, len(candidates)) == (Path("o"), 4)
    assert (values["seeds"], values["steps"], values["threads"]) == ((7, 8), 9, 2)
    assert (values["data"]["tasks"], values["data"]["data_dir"]) == (["micro-math"], "d")
    assert values["model"]["path"] == "m"
    ((comparison, options, how),) = trained
    assert (comparison, options.workers, how) == ("a comparison", 3, "the same command")
    assert capsys.readouterr().out.splitlines() == [
        "grpo with lr=1",
        "grpo with optim.lr=0.1, grpo.beta=0: 50.0 %  <- chosen",
        "grpo with optim.lr=0.1, grpo.beta=0: a run failed",
        "Use it with: bench compare --tuned o",
    ]
    training.tune(algo=["grpo"], param=["optim.lr=0.1"], out=Path("o"))
    assert found[1][1]["seeds"] == (101, 102, 103, 104)
    assert found[1][1]["evaluation"]["tasks"]
    training.tune(algo=["grpo"], param=["optim.lr=0.1"], out=Path("o"), tasks="micro-math")
    assert "tasks" not in found[2][1]["evaluation"]
    training.tune(algo=["grpo"], param=["optim.lr=0.1"], out=Path("o"), model="m")
    assert found[3][1]["data"]["tasks"] == ["gsm8k"]


def test_wrong_usage_in_one_line_or_the_help() -> None:
    def said(message: str, context: Any = None) -> str:
        error: Any = SimpleNamespace(format_message=lambda: message)
        if context:
            error.ctx = context
        return app._usage(error)

    here = SimpleNamespace(command_path="bench compare")
    assert said("No such option.", here) == "bench: No such option. See bench compare --help."
    assert said("Did you mean 'a'?", here) == "bench: Did you mean 'a'? See bench compare --help."
    assert said("No such option.") == "No such option."
    assert said("Usage: bench\n\nCommands", here) == "Usage: bench\n\nCommands"
    assert said("\n one line \n", here).startswith("bench: ")


# doctor


def test_a_machine_in_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine()
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("python")


def test_arithmetic_is_two_operations_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five products a type, the fastest counts; bfloat16 twice as fast here."""
    ticks = [1.0, 0.5, 0.1, 0.3, 0.2] + [0.05] * 5
    times = itertools.chain.from_iterable((float(i), i + tick) for i, tick in enumerate(ticks))
    monkeypatch.setattr(doctor, "perf_counter", lambda: next(times))
    threads = torch.get_num_threads()
    found = doctor._arithmetic()
    assert found.value == "9 GFLOP/s float32, 18 bfloat16, a core"  # 2 · 768³ in 0.1 s
    assert found.do == "for large models model.dtype=bfloat16 is the faster"
    assert torch.get_num_threads() == threads
    times = itertools.chain.from_iterable((float(i), i + 0.5) for i in range(10))
    assert doctor._arithmetic().do.endswith("model.dtype=float32 is the faster")
    times = itertools.cycle([0.0, 2**-20])
    value = "949978 GFLOP/s float32, 949978 bfloat16, a core"  # 2 · 768³ · 2²⁰ / 10⁹
    assert doctor._arithmetic().value == value


def test_products_are_made_by_one_thread_and_the_first_of_a_type_is_not_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from srpo_bench.harness.models import product

    made: list[Any] = []
    monkeypatch.setattr(doctor, "perf_counter", itertools.count().__next__)
    monkeypatch.setattr(product, "linear", lambda a, b: made.append((a.dtype, *a.shape)))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setattr(torch, "set_num_threads", made.append)
    doctor._arithmetic()
    types = [[(kind, 768, 768)] * 6 for kind in (torch.float32, torch.bfloat16)]
    assert made == [1, *types[0], *types[1], 7]


def test_without_torch_its_rows_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.util, "find_spec", lambda _: None)
    assert doctor._arithmetic().value == "unknown without torch"
    assert doctor._accelerators() == []
    assert {f.value for f in doctor._extras()} == {"not installed"}
    assert all(f.do.startswith("pip install 'srpo-bench[") for f in doctor._extras())
    monkeypatch.setattr(doctor.util, "find_spec", lambda _: 1)
    assert {(f.value, f.do) for f in doctor._extras()} == {("installed", "")}


def test_isolation_and_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "srpo_bench.tasks.sandbox.isolation"
    monkeypatch.setattr(where, lambda: SimpleNamespace(mode="none", why="nothing works"))
    found = doctor._isolation()
    assert found.value == "none: nothing works"
    assert found.do == "tasks that run code are left out: install bubblewrap"
    monkeypatch.setattr(where, lambda: SimpleNamespace(mode="bubblewrap", why="tried"))
    assert doctor._isolation().do == ""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.delenv("HF_DATASETS_OFFLINE", raising=False)
        assert doctor._hub().do == ""
        monkeypatch.setenv(name, "1")
        assert doctor._hub().value == f"off ({name}=1)"
        assert doctor._hub().do == "benchmarks need --data-dir or a cache"


@pytest.mark.parametrize(
    ("load", "disk", "stops", "slow"),
    [(1.0, 5.0, False, False), (1.1, 5.0, False, True), (0.0, 0.01, True, False)],
)
def test_load_and_disk(
    monkeypatch: pytest.MonkeyPatch, load: float, disk: float, stops: bool, slow: bool
) -> None:
    monkeypatch.setattr(doctor, "cores", lambda: 2)
    monkeypatch.setattr(doctor.os, "getloadavg", lambda: (load, 0.0, 0.0))
    usage = SimpleNamespace(free=disk * 2**30)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(doctor, "_free_gib", lambda: 0.0)
    monkeypatch.setattr(doctor, "_arithmetic", lambda: doctor.Row("arithmetic", ""))
    cores, memory, room, _ = doctor._machine()
    assert cores.value == f"2, load {load:.1f}"
    assert cores.do == ("other work slows the runs" if slow else "")
    assert (memory.value, memory.stops, memory.do) == ("unknown", False, "")
    assert room.stops is stops
    assert bool(room.do) is stops


def test_just_enough_memory_and_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there exactly is enough, and yet worth a word."""
    monkeypatch.setattr(doctor, "cores", lambda: 2)
    usage = SimpleNamespace(free=doctor.DISK_GIB * 2**30)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(doctor, "_free_gib", lambda: 2 * doctor.RUN_GIB)
    monkeypatch.setattr(doctor, "_arithmetic", lambda: doctor.Row("arithmetic", ""))
    _, memory, room, _ = doctor._machine()
    assert (memory.stops, room.stops) == (False, False)
    assert memory.do.endswith("--workers 2")
    assert room.do.startswith("the default comparison writes")


def test_typer_leaves_the_exit_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(app, "app", lambda **how: asked.append(how) or 5)
    with pytest.raises(SystemExit) as exit_:
        app.main()
    assert exit_.value.code == 5
    assert asked == [{"prog_name": "bench", "standalone_mode": False}]


def test_the_command_is_told_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/bench", "compare", "--out", "a b"])
    assert options.command_line() == "bench compare --out 'a b'"


def test_what_is_said_may_be_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr("builtins.print", lambda *words, **how: told.append((words, how)))
    reading._say("one")
    assert told == [(("one",), {"flush": True})]


def test_a_command_line_exits_with_two_where_the_user_erred(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def left(error: BaseException) -> tuple[int, str]:
        def fails(**_: Any) -> None:
            raise error

        monkeypatch.setattr(app, "app", fails)
        with pytest.raises(SystemExit) as exit_:
            app.main()
        return exit_.value.code, capsys.readouterr().err  # type: ignore[return-value]

    assert left(UserError("no")) == (2, "bench: no\n")
    assert left(RunError("a fault")) == (1, "bench: a fault\n")
    assert left(TaskError("a task's")) == (1, "bench: a task's\n")
    assert left(typer.Abort()) == (130, f"{STOPPED}\n")
    assert left(OSError(28, "No space left", "f")) == (2, "bench: Cannot write f: No space left.\n")
    assert left(OSError(28, "No space left")) == (2, "bench: Cannot write: No space left.\n")
    less = "fewer responses at a time take less (bench eval --batch; rollout.rows_at_once).\n"
    assert left(MemoryError("x. GPU 0 has")) == (1, f"bench: The memory was full (x): {less}")
    with pytest.raises(OSError, match="odd"):
        left(OSError(5, "odd"))
    with pytest.raises(ValueError, match="not foreseen"):
        left(ValueError("not foreseen"))


def test_an_arm_is_named() -> None:
    assert Arm(name="a", algorithm="grpo").name == "a"


def test_a_grown_base_is_told_in_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    card = {"seen": ["a"] * 1500, "left_out": {"b": "x"}, "loss_unseen": [[0, 1.5], [9, 0.105]]}
    told: list[Any] = []

    def grow(recipe: Recipe, out: Path, progress: Any) -> None:
        told.append(recipe)
        progress(1, 2, 0.5)
        out.mkdir()
        (out / "cold_start.json").write_text(json.dumps(card))

    monkeypatch.setattr("srpo_bench.harness.growing.cold_start.grow", grow)
    monkeypatch.setattr("srpo_bench.harness.environment.settle", lambda _: None)
    bases._grow(tmp_path / "a", model="m", tasks=("t",), batch=3)
    assert (told[0].tasks, told[0].batch) == (("t",), 3)
    assert capsys.readouterr().out.split("\n")[-3:-1] == [
        "1,500 problems seen; 1 left out",
        "loss on unseen ones: 1.500 before, 0.105 after",
    ]
    card["loss_unseen"] = []
    bases._grow(tmp_path / "b", model="m", tasks=("t",))
    assert capsys.readouterr().out.strip() == "1,500 problems seen; 1 left out"


def test_every_option_of_import_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr("srpo_bench.harness.cli.importing.import_and_show", kept(found))
    monkeypatch.setattr(reading, "command_line", lambda: "bench import …")
    one = {"arm": "a", "seed": 3, "scale": 0.01, "skip_empty": True, "on_repeat": "last",
           "unit": "update", "updates_per_step": 4, "baseline": "b", "vouched": True}  # fmt: skip
    reading.import_(["f"], "csv", Path("o"), map_=["x=y"], metric=["m"], run=["a/1=n"],
                    updates_of=["a=2"], **one)  # type: ignore[arg-type]  # fmt: skip
    reading.import_(["f", "g"], "trl", Path("o"))
    files = {"format": "csv", "files": ["f"], "out": Path("o"), "command": "bench import …"}
    assert found[0] == ((), files | one | {"mapped": ["x=y"], "metrics": ["m"], "runs": ["a/1=n"],
                                          "updates_of": ["a=2"]})  # fmt: skip
    bare = {"arm": None, "seed": None, "scale": 1.0, "skip_empty": False, "on_repeat": None,
            "unit": None, "updates_per_step": None, "baseline": None, "vouched": False}  # fmt: skip
    told = {"format": "trl", "files": ["f", "g"], "out": Path("o"), "command": "bench import …"}
    assert found[1] == ((), told | bare | {"mapped": (), "metrics": (), "runs": (),
                                          "updates_of": ()})  # fmt: skip


def test_every_option_of_verify_and_power_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    for reached in (True, False):

        def shown(*given: Any, reached: bool = reached) -> bool:
            found.append(given)
            return reached

        monkeypatch.setattr("srpo_bench.harness.cli.verdicts.show_verdicts", shown)
        with pytest.raises(typer.Exit) as left:
            reading.verify(Path("c"), ["i"], Path("f"), "b", "a", True, [0.5], True)
        assert left.value.exit_code == (0 if reached else 3)
    assert found[0] == (Path("c"), ["i"], Path("f"), "b", "a", True, True, [0.5])
    asked: list[Any] = []
    monkeypatch.setattr("srpo_bench.harness.cli.power.print_power", kept(asked))
    reading.power(Path("c"), ["i"], Path("f"), False, True)
    reading.power(Path("c"), vouched=True)
    assert asked == [
        ((Path("c"), ["i"], Path("f"), True, False), {}),
        ((Path("c"), (), None, False, True), {}),
    ]


def test_while_a_plan_is_made_the_result_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = consoles(monkeypatch)
    with options.planning():
        assert made == [{"stderr": True}]


def test_a_report_is_told_by_its_first_headlines(capsys: pytest.CaptureFixture[str]) -> None:
    def told(count: int) -> list[str]:
        headline = {"title": "[T]", "sentence": "S."}
        reading.say_report(Path("c"), {"headlines": [headline] * count})
        return capsys.readouterr().out.splitlines()

    most = reading.MOST_HEADLINES
    page = f"Report: {Path('c/report/index.html').resolve().as_uri()}"
    assert told(most) == [*["[T]. S."] * most, page]
    assert told(most + 1) == [*["[T]. S."] * most, "1 more challengers are in the report.", page]
    assert told(most + 2)[-2] == "2 more challengers are in the report."
    reading.say_report(Path("c[1]"), {"headlines": [{"title": "S", "sentence": "S is so."}]})
    assert capsys.readouterr().out.splitlines()[0] == "S is so."


def test_a_long_value_stays_on_its_line() -> None:
    assert settings._plain([["a b"] * 200]).count("\n") == 0
    assert settings._plain({"x": [1, "b"]}) == "{x: [1, b]}"


def test_a_preset_by_the_model(asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("model: {path: m}\nrollout: {max_new_tokens: 8}\n")
    training.compare(dry_run=True, algos="grpo", config=tmp_path / "m.yaml")
    training.compare(dry_run=True, algos="grpo")
    training.compare(dry_run=True, algos="grpo", set_=["model.path=m", "rollout.max_new_tokens=8"])
    training.compare(dry_run=True, algos="grpo", set_=["model.device=cuda"])
    training.compare(dry_run=True, algos="grpo", model="micro")
    names = ["grpo-real", "grpo-micro", "grpo-real", "grpo-micro", "grpo-micro"]
    assert [given[0].name for _, given in asked] == names
    (tmp_path / "p.yaml").write_text("preset: real\n")
    training.compare(dry_run=True, algos="grpo", config=tmp_path / "p.yaml", preset="smoke")
    assert asked[-1][1][0].name == "grpo-smoke"


def test_who_trains_on_other_tasks_than_the_presets_is_scored_on_them(
    asked: list[Any], tmp_path: Path
) -> None:
    """The preset's own would say nothing of what was trained."""
    micro = ("micro-gsm8k", "micro-math", "micro-humaneval")
    file = tmp_path / "f.yaml"
    file.write_text("data: {tasks: [micro-math]}\n")
    both = tmp_path / "both.yaml"
    both.write_text("data: {tasks: [micro-math]}\nevaluation: {tasks: [micro-gsm8k]}\n")
    for given, scored in (
        ({}, micro),
        ({"tasks": "micro-math"}, ("micro-math",)),
        ({"set_": ["data.tasks=[micro-math]"]}, ("micro-math",)),
        ({"config": file}, ("micro-math",)),
        ({"config": both}, ("micro-gsm8k",)),
        ({"config": both, "tasks": "micro-humaneval"}, ("micro-humaneval",)),
        ({"eval_tasks": "micro-math", "set_": ["data.tasks=[micro-gsm8k]"]}, ("micro-math",)),
        ({"tasks": "micro-math", "eval_tasks": "micro-gsm8k"}, ("micro-gsm8k",)),
        ({"eval_tasks": "micro-math"}, ("micro-math",)),
    ):
        training.compare(dry_run=True, algos="grpo", **given)  # type: ignore[arg-type]
        assert asked[-1][1][1].evaluation_tasks == scored


def test_a_copy_that_was_brought_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for held in (True, False):
        mirror = SimpleNamespace(pull_plan=lambda folder, held=held: held)
        monkeypatch.setattr(mirroring, "Mirror", lambda address, mirror=mirror: mirror)
        mirroring.fetch(tmp_path, "a")
        said = f"{tmp_path} was brought back from a.\n" if held else ""
        assert capsys.readouterr().out == said
