"""A comparison keeps the files it uses; whoever goes on with it gets those and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.algorithms import registry as algorithms
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.plugins import entered, trust, typed
from srpo_bench.results.store import read_json
from srpo_bench.tasks import registry as tasks

SMALL = {
    "data": {"pool_size": 8},
    "evaluation": {"problems": 1},
    "rollout": {"max_new_tokens": 8},
    "seeds": 1,
}


def planned(mine: Path, folder: Path) -> Path:
    arm = Arm(name="w", algorithm=typed.arm(f"{mine / 'mine.py'}:Winners"))
    task, reward = typed.task(str(mine / "my.yaml")), typed.reward(f"{mine / 'mine.py'}:brevity")
    asked = layers.merge(SMALL, {"data": {"tasks": [task]}, "reward": {reward: 0.5}})
    plan(folder, Config.model_validate(asked), [arm], "bench compare")
    return folder


def forget() -> None:
    entered._ENTERED.clear()
    algorithms._ALGORITHMS.entered.clear()
    tasks.TASKS.entered.clear()
    tasks.get.cache_clear()


def test_the_copies_are_kept_and_the_contract_holds_their_digests(
    mine: Path, tmp_path: Path
) -> None:
    folder = planned(mine, tmp_path / "c")
    record = read_json(folder / "comparison.json")
    manifest = read_json(folder / "w" / "seed-1" / "manifest.json")
    kinds = {p["kind"]: p for p in record["plugins"]}
    assert kinds.keys() == {"algorithm", "task", "reward"}
    assert kinds["task"]["files"] == ["my.yaml", "mine.py"]  # its grader comes with it
    assert manifest["plugins"] == record["plugins"]
    assert record["contract"]["algorithm.winners"] == kinds["algorithm"]["sha256"]
    assert record["contract"]["reward.brevity"] in (0.5, kinds["reward"]["sha256"])
    for path in mine.glob("*.py"):
        path.unlink()
    (mine / "my.yaml").unlink()
    forget()
    assert reopen(folder).arms[0].algorithm == "winners"
    assert set(entered._ENTERED) == {(p["kind"], p["name"]) for p in record["plugins"]}
    assert tasks.get("my").load("test")  # the data stay where they are


def test_a_changed_copy_is_refused_and_so_is_a_changed_file_of_that_name(
    mine: Path, tmp_path: Path
) -> None:
    folder = planned(mine, tmp_path / "c")
    (plugin,) = [p for p in read_planned(folder).plugins if p.kind == "algorithm"]
    copy = plugin.kept(folder) / "mine.py"
    text = copy.read_text()
    copy.write_text(text + "\n")
    forget()
    with pytest.raises(UserError, match=r"mine\.py is not the file this comparison was planned"):
        reopen(folder)
    copy.write_text(text)
    forget()
    (mine / "mine.py").write_text(text + "# another\n")
    with pytest.raises(UserError, match=r"different: .*algorithm\.winners"):
        planned(mine, folder)


def test_a_copy_that_is_gone_is_a_sentence(mine: Path, tmp_path: Path) -> None:
    typed.arm(f"{mine / 'mine.py'}:Winners")
    plugin = entered.find("algorithm", "winners")
    assert plugin is not None
    forget()
    with pytest.raises(UserError, match=r"mine\.py"):
        entered.enter_kept([plugin], tmp_path)
    assert entered.find("algorithm", "winners") is None


def test_code_that_nobody_named_is_not_imported(mine: Path, tmp_path: Path) -> None:
    folder = planned(mine, tmp_path / "c")
    plugins = read_planned(folder).plugins
    trust.require(plugins, folder)  # it was named when it was planned
    for path in (tmp_path / "home").rglob("*"):
        path.unlink() if path.is_file() else None
    with pytest.raises(UserError, match=r"code that was never named here, mine\.py: read it"):
        trust.require(plugins, folder)
    named = [p.kept(folder) / p.file for p in plugins]
    trust.require(plugins, folder, named)
    trust.require(plugins, folder)  # and is remembered


@pytest.mark.integration
def test_an_arm_by_file_that_is_added_later_is_kept_and_held_to_its_file(
    mine: Path, tmp_path: Path
) -> None:
    folder, asked = tmp_path / "c", layers.merge(SMALL, {"data": {"tasks": ["micro-math"]}})
    config, first = Config.model_validate(asked), Arm(name="grpo", algorithm="grpo")
    plan(folder, config, [first], "bench compare")
    added = Arm(name="w", algorithm=typed.arm(f"{mine / 'mine.py'}:Winners"))
    plan(folder, config, [first, added], "bench compare")
    (plugin,) = read_planned(folder).plugins
    assert (plugin.kept(folder) / "mine.py").is_file()
    forget()
    assert [arm.name for arm in reopen(folder).arms] == ["grpo", "w"]
    forget()
    (mine / "mine.py").write_text((mine / "mine.py").read_text() + "# another\n")
    typed.arm(f"{mine / 'mine.py'}:Winners")
    with pytest.raises(UserError, match=r"different: .*algorithm\.winners"):
        plan(folder, config, [first, added], "bench compare")


def test_copies_lie_by_twelve_digits_of_what_they_are(tmp_path: Path) -> None:
    plugin = entered.FilePlugin(
        kind="reward", name="r", attribute="r", files=("r.py",), sha256="0123456789abcdef" * 4,
        home=tmp_path,
    )  # fmt: skip
    assert plugin.kept(tmp_path) == tmp_path / entered.FOLDER / "0123456789ab"
