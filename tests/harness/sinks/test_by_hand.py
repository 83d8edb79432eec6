"""What each sink tells its library, on libraries that only listen."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.sinks import fan_out
from srpo_bench.harness.sinks.base import Place
from srpo_bench.harness.sinks.fan_out import Sinks
from srpo_bench.harness.sinks.tensorboard import FLUSH, TensorBoard
from srpo_bench.harness.sinks.trackio import Trackio
from srpo_bench.harness.sinks.wandb import WandB
from srpo_bench.results.store import append_line


class Listener:
    """Remembers every call."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers = answers

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            self.calls.append((name, *given, named) if named else (name, *given))
            return self.answers.get(name)

        return call


@pytest.fixture
def place(tmp_path: Path) -> Place:
    run = tmp_path / "c" / "grpo" / "seed-1"
    run.mkdir(parents=True)
    return Place(run)


def test_tensorboard_begins_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    writer = Listener()

    def open_writer(folder: Path, flush_secs: int) -> Listener:
        made.append((folder.exists(), folder, flush_secs))
        return writer

    library = SimpleNamespace(SummaryWriter=open_writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", library)
    TensorBoard(place)  # where there was none before
    folder = place.folder("tensorboard")
    folder.mkdir(parents=True)
    sink = TensorBoard(place)
    assert made == [(False, folder, FLUSH)] * 2
    sink.log(3, {"a": 1.0, "b": 2.0})
    sink.close()
    assert writer.calls == [("add_scalar", "a", 1.0, 3), ("add_scalar", "b", 2.0, 3), ("close",)]


def test_trackio_removes_its_earlier_run_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []
    runs = [SimpleNamespace(name=n, delete=lambda n=n: deleted.append(n))
            for n in ("grpo/seed-2", "grpo/seed-1")]  # fmt: skip
    run = Listener()
    library = Listener(Api=Listener(runs=runs), init=run)
    monkeypatch.setitem(sys.modules, "trackio", library)
    sink = Trackio(place)
    assert deleted == ["grpo/seed-1"]
    assert library.answers["Api"].calls == [("runs", place.project)]
    assert library.calls[-1] == (
        "init", {"project": place.project, "name": "grpo/seed-1", "group": "grpo", "embed": False,
                 "auto_log_gpu": False, "auto_log_cpu": False},
    )  # fmt: skip
    sink.log(3, {"a": 1.0})
    sink.close()
    assert run.calls == [("log", {"a": 1.0}, {"step": 3}), ("finish",)]


@pytest.mark.parametrize("project", [None, "mine"])
def test_wandb_goes_on_under_the_same_id(
    place: Place, monkeypatch: pytest.MonkeyPatch, project: str | None
) -> None:
    run = Listener()
    run.step = 4
    library = Listener(init=run, Settings="settings")
    monkeypatch.setitem(sys.modules, "wandb", library)
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    if project:
        monkeypatch.setenv("WANDB_PROJECT", project)
    folder = place.folder("wandb")
    WandB(place)  # where there was none before
    folder.mkdir()
    (folder / "old").touch()
    sink = WandB(place)
    assert not folder.exists()
    assert folder.parent.is_dir()
    assert library.calls[-2:] == [
        ("Settings", {"console": "off", "silent": True, "disable_git": True}),
        ("init", {"project": project or "srpo-bench", "group": "c", "job_type": "grpo",
                  "name": "grpo/seed-1", "id": place.id, "resume": "allow", "dir": folder.parent,
                  "settings": "settings"}),
    ]  # fmt: skip
    for step in (3, 4, 5):
        sink.log(step, {"a": 1.0})
    sink.close()
    assert run.calls == [("log", {"a": 1.0}, {"step": s}) for s in (4, 5)] + [("finish",)]
    assert library.calls[-1] == ("teardown",)


@pytest.mark.parametrize(
    ("name", "kind"), [("tensorboard", TensorBoard), ("wandb", WandB), ("trackio", Trackio)]
)
def test_sinks_by_name(name: str, kind: type) -> None:
    assert fan_out._kind(name) is kind


def test_a_run_that_goes_on_tells_what_it_keeps_in_the_order_of_its_steps(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (1, 2):
        append_line(place.run / "steps.jsonl", {"step": step, "loss": 0.5, "who": "x"})
    for step in (0, 2):
        append_line(place.run / "evals.jsonl", {"step": step, "spent": {"tokens": step}})
    sink = Listener()
    asked: list[Place] = []
    monkeypatch.setattr(fan_out, "_kind", lambda _: lambda place: asked.append(place) or sink)
    with Sinks(["wandb"], place.run) as sinks:
        sinks.log("timing", {"step": 9, "other": 1.0})
        sinks.log("steps", {"step": 3, "loss": 1})
    assert asked == [Place(place.run.resolve())]
    assert sink.calls == [
        ("log", 0, {"eval/spent.tokens": 0.0}), ("log", 1, {"train/loss": 0.5}),
        ("log", 2, {"train/loss": 0.5}), ("log", 2, {"eval/spent.tokens": 2.0}),
        ("log", 3, {"train/loss": 1.0}), ("close",),
    ]  # fmt: skip


def test_without_a_sink_no_record_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "_kept", lambda _: pytest.fail("it read its records"))
    with Sinks([], place.run) as sinks:
        sinks.log("steps", {"step": 1})
