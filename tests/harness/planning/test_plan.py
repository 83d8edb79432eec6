from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import srpo_bench.harness.planning.plan as module
from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config, OwnOptim
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning import prepare, writing
from srpo_bench.harness.planning.arms import refuse_unheld
from srpo_bench.harness.planning.comparison import PlannedComparison, locked
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.plugins import entered
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.results.seal import SEAL, check_seal, seal
from srpo_bench.results.store import read_json, write_json

SMALL = {"data": {"tasks": ["micro-gsm8k"], "pool_size": 8}, "evaluation": {"problems": 1}}
ARMS = [Arm(name="grpo", algorithm="grpo")]


def config(**rollout: Any) -> Config:
    return Config.model_validate(layers.merge(SMALL, {"rollout": rollout}))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once") / "deep" / "c"
    plan(folder, config(), ARMS, "bench compare")
    return folder


@pytest.fixture
def planned(once: Path, tmp_path: Path) -> Path:
    """A copy of one comparison that was planned, since planning looks at a lot."""
    return Path(shutil.copytree(once, tmp_path / "c"))


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


@pytest.mark.parametrize(("shared", "own"), [(3, None), (1, 3)])
def test_a_share_has_a_group(shared: int, own: int | None) -> None:
    asked = Config.model_validate(
        {"rollout": {"prompts_per_step": 2}, "optim": {"updates_per_step": shared}}
    )
    arm = Arm(name="a", algorithm="grpo", optim=OwnOptim(updates_per_step=own))
    with pytest.raises(UserError, match=r"'a' cuts 2 groups into optim\.updates_per_step=3 shares"):
        refuse_unheld(asked, [arm])
    refuse_unheld(asked, [arm.model_copy(update={"optim": OwnOptim(updates_per_step=2)})])


def test_a_warm_up_ends_within_the_run() -> None:
    """Longer than all updates, the rate would rise to the end and never be what was asked."""
    asked = Config.model_validate({"steps": 4, "optim": {"warmup_updates": 9, "num_iterations": 2}})
    twice = Arm(name="twice", algorithm="grpo", optim=OwnOptim(updates_per_step=2))
    refuse_unheld(asked, [twice])
    message = r"'a' makes 8 updates, and optim\.warmup_updates=9 would end after the last"
    with pytest.raises(UserError, match=message):
        refuse_unheld(asked, [twice, Arm(name="a", algorithm="grpo")])
    as_long = asked.optim.model_copy(update={"warmup_updates": 8})
    refuse_unheld(asked.model_copy(update={"optim": as_long}), [Arm(name="a", algorithm="grpo")])


def test_a_comparison_from_before_a_setting_is_resumed_and_another_value_of_it_is_refused(
    planned: Path,
) -> None:
    record = read_json(planned / "comparison.json")
    del record["config"]["rollout"]["correction"]
    del record["contract"]["rollout.correction"]
    write_json(planned / "comparison.json", record)
    seal(planned, ["comparison.json"])
    assert reopen(planned).config.rollout.correction == "none"
    manifest = read_json(planned / "grpo" / "seed-1" / "manifest.json")
    assert manifest["base"]["parameters"] == record["parameters"] == 1_114_368
    plan(planned, config(), ARMS, "bench compare")
    with pytest.raises(UserError, match="holds another comparison"):
        plan(planned, config(correction="token-masked"), ARMS, "bench compare")


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
    record = read_json(folder / "comparison.json")
    assert "tuning" not in record
    asked = record["problems"]
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


def test_a_run_whose_folder_is_gone_is_told_before_anything_is_written(planned: Path) -> None:
    shutil.rmtree(planned / "grpo" / "seed-2")
    before = sorted(planned.rglob("*"))
    with pytest.raises(UserError, match=r"grpo/seed-2 is gone, or its manifest\.json is: put it"):
        reopen(planned)
    with pytest.raises(UserError, match="grpo/seed-2 is gone"):
        plan(planned, config(), ARMS, "bench compare")
    assert sorted(planned.rglob("*")) == before


