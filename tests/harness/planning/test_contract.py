"""Every setting is in the contract, or stands on the list of those that are not, and why."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.machine import PACKAGES, plugin_versions
from srpo_bench.harness.planning.comparison import locked
from srpo_bench.harness.planning.contract import LEFT_OUT, contract_of
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.planning.prepare import Prepared, prepare
from srpo_bench.harness.running.as_planned import problems_as_planned
from srpo_bench.results.seal import seal
from srpo_bench.results.store import read_json, write_json

SMALL = {
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 8},
    "evaluation": {"tasks": ["micro-gsm8k"], "problems": 1},
    "final": {"tasks": ["micro-gsm8k"], "problems": 1},
}
ARMS = [Arm(name="grpo", algorithm="grpo")]
OTHER: dict[str, Any] = {
    "seeds": (9,),
    "targets": (0.5,),
    "sinks": ("tensorboard",),
    "data.tasks": ("micro-gsm8k", "micro-gsm8k"),
    "evaluation.tasks": ("micro-math",),
    "final.tasks": ("micro-math",),
    "data.style": "base",
    "data.data_dir": Path("elsewhere"),
    "data.date": dt.date(2024, 7, 26),
    "model.dtype": "bfloat16",
    "model.device": "cuda",
    "model.revision": "main",
    "rollout.engine": "vllm",
    "rollout.correction": "token-masked",
    "rollout.vllm.address": "http://localhost:1",
    "rollout.vllm.arguments": {"seed": 1},
    "optim.betas": (0.8, 0.9),
    "optim.schedule": "cosine",
    "evaluation.split": "dev",
    "final.split": "dev",
}
"""Another value of each setting for which adding one is none."""


def leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def changed(config: BaseModel, path: list[str], value: Any) -> Any:
    head, *rest = path
    inner = changed(getattr(config, head), rest, value) if rest else value
    return config.model_copy(update={head: inner})


def another(path: str, value: Any) -> Any:
    if path in OTHER:
        return OTHER[path]
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + "x"
    return (value or 0) + 1


@pytest.fixture(scope="module")
def ready() -> Prepared:
    return prepare(layers.parse(Config, SMALL, "test"), ["grpo"])


def test_every_setting_changes_the_contract_or_stands_on_the_list(ready: Prepared) -> None:
    contract = contract_of(ready)
    silent = [
        path
        for path, value in leaves(ready.config)
        if contract_of(
            replace(ready, config=changed(ready.config, path.split("."), another(path, value)))
        )
        == contract
    ]
    assert sorted(silent) == sorted(LEFT_OUT)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"device": "cuda"}, {"device"}),
        ({"accelerator": "H100"}, {"accelerator"}),
        ({"versions": {"mine": "1"}}, {"version.mine"}),
        ({"base_sha256": "x"}, {"base_sha256"}),
        ({"prompts_digest": "x"}, {"prompts_digest"}),
        ({"isolation": "x"}, {"isolation"}),
    ],
)
def test_what_was_found_is_in_the_contract(
    ready: Prepared, changes: dict[str, Any], fields: set[str]
) -> None:
    old, new = contract_of(ready), contract_of(replace(ready, **changes))
    assert {name for name in old | new if old.get(name) != new.get(name)} == fields


def test_a_step_has_groups_times_their_size(ready: Prepared) -> None:
    roll = ready.config.rollout.model_copy(update={"prompts_per_step": 6, "group_size": 4})
    contract = contract_of(replace(ready, config=changed(ready.config, ["rollout"], roll)))
    assert (contract["prompts_per_step"], contract["responses_per_step"]) == (6, 24)
    assert contract["eval_every"] == ready.config.evaluation.every


def test_each_problem_set_is_in_the_contract(ready: Prepared) -> None:
    contract = contract_of(ready)
    assert contract["pool_size"] == 8
    for name, digest in (("pool", "pool_digest"), ("evaluation", "evaluation_digest")):
        emptied = replace(ready, problems=replace(ready.problems, **{name: {}}))
        assert contract_of(emptied)[digest] != contract[digest]
    more = {"t": list(ready.problems.pool.values())}
    other = contract_of(replace(ready, problems=replace(ready.problems, final=more)))
    assert other["final_digest"] != contract["final_digest"]


def test_whatever_grades_or_computes_has_its_version_in_the_contract(ready: Prepared) -> None:
    contract = contract_of(ready)
    for name in PACKAGES:
        assert contract[f"version.{name}"] == metadata.version(name)
    assert contract["instructions"].split()[-1] in ("DEFAULT", "AVX2", "AVX512", "NEON", "SVE256")


def test_the_packages_of_plug_ins_are_named_with_their_versions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Point:
        def __init__(self, name: str, version: str) -> None:
            self.name = name
            self.dist = type("Dist", (), {"name": f"pkg-{name}", "version": version})

    points = {
        "bench.tasks": [Point("mine", "1.2"), Point("unused", "9")],
        "bench.algorithms": [Point("ours", "3.4")],
        "bench.samplers": [Point("theirs", "5.6")],
    }
    monkeypatch.setattr("srpo_bench.harness.machine.offered", lambda group: points[group])
    found = plugin_versions(["mine", "gsm8k"], ["ours", "theirs"])
    assert found == {"pkg-mine": "1.2", "pkg-ours": "3.4", "pkg-theirs": "5.6"}


def test_a_day_is_fixed_at_planning_and_kept(tmp_path: Path) -> None:
    folder, config = tmp_path / "c", layers.parse(Config, SMALL, "test")
    comparison = plan(folder, config, ARMS, "bench compare")
    record = read_json(folder / "comparison.json")
    assert comparison.config.data.date == dt.date.fromisoformat(record["created"][:10])
    record["created"] = "2024-07-26T23:59:59+00:00"
    record["config"]["data"]["date"] = "2024-07-26"
    write_json(folder / "comparison.json", record)
    seal(folder, ["comparison.json"])
    for path in folder.glob("*/seed-*/manifest.json"):
        write_json(path, read_json(path) | {"settings": record["config"]})
    later = plan(folder, config, ARMS, "bench compare")
    assert later.config.data.date == reopen(folder).config.data.date == dt.date(2024, 7, 26)
    named = layers.parse(Config, layers.merge(SMALL, {"data": {"date": "2024-01-01"}}), "test")
    with pytest.raises(UserError, match="holds another comparison"):
        plan(folder, named, ARMS, "bench compare")


def test_a_comparison_whose_contract_holds_no_prompts_is_refused(tmp_path: Path) -> None:
    folder, config = tmp_path / "c", layers.parse(Config, SMALL, "test")
    plan(folder, config, ARMS, "bench compare")
    record = read_json(folder / "comparison.json")
    del record["contract"]["prompts_digest"]
    write_json(folder / "comparison.json", record)
    seal(folder, ["comparison.json"])
    for again in (lambda: reopen(folder), lambda: plan(folder, config, ARMS, "bench compare")):
        with pytest.raises(UserError, match="was planned by an earlier srpo-bench"):
            again()


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("pool_digest", "are not those this comparison was planned with"),
        ("evaluation_digest", "are not those this comparison was planned with"),
        ("final_digest", "are not those this comparison was planned with"),
        ("prompts_digest", "not rendered and encoded as when"),
        ("instructions", "computes on .* and the comparison was planned on other"),
        ("accelerator", "computes on None and the comparison was planned on other"),
    ],
)
def test_a_worker_proves_that_it_finds_what_was_planned(
    ready: Prepared, field: str, sentence: str
) -> None:
    from srpo_bench.harness.errors import RunError

    contract = contract_of(ready)
    manifest = {"contract": contract, "seed": 1, "algorithm": "grpo", "sampler": None}
    assert problems_as_planned(ready.config, ready.base, manifest).pool == ready.problems.pool
    with pytest.raises(RunError, match=sentence):
        problems_as_planned(
            ready.config, ready.base, manifest | {"contract": {**contract, field: "other"}}
        )


def test_a_comparison_is_gone_on_with_by_the_code_that_began_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, config = tmp_path / "c", layers.parse(Config, SMALL, "test")
    plan(folder, config, ARMS, "bench compare")
    monkeypatch.setattr("srpo_bench.harness.planning.contract.code_digest", lambda: "another")
    with pytest.raises(UserError) as error:
        reopen(folder)
    assert str(error.value) == (
        f"{folder} was planned with other things (different: code_sha256); resume it where these "
        "are as they were, or start anew with another --out."
    )
    with pytest.raises(UserError, match=r"holds another comparison \(different: code_sha256\)"):
        plan(folder, config, ARMS, "bench compare")


def test_of_two_simultaneous_plans_one_writes_and_the_other_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second plans while the first is in the middle of writing."""
    folder, config = tmp_path / "c", layers.parse(Config, SMALL, "test")
    complaints: list[str] = []

    def second() -> None:
        with pytest.raises(UserError) as error:
            plan(folder, config, ARMS, "bench compare")
        complaints.append(str(error.value))

    def write(path: Path, value: Any) -> None:
        if path.name == "manifest.json" and not complaints:
            thread = threading.Thread(target=second)
            thread.start()
            thread.join()
        write_json(path, value)

    monkeypatch.setattr("srpo_bench.harness.planning.writing.write_json", write)
    comparison = plan(folder, config, ARMS, "bench compare")
    (complaint,) = complaints
    assert complaint.startswith(f"{folder} is being planned or run by another bench, process ")
    assert all((run.folder / "manifest.json").is_file() for run in comparison.runs)
    assert len(comparison.runs) == 8
    assert len(reopen(folder).runs) == 8


