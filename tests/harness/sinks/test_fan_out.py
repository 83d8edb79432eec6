"""Sinks get what the records hold, once, and can do a run no harm."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.harness.sinks import fan_out as choose
from srpo_bench.harness.sinks.base import Place
from srpo_bench.results.store import read_json, read_lines
from tests.harness.running import test_loop

SMALL: dict[str, Any] = {**test_loop.SMALL, "checkpoint_every": 2}
RECORDS = ("steps.jsonl", "evals.jsonl", "samples.jsonl")

Points = dict[str, list[tuple[int, float]]]


def make(folder: Path, *sinks: str) -> Trainer:
    config = Config.model_validate(layers.merge(SMALL, {"sinks": list(sinks)}))
    folder.mkdir(parents=True, exist_ok=True)
    arm = Arm(name="srpo", algorithm="srpo")
    return Trainer(folder, config, arm, 1, resolve(config.model), load_problems(config))


def records(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RECORDS}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without sinks."""
    folder = tmp_path_factory.mktemp("plain") / "srpo" / "seed-1"
    assert make(folder).train()
    return folder


def points(folder: Path) -> Points:
    """The numbers of steps.jsonl and evals.jsonl, by the name a sink knows them under."""
    found: Points = {}
    for record, prefix in (("steps", "train"), ("evals", "eval")):
        for line in read_lines(folder / f"{record}.jsonl"):
            step = line.pop("step")
            for name, value in layers.flat(line).items():
                if isinstance(value, int | float):  # outcomes by problem are no curve
                    found.setdefault(f"{prefix}/{name}", []).append((step, float(value)))
    return found


def tensorboard_points(folder: Path) -> Points:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "sinks" / "tensorboard"), {"scalars": 0})
    events.Reload()
    return {
        tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def wandb_points(folder: Path) -> Points:
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

    (path,) = (folder / "sinks" / "wandb").glob("offline-run-*/run-*.wandb")
    found: Points = {}
    for data in log_records(path.read_bytes()):
        history = Record.FromString(data).history.item
        row = {i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in history}
        for name in (n for n in row if not n.startswith("_")):
            found.setdefault(name, []).append((row["_step"], row[name]))
    return found


def log_records(data: bytes) -> Iterator[bytes]:
    """Records of a LevelDB log with wandb's 7 bytes before it: blocks of 32 KiB, and before each
    piece its checksum (4 bytes), length (2) and kind: whole 1, first 2, middle 3, last 4."""
    at, record = 7, b""
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + 7])
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield record
            record = b""


def trackio_points(folder: Path) -> Points:
    from trackio.sqlite_storage import SQLiteStorage

    place, found = Place(folder.resolve()), Points()
    for row in SQLiteStorage.get_logs(place.project, place.name):
        for name in (n for n in row if "/" in n):
            found.setdefault(name, []).append((row["step"], row[name]))
    return found


def single(value: float) -> float:
    """As float32 has it: TensorBoard's scalars."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


READ: Mapping[str, Callable[[Path], Points]] = {
    "tensorboard": tensorboard_points,
    "wandb": wandb_points,
    "trackio": trackio_points,
}


@pytest.mark.integration
@pytest.mark.parametrize("sink", READ)
def test_a_disturbed_run_has_every_point_once_and_the_same_records(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sink: str
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # before it is first imported
    folder = tmp_path / "c" / "srpo" / "seed-1"
    after = iter("123")

    def power_cut() -> bool:
        if next(after) == "3":  # one step after the checkpoint
            raise OSError("the power is gone")
        return False

    with pytest.raises(OSError, match="power"):
        make(folder, sink).train(power_cut)
    assert points(folder).keys() == READ[sink](folder).keys()
    assert make(folder, sink).train()
    assert records(folder) == records(plain)
    expected = points(plain)
    if sink == "tensorboard":
        expected = {n: [(s, single(v)) for s, v in found] for n, found in expected.items()}
    assert READ[sink](folder) == expected


class Broken:
    """Raises at a call of its choice."""

    def __init__(self, fails_at: str) -> None:
        self.fails_at = fails_at
        self._may_fail("open")

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        self._may_fail(f"step {step}")

    def close(self) -> None:
        self._may_fail("close")

    def _may_fail(self, now: str) -> None:
        if now == self.fails_at:
            raise RuntimeError(f"no service\nat {now}")


@pytest.mark.integration
def test_a_sink_that_raises_does_not_fail_the_run(
    plain: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"tensorboard": "open", "wandb": "step 2", "trackio": "close"}
    monkeypatch.setattr(choose, "_kind", lambda name: lambda _: Broken(places[name]))
    folder = tmp_path / "c" / "srpo" / "seed-1"
    assert make(folder, *places).train()
    assert records(folder) == records(plain)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Sink")]
    assert said == [
        f"Sink '{name}' failed and is left out from here on: RuntimeError: no service at {place}"
        for name, place in places.items()
    ]


def test_sinks_are_no_part_of_the_contract(tmp_path: Path) -> None:
    contracts = []
    for sinks in ([], ["tensorboard"]):
        config = Config.model_validate(layers.merge(SMALL, {"sinks": sinks}))
        folder = tmp_path / f"{len(sinks)}"
        plan(folder, config, [Arm(name="grpo", algorithm="grpo")], "")
        contracts.append(read_json(folder / "comparison.json")["contract"])
    assert contracts[0] == contracts[1]
    assert not any("sink" in field for field in contracts[0])


def test_a_missing_package_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(choose, "version", version)
    config = Config.model_validate(layers.merge(SMALL, {"sinks": "wandb"}))
    with pytest.raises(UserError, match=r"needs the package wandb.*srpo-bench\[tracking\]"):
        plan(tmp_path / "c", config, [Arm(name="grpo", algorithm="grpo")], "")
    assert not (tmp_path / "c").exists()


def test_several_sinks_can_be_named_in_a_word() -> None:
    assigned = layers.assignments(["sinks=tensorboard,wandb"])
    assert Config.model_validate(assigned).sinks == ("tensorboard", "wandb")
    with pytest.raises(UserError, match="tensorbord"):
        layers.parse(Config, {"sinks": "tensorbord"}, "the settings")


def test_a_comparison_is_told_apart_by_its_place() -> None:
    place = Place(Path("/a/runs/mine/grpo/seed-3"))
    assert place.comparison == "mine"
    assert place.project == "mine-" + sha256(b"/a/runs/mine").hexdigest()[:12]
    assert place.folder("wandb") == Path("/a/runs/mine/grpo/seed-3/sinks/wandb")