def test_a_run_whose_settings_were_changed_is_not_gone_on_with(planned: Path) -> None:
    path = planned / "grpo" / "seed-1" / "manifest.json"
    manifest = read_json(path)
    assert manifest["algorithm_settings"]["beta"] != 0.5
    for changed in (
        manifest | {"seed": 2},
        manifest | {"optim": {"lr": 0.1}},
        manifest | {"algorithm_settings": manifest["algorithm_settings"] | {"beta": 0.5}},
        manifest | {"settings": manifest["settings"] | {"steps": 7}},
    ):
        write_json(path, changed)
        with pytest.raises(UserError, match=r"manifest\.json is not as it was planned"):
            reopen(planned)
    write_json(path, manifest)
    reopen(planned)


def test_a_record_that_names_no_arms_is_no_comparison(planned: Path) -> None:
    (planned / "comparison.json").write_text("{}")
    with pytest.raises(UserError, match="is not as it was when it was finished"):
        reopen(planned)
    (planned / SEAL).unlink()
    with pytest.raises(UserError, match="names no arms, so it is no comparison's record"):
        reopen(planned)


def test_how_the_settings_were_found_stands_in_the_record(tmp_path: Path) -> None:
    plan(tmp_path / "c", config(), ARMS, "bench compare", {"seeds": [101]}, [{"what": "x"}])
    record = read_json(tmp_path / "c" / "comparison.json")
    assert (record["tuning"], record["checked"]) == ({"seeds": [101]}, [{"what": "x"}])


def test_a_weight_of_what_nobody_grades_is_refused(tmp_path: Path) -> None:
    wrong = Config.model_validate(layers.merge(SMALL, {"reward": {"acuracy": 1.0}}))
    with pytest.raises(UserError, match=r"reward\.acuracy.*did you mean 'reward\.accuracy'"):
        plan(tmp_path / "c", wrong, ARMS, "bench compare")
    assert not (tmp_path / "c").exists()


def test_notes_are_kept_with_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "ending_note", lambda *_: "Each response runs on.")
    made = plan(tmp_path / "c", config(), ARMS, "")
    assert made.notes == read_planned(tmp_path / "c").notes == ["Each response runs on."]


def test_a_record_says_what_stands_in_it_and_when(planned: Path) -> None:
    created = read_json(planned / "comparison.json")["created"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", created)
    assert read_planned(planned).parameters == 1_114_368
    assert read_planned(planned).notes == []
    (planned / SEAL).unlink()  # older than seals: it has none after it was added to, too
    more = config().model_copy(update={"seeds": tuple(range(1, 10))})
    (planned / "grpo" / "seed-9").mkdir()  # of an addition that was cut off
    plan(planned, more, ARMS, "bench compare")
    assert read_json(planned / "comparison.json")["added"][0]["seeds"] == [9]


@pytest.mark.parametrize("dry", [True, False])
def test_other_peoples_folders_are_refused_before_the_model_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry: bool
) -> None:
    monkeypatch.setattr(module, "prepare", lambda *_: pytest.fail("the model was opened"))
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    refused = (tmp_path, "is not empty"), (file, "is no folder"), (file / "c", "is no folder")
    for folder, said in refused:
        with pytest.raises(UserError, match=said):
            plan(folder, config(), ARMS, "bench compare", dry=dry)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("there", [["notes.txt"], [".lock", "notes.txt"]])