def test_a_plan_that_cannot_be_written_takes_back_what_it_made_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = layers.parse(Config, SMALL, "test")

    def full(path: Path, value: Any) -> None:
        if path.name == "comparison.json":
            raise OSError(28, "No space left on device")
        write_json(path, value)

    monkeypatch.setattr("srpo_bench.harness.planning.writing.write_json", full)
    mine = tmp_path / "mine"
    mine.mkdir()
    for folder in (tmp_path / "new", mine):
        with pytest.raises(UserError, match=f"Cannot write to {folder}: No space left on device"):
            plan(folder, config, ARMS, "bench compare")
    assert not (tmp_path / "new").exists()
    assert list(mine.iterdir()) == []
    (mine / "notes.txt").write_text("keep me")
    with pytest.raises(UserError, match="is not empty and holds no comparison"):
        plan(mine, config, ARMS, "bench compare")
    assert [p.name for p in mine.iterdir()] == ["notes.txt"]


def test_a_lock_whose_file_was_taken_away_holds_nobody(tmp_path: Path) -> None:
    with locked(tmp_path):
        (tmp_path / ".lock").unlink()
    with locked(tmp_path), pytest.raises(UserError, match="another bench"), locked(tmp_path):
        pass


@pytest.mark.parametrize("again", [False, True])
def test_a_lock_that_is_taken_away_while_it_is_asked_for_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Whoever held it removed the file a moment ago, and somebody may have made another."""
    path = tmp_path / ".lock"

    def meanwhile(*_: Any) -> None:
        path.unlink()
        if again:
            (tmp_path / "kept").write_text("")  # so that the new file has another number
            path.write_text("")

    monkeypatch.setattr("srpo_bench.harness.planning.comparison.fcntl.flock", meanwhile)
    with pytest.raises(UserError, match="another bench"), locked(tmp_path):
        pass
