"""A comparison that is there gets more seeds or arms; everything else stays what it was."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.extend import holds
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.problems.seen import CARD, key
from srpo_bench.harness.running.as_planned import problems_as_planned
from srpo_bench.results.judgement.matched import matched
from srpo_bench.results.runs import read
from srpo_bench.results.seal import SEAL, digests
from srpo_bench.results.store import append_line, read_json, write_json

GRPO, SRPO = Arm(name="grpo", algorithm="grpo"), Arm(name="srpo", algorithm="srpo")


def settings(seeds: list[int], **changes: Any) -> Config:
    """Pools of four, which differ between seeds."""
    values = {
        "steps": 2,
        "seeds": seeds,
        "data": {"tasks": ["micro-gsm8k"], "pool_size": 4},
        "rollout": {"prompts_per_step": 2},
        "evaluation": {"problems": 2, "k": 1},
        **changes,
    }
    return layers.parse(Config, values, "test")


def manifests(folder: Path) -> dict[str, Any]:
    paths = sorted(folder.glob("*/seed-*/manifest.json"))
    return {str(path.parent.relative_to(folder)): read_json(path) for path in paths}


@pytest.mark.parametrize(("seeds", "there"), [([2, 1], True), ([1, 2, 3], True), ([1], False)])
def test_a_comparison_is_held_by_one_of_its_seeds_or_more(seeds: list[int], there: bool) -> None:
    assert holds({"seeds": [1, 2]}, seeds) is there


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    folder = tmp_path / "c"
    plan(folder, settings([1, 2]), [GRPO], "the first command")
    return folder


def test_seeds_are_added_and_what_was_there_stays(planned: Path) -> None:
    before, first = manifests(planned), read_json(planned / "comparison.json")
    append_line(planned / "grpo" / "seed-1" / "evals.jsonl", {"step": 0, "accuracy": 0.1})
    comparison = plan(planned, settings([1, 2, 3]), [GRPO], "the second command")
    assert [run.seed for run in comparison.runs] == [1, 2, 3]
    after, record = manifests(planned), read_json(planned / "comparison.json")
    new = after.pop("grpo/seed-3")
    assert after == before
    (addition,) = record["added"]
    assert addition.pop("at") >= first["created"]
    assert addition == {
        "command": "the second command",
        "seeds": [3],
        "arms": [],
        "runs_seen": 1,
    }
    assert record["command"] == "the first command"
    assert record["contract"] == first["contract"]
    assert record["pools"].items() > first["pools"].items()
    assert new["contract"]["pool_digest_seed"] == record["pools"]["3"]
    assert (
        new["contract"]["pool_digest_seed"] != before["grpo/seed-1"]["contract"]["pool_digest_seed"]
    )
    assert read_json(planned / SEAL) == digests(planned, ["comparison.json"])
    assert [run.seed for run in read_planned(planned).runs] == [1, 2, 3]
    assert [run.seed for run in reopen(planned).runs] == [1, 2, 3]
    assert matched(read(planned).runs)


def test_added_seeds_do_not_train_on_what_the_base_was_grown_on(
    tiny_folder: Path, tmp_path: Path
) -> None:
    base = shutil.copytree(tiny_folder, tmp_path / "base")
    one, two = (settings(seeds, model={"path": str(base)}) for seeds in ([1], [1, 2]))
    seen = load_problems(two)
    card = {"seen": {key(seen.pool[name]): name for name in seen.pools[2]}}
    write_json(base / CARD, card)
    plan(tmp_path / "c", one, [GRPO], "the first command")
    plan(tmp_path / "c", two, [GRPO], "the second command")
    manifest = read_json(tmp_path / "c" / "grpo" / "seed-2" / "manifest.json")
    found = problems_as_planned(layers.parse(Config, manifest["settings"], "test"), base, manifest)
    assert len(found.pools[2]) == 4
    assert not set(found.pools[2]) & set(seen.pools[2])


def test_an_arm_is_added_and_then_seeds_of_both(planned: Path) -> None:
    plan(planned, settings([1, 2]), [GRPO, SRPO], "arm")
    plan(planned, settings([1, 2, 5]), [GRPO, SRPO], "seeds")
    record = read_json(planned / "comparison.json")
    assert [(one["arms"], one["seeds"], one["runs_seen"]) for one in record["added"]] == [
        (["srpo"], [], 0),
        ([], [5], 0),
    ]
    names = [f"{arm}/seed-{seed}" for arm in ("grpo", "srpo") for seed in (1, 2, 5)]
    assert list(manifests(planned)) == names
    assert matched(read(planned).runs)
    again = plan(planned, settings([1, 2, 5]), [GRPO, SRPO], "nothing new")
    assert len(again.runs) == 6
    assert read_json(planned / "comparison.json") == record


def test_the_baseline_is_that_of_all_arms(tmp_path: Path) -> None:
    """Planned together or one after the other, srpo is held against grpo."""
    folder = tmp_path / "c"
    plan(folder, settings([1]), [SRPO], "the challenger first")
    assert read_json(folder / "comparison.json")["baseline"] == "srpo"
    plan(folder, settings([1]), [GRPO, SRPO], "the baseline later")
    assert read_json(folder / "comparison.json")["baseline"] == "grpo"
    assert read(folder).baseline == "grpo"


@pytest.mark.parametrize(
    ("config", "arms", "field"),
    [
        (settings([1, 3]), [GRPO], "seeds"),
        (settings([1, 2, 3], steps=3), [GRPO], r"steps[,)]"),
        (settings([1, 2, 3]), [SRPO], "arms"),
        (
            settings([1, 2]),
            [Arm(name="grpo", algorithm="grpo", settings={"beta": 0.1}), SRPO],
            "arms",
        ),
    ],
)
def test_what_is_not_an_addition_is_refused(
    planned: Path, config: Config, arms: list[Arm], field: str
) -> None:
    before = {p: p.read_bytes() for p in planned.rglob("*") if p.is_file() and p.name != ".lock"}
    said = set()
    for dry in (False, True):
        with pytest.raises(
            UserError, match=rf"holds another comparison \(different: .*{field}"
        ) as error:
            plan(planned, config, arms, "", dry=dry)
        said.add(str(error.value))
    (sentence,) = said
    left_out = field == "seeds" or arms == [SRPO]
    assert ("to add to it, name all of its arms and seeds and what is new; or" in sentence) == (
        left_out
    )
    after = {p: p.read_bytes() for p in planned.rglob("*") if p.is_file() and p.name != ".lock"}
    assert after == before


def test_a_dry_plan_of_what_may_be_added_writes_nothing(planned: Path, tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in planned.rglob("*") if p.is_file()}
    again = plan(planned, settings([1, 2, 3]), [GRPO, SRPO], "", dry=True)
    assert len(again.runs) == 6
    assert {p: p.read_bytes() for p in planned.rglob("*") if p.is_file()} == before
    assert len(plan(tmp_path / "new", settings([1]), [GRPO], "", dry=True).runs) == 1
    assert not (tmp_path / "new").exists()
    (tmp_path / "notes.txt").write_text("keep me")
    for folder, sentence in (
        (tmp_path, "is not empty and holds no comparison"),
        (tmp_path / "notes.txt", "is no folder"),
    ):
        with pytest.raises(UserError, match=sentence):
            plan(folder, settings([1]), [GRPO], "", dry=True)


def test_an_addition_that_cannot_be_written_leaves_what_was_there(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p: p.read_bytes() for p in planned.rglob("*") if p.is_file()}

    def full(path: Path, value: Any) -> None:
        if path.parent.name == "seed-4":
            shutil.rmtree(path.parent)  # what is gone already is no second fault
            raise OSError(28, "No space left on device")
        write_json(path, value)

    monkeypatch.setattr("srpo_bench.harness.planning.writing.write_json", full)
    with pytest.raises(UserError, match=f"Cannot write to {planned}: No space left on device"):
        plan(planned, settings([1, 2, 3, 4]), [GRPO], "more")
    assert {p: p.read_bytes() for p in planned.rglob("*") if p.is_file()} == {
        **before, planned / ".lock": (planned / ".lock").read_bytes()
    }  # fmt: skip
    assert sorted(p.name for p in (planned / "grpo").iterdir()) == ["seed-1", "seed-2"]


def test_what_stops_before_the_new_seal_leaves_no_old_one(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(folder: Path, names: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("srpo_bench.harness.planning.writing.seal", stop)
    with pytest.raises(KeyboardInterrupt):
        plan(planned, settings([1, 2, 3]), [GRPO], "more")
    assert [run.seed for run in reopen(planned).runs] == [1, 2, 3]