def test_what_came_into_a_folder_while_the_model_was_opened_is_refused_and_stays(
    tmp_path: Path, there: list[str]
) -> None:
    """With a lock file, too: another plan's, which failed."""
    for name in there:
        (tmp_path / name).touch()
    with pytest.raises(UserError, match="is not empty and holds no comparison"):
        writing.write(PlannedComparison(tmp_path, config(), ARMS, tmp_path), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == there


@pytest.mark.parametrize("written", ["nothing", "a run", "all but the seal", "all"])
def test_a_planning_that_was_killed_is_gone_on_with(planned: Path, written: str) -> None:
    """SIGKILL runs no cleaning up; a marker says that what stands there is a plan's."""
    whole = {path.name for path in planned.iterdir()}
    (planned / ".planning").touch()
    run = planned / "grpo" / "seed-8"
    if written in ("nothing", "a run"):
        (planned / "comparison.json").rename(planned / ".comparison.json.tmp")
        (run / "manifest.json").rename(run / ".manifest.json.tmp")
    if written == "nothing":
        shutil.rmtree(planned / "grpo")
    if written != "all":
        (planned / SEAL).unlink()
    plan(planned, config(), ARMS, "bench compare")
    assert {path.name for path in planned.iterdir()} == whole
    assert [path.name for path in run.iterdir()] == ["manifest.json"]
    check_seal(planned)


def test_what_is_no_plans_beside_a_killed_planning_stays_and_is_refused(planned: Path) -> None:
    (planned / ".planning").touch()
    (planned / "comparison.json").unlink()
    (planned / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty and holds no comparison"):
        plan(planned, config(), ARMS, "bench compare")
    assert (planned / "notes.txt").read_text() == "mine"


def test_a_final_score_that_is_gone_is_made_anew_and_one_that_changed_is_refused(
    planned: Path,
) -> None:
    run = planned / "grpo" / "seed-1"
    write_json(run / "final.json", {"accuracy": 0.5})
    (run / "samples.jsonl").write_text("")
    seal(run)
    (run / "samples.jsonl").write_text("{}")  # nothing goes on from it
    comparison = read_planned(planned)
    writing.refuse_changed(comparison)
    write_json(run / "final.json", {"accuracy": 0.6})
    with pytest.raises(UserError, match=r"final\.json is not as it was when it was finished"):
        writing.refuse_changed(comparison)
    (run / "final.json").unlink()
    writing.refuse_changed(comparison)


def test_what_was_begun_before_a_disk_was_full_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that were not made yet are no second fault; copies of plug-ins go, too."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def keep(_: Any, folder: Path) -> None:
        (folder / entered.FOLDER).mkdir()
        full()

    monkeypatch.setattr(writing, "manifest_of", lambda *_: {})
    folder = tmp_path / "c"
    folder.mkdir()
    two = [*ARMS, Arm(name="srpo", algorithm="srpo")]
    comparison = PlannedComparison(folder, config(), two, tmp_path)
    for where, name, how in ((writing, "write_json", full), (entered, "keep", keep)):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, how)
            with pytest.raises(UserError, match=r"Cannot write to .*c: No space left on device"):
                writing.write(comparison, {})
        assert list(folder.iterdir()) == []


def test_what_a_tasks_grades_carry_may_be_weighed() -> None:
    asked = Config.model_validate({"reward": {"brevity": 1.0}, "data": {"tasks": ["own"]}})
    for fields in (("brevity",), ()):
        problems: Any = SimpleNamespace(tasks={"own": SimpleNamespace(fields=fields)})
        if fields:
            prepare._refuse_unknown_rewards(asked, problems)
            continue
        with pytest.raises(UserError, match=r"reward\.brevity"):
            prepare._refuse_unknown_rewards(asked, problems)


def test_paths_are_known_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("base", "micro"):
        Path(name).mkdir()

    def found(path: str) -> str:
        asked = Config.model_validate({"model": {"path": path}, "data": {"data_dir": "d"}})
        config = prepare._absolute(asked)
        assert config.data.data_dir == tmp_path / "d"
        return config.model.path

    assert found("base") == str(tmp_path / "base")
    assert found("micro") == "micro"  # the shipped one, whatever lies here
    assert found("owner/name") == "owner/name"


def test_a_lock_says_who_holds_it_and_no_more(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("x" * 200)
    with locked(tmp_path):
        said = (tmp_path / ".lock").read_text()
        assert re.fullmatch(rf"process {os.getpid()} on \S+ since \d\d:\d\d", said)


def test_a_plan_is_sealed_and_its_base_is_found_again(planned: Path) -> None:
    assert list(read_json(planned / SEAL)) == ["comparison.json"]
    record = read_json(planned / "comparison.json")
    write_json(planned / "comparison.json", record | {"base": "/where/it/was"})
    seal(planned, ["comparison.json"])
    again = reopen(planned)
    assert again.base == prepare.prepare(config(), {"grpo"}).base


def test_a_base_is_opened_and_what_was_left_out_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(prepare, "check", opened.append)
    monkeypatch.setattr(prepare, "without_unsafe", lambda asked: (asked, ["humaneval is out"]))
    plan(tmp_path / "c", config(), ARMS, "bench compare")
    assert opened
    assert "humaneval is out" in read_json(tmp_path / "c" / "comparison.json")["notes"]
