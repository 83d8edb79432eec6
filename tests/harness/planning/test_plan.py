from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.results.seal import SEAL, seal
from srpo_bench.results.store import read_json, write_json

SMALL = {"data": {"tasks": ["micro-gsm8k"], "pool_size": 8}, "evaluation": {"problems": 1}}
ARMS = [Arm(name="grpo", algorithm="grpo")]


def config(**rollout: Any) -> Config:
    return Config.model_validate(layers.merge(SMALL, {"rollout": rollout}))


def test_a_correction_is_refused_where_a_loss_would_leave_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(GRPO):
        corrects = False

    monkeypatch.setattr("srpo_bench.harness.planning.arms.get_algorithm", lambda name: Own)
    asked = config(correction="token-masked")
    with pytest.raises(UserError, match="'grpo' has a loss that applies no importance correction"):
        plan(tmp_path / "c", asked, ARMS, "bench compare")
    assert not (tmp_path / "c").exists()
    plan(tmp_path / "c", config(), ARMS, "bench compare")


def test_a_comparison_from_before_a_setting_is_resumed_and_another_value_of_it_is_refused(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "c"
    plan(folder, config(), ARMS, "bench compare")
    record = read_json(folder / "comparison.json")
    del record["config"]["rollout"]["correction"]
    del record["contract"]["rollout.correction"]
    write_json(folder / "comparison.json", record)
    seal(folder, ["comparison.json"])
    assert reopen(folder).config.rollout.correction == "none"
    manifest = read_json(folder / "grpo" / "seed-1" / "manifest.json")
    assert manifest["base"]["parameters"] == record["parameters"] == 1_114_368
    plan(folder, config(), ARMS, "bench compare")
    with pytest.raises(UserError, match="holds another comparison"):
        plan(folder, config(correction="token-masked"), ARMS, "bench compare")


def test_bounds_of_the_importance_weights_are_ordered() -> None:
    with pytest.raises(UserError, match="correction_floor must be below correction_cap"):
        layers.parse(Config, {"rollout": {"correction_floor": 3.0}}, "--set")


def test_named_targets_are_planned_and_another_one_makes_another_comparison(
    tmp_path: Path,
) -> None:
    folder, named = tmp_path / "c", Config.model_validate({**SMALL, "targets": [0.8, 0.5]})
    plan(folder, named, ARMS, "bench compare")
    record = read_json(folder / "comparison.json")
    assert record["targets"] == [0.8, 0.5]
    assert not any("target" in field for field in record["contract"])
    assert reopen(folder).config.targets == (0.8, 0.5)
    with pytest.raises(UserError, match="holds another comparison"):
        plan(folder, config(), ARMS, "bench compare")


def test_what_is_scored_is_written_down_once_and_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    plan(folder, config(), ARMS, "bench compare")
    asked = read_json(folder / "comparison.json")["problems"]
    problems = load_problems(config())
    expected = {task: [p.id for p in group] for task, group in problems.evaluation.items()}
    assert asked == {"evaluation": expected, "final": {}}
    assert "problems" not in read_json(folder / "grpo" / "seed-1" / "manifest.json")


@pytest.mark.parametrize(
    ("text", "said"), [("{", "cannot be read"), ('{"schema": 2}', "written by a newer srpo-bench")]
)
def test_a_plan_that_cannot_be_read_is_not_resumed(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(UserError, match=said):
        reopen(tmp_path)


def test_a_run_whose_folder_is_gone_is_told_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    plan(folder, config(), ARMS, "bench compare")
    shutil.rmtree(folder / "grpo" / "seed-2")
    before = sorted(folder.rglob("*"))
    with pytest.raises(UserError, match=r"grpo/seed-2 is gone, or its manifest\.json is: put it"):
        reopen(folder)
    with pytest.raises(UserError, match="grpo/seed-2 is gone"):
        plan(folder, config(), ARMS, "bench compare")
    assert sorted(folder.rglob("*")) == before


def test_a_run_whose_settings_were_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    plan(folder, config(), ARMS, "bench compare")
    path = folder / "grpo" / "seed-1" / "manifest.json"
    manifest = read_json(path)
    assert manifest["algorithm_settings"]["beta"] != 0.5
    for changed in (
        manifest | {"seed": 2},
        manifest | {"algorithm_settings": manifest["algorithm_settings"] | {"beta": 0.5}},
        manifest | {"settings": manifest["settings"] | {"steps": 7}},
    ):
        write_json(path, changed)
        with pytest.raises(UserError, match=r"manifest\.json is not as it was planned"):
            reopen(folder)
    write_json(path, manifest)
    reopen(folder)


def test_a_record_that_names_no_arms_is_no_comparison(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    plan(folder, config(), ARMS, "bench compare")
    (folder / "comparison.json").write_text("{}")
    with pytest.raises(UserError, match="is not as it was when it was finished"):
        reopen(folder)
    (folder / SEAL).unlink()
    with pytest.raises(UserError, match="names no arms, so it is no comparison's record"):
        reopen(folder)


def test_how_the_settings_were_found_stands_in_the_record(tmp_path: Path) -> None:
    for name, tuning in (("with", {"seeds": [101]}), ("without", None)):
        plan(tmp_path / name, config(), ARMS, "bench compare", tuning, [{"what": "x"}])
        record = read_json(tmp_path / name / "comparison.json")
        assert record.get("tuning", "none") == (tuning or "none")
        assert record["checked"] == [{"what": "x"}]


def test_a_weight_of_what_nobody_grades_is_refused(tmp_path: Path) -> None:
    wrong = Config.model_validate(layers.merge(SMALL, {"reward": {"acuracy": 1.0}}))
    with pytest.raises(UserError, match=r"reward\.acuracy.*did you mean 'reward\.accuracy'"):
        plan(tmp_path / "c", wrong, ARMS, "bench compare")
    assert not (tmp_path / "c").exists()
