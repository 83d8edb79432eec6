"""Records and refusals of a plan, without planning."""

from __future__ import annotations

import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.algorithms.base import Settings, setting
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning import (
    arms,
    comparison,
    contract,
    extend,
    manifest,
    prepare,
    reading,
)
from srpo_bench.harness.planning.contract import refuse_other
from srpo_bench.results.seal import seal
from srpo_bench.results.store import SCHEMA, write_json


class Steps(Settings):
    """Of a sampler that has several numbers."""

    steps: tuple[int, ...] = setting((1, 2), "what it is", "made up")


def test_a_record_holds_what_json_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = SimpleNamespace(name="mine", Settings=Steps)
    algorithm = SimpleNamespace(Settings=Steps)
    monkeypatch.setattr(arms, "sampler_of", lambda *_: (sampler, {}))
    monkeypatch.setattr(arms, "get_algorithm", lambda _: algorithm)
    record = arms.arm_record(Arm(name="a", algorithm="b", settings={"steps": (3,)}))
    assert record["sampler_settings"] == {"steps": [1, 2]}
    assert record["settings"] == {"steps": [3]}
    assert "optim" not in record


def test_a_status_that_cannot_be_read_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text("{")
    run: Any = SimpleNamespace(folder=tmp_path)
    with pytest.raises(UserError, match=r"status\.json cannot be read"):
        comparison.status(run)


def record(arms: str, seeds: list[int], **contract: Any) -> dict[str, Any]:
    return {
        "arms": [{"arm": name} for name in arms], "seeds": seeds, "config": {},
        "contract": {"prompts_digest": "p", **contract},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arms", "seeds", "adds"),
    [("ab", [1, 2, 3], False), ("abc", [1, 2], False), ("bc", [1, 2, 3], True),
     ("ab", [2, 3], True), ("b", [1], True)],
)  # fmt: skip
def test_what_could_be_added_to_is_said_how(arms: str, seeds: list[int], adds: bool) -> None:
    """Where an old arm or seed is not named; else only starting anew, or what is said, helps."""
    with pytest.raises(UserError) as told:
        refuse_other(record("ab", [1, 2]), record(arms, seeds), Path("c"), do="wait, or ")
    how = (
        "to add to it, name all of its arms and seeds and what is new; or " if adds else "wait, or "
    )
    assert f"); {how}start anew with another --out." in str(told.value)


def test_fields_that_came_later_are_no_difference() -> None:
    old, new = record("a", [1], lr=1), record("a", [1], lr=1, later=2)
    refuse_other(old, new, Path("c"))
    many = {f"k{i}": i for i in range(6)}
    with pytest.raises(UserError) as told:
        refuse_other(record("a", [1], **dict.fromkeys(many)), record("a", [1], **many), Path("c"))
    assert "c holds another comparison (different: k0, k1, k2, k3, k4); start" in str(told.value)


def test_lists_of_a_record_grow_by_what_is_new() -> None:
    assert extend._joined("k", {"k": [1, 3]}, {"k": [1, 2]}) == [1, 3, 2]
    assert extend._joined("k", {}, {}) == []


def test_a_manifest_proves_the_first_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**more: Any) -> dict[str, Any]:
        planned = {
            "config": {"seeds": [1, 2, 3], "steps": 9}, "unit": "batch", "plugins": [], "notes": [],
            "contract": {"accelerator": None, "base_sha256": "b"}, "data": [], "seeds": [1, 2, 3],
            "pools": {"3": "third"}, **more,
        }  # fmt: skip
        of: Any = SimpleNamespace(config=Config(threads=3), base=Path("base"))
        run: Any = SimpleNamespace(arm=Arm(name="a", algorithm="grpo"), seed=3)
        return manifest.manifest_of(of, run, planned)

    plain = made()
    assert plain["settings"] == {"seeds": [1, 2, 3], "steps": 9}
    assert plain["contract"]["pool_digest_seed"] == "third"
    assert plain["host"]["python"] == platform.python_version()
    assert plain["host"]["torch_threads"] == 3
    assert plain["base"] == {"path": "base", "sha256": "b", "parameters": None}
    assert "optim" not in plain
    later = made(added=[{"seeds": [2, 3]}])
    assert later["settings"] == {"seeds": [1], "steps": 9}


def test_a_record_of_before_sizes_were_written_down_has_none(tmp_path: Path) -> None:
    (tmp_path / "a" / "seed-1").mkdir(parents=True)
    write_json(tmp_path / "a" / "seed-1" / "manifest.json", {})
    for parameters, size in ((None, 0), (7, 7)):
        write_json(
            tmp_path / "comparison.json",
            {"schema": SCHEMA, "config": Config().model_dump(mode="json"), "base": "b",
             "arms": [{"arm": "a", "algorithm": "grpo", "sampler": None, "settings": {},
                       "sampler_settings": {}}],
             "contract": {"device": "cpu"}, "parameters": parameters, "baseline": "a",
             "seeds": [1]},
        )  # fmt: skip
        seal(tmp_path, ["comparison.json"])
        assert reading.read_planned(tmp_path).parameters == size
    (tmp_path / "a" / "seed-1" / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"seed-1 is gone, or its manifest\.json is: put"):
        reading.read_planned(tmp_path)


@pytest.mark.parametrize("style", ["chat", "base"])
def test_notes_of_how_responses_end_and_of_experts(
    style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = SimpleNamespace(tokenizer="t", style=style)
    for name, answer in (
        ("Prompts", lambda *_: prompts), ("open_tokenizer", lambda _: "t"),
        ("training_limit", lambda *_: 8), ("probe", lambda _: None),
        ("question_of", lambda *_: None), ("open_generation", lambda _: "g"),
        ("model_class", lambda _: ("config", None)), ("experts_note", lambda _: None),
        ("ending_note", lambda *asked: asked),
    ):  # fmt: skip
        monkeypatch.setattr(prepare, name, answer)
    problems: Any = SimpleNamespace(pool={}, tasks={}, notes=["before"])
    prepare._try(Config(), problems, Path("base"), "cpu")
    assert problems.notes == ["before", ("g", "t", style == "chat")]


@pytest.mark.parametrize("scored", [True, False])
def test_a_contract_by_hand(scored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting but those that are left out, and the final scoring's where there is one."""
    monkeypatch.setattr(contract, "training_limit", lambda *_: 7)
    problems = SimpleNamespace(
        pool_digest="p", pool_size=3, evaluation_digest="e", final_digest="f",
        final={"t": []} if scored else {},
    )  # fmt: skip
    config = Config(steps=9)
    ready: Any = SimpleNamespace(
        config=config, problems=problems, base_sha256="b", prompts_digest="d", device="cpu",
        accelerator=None, isolation="i", versions={"mine": "1"},
    )  # fmt: skip
    found = contract.contract_of(ready)
    assert (found["steps"], found["optim.lr"]) == (9, config.optim.lr)
    assert (found["pool_digest"], found["pool_size"], found["max_new_tokens"]) == ("p", 3, 7)
    assert found.get("final_digest") == ("f" if scored else None)
    assert ("final.k" in found) == scored
    assert not found.keys() & contract.LEFT_OUT.keys()
    assert (found["version.mine"], found["accelerator"]) == ("1", None)
