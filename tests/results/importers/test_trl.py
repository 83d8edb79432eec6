"""TRL: a trainer_state.json that TRL 1.16 wrote, and broken ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.importers import trl
from srpo_bench.results.importers.record import Notes
from srpo_bench.results.importers.trl import cost, newest, rows, scores
from srpo_bench.results.runs import read
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import contract, curve, evals, take

REAL = Path(__file__).parents[1] / "recorded" / "trl.json"


def state(path: Path, **changes: Any) -> Path:
    """The real file with some things changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(json.loads(REAL.read_text()) | changes))
    return path


def test_the_real_file(tmp_path: Path) -> None:
    done = take("trl", f"grpo/1={REAL}", out=tmp_path / "out")
    logged = json.loads(REAL.read_text())["log_history"]
    wanted = [(x["step"], round(x["eval_reward"], 6)) for x in logged if "eval_reward" in x]
    assert curve(tmp_path / "out") == wanted
    assert [step for step, _ in wanted] == [0, 4, 8]
    known = contract(tmp_path / "out")
    assert (known["steps"], known["eval_every"]) == (8, 4)
    assert known["base_sha256"] is None
    assert done.metric == {
        "keys": ["eval_rewards/task_reward/mean"],
        "kind": "held-out reward",
        "named_by_user": False,
    }
    assert done.notes.skipped == {"training steps without an evaluation": 8}
    times = [x["step_time"] for x in logged if "step_time" in x]
    assert evals(tmp_path / "out")[-1]["spent"] == {
        "seconds": pytest.approx(sum(times)),
        "updates": 8,
    }
    assert read(tmp_path / "out").runs[0].state == "done"


def test_arm_and_seed_by_path_and_an_output_folder_with_checkpoints(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "srpo" / "seed-3"
    state(folder / "checkpoint-4" / "trainer_state.json", global_step=4)
    state(folder / "checkpoint-12" / "trainer_state.json", global_step=8)
    done = take("trl", folder, out=tmp_path / "out")
    assert done.written.runs == [("srpo", 3)]
    assert done.written.unfinished == []


def test_a_log_that_ends_before_its_budget_is_not_finished(tmp_path: Path) -> None:
    path = state(tmp_path / "s.json", max_steps=20)
    done = take("trl", f"grpo/1={path}", out=tmp_path / "out")
    assert done.written.unfinished == ["grpo/seed-1"]
    run = read(tmp_path / "out").runs[0]
    assert (run.state, run.reason) == ("stopped", "the log ends at step 8 of 20")


def test_of_two_logs_of_a_run_the_one_that_goes_further_tells_its_budget(tmp_path: Path) -> None:
    """In any order, as a shell's is that lists checkpoint-100 before checkpoint-50."""
    logged = json.loads(REAL.read_text())["log_history"]
    half = [entry for entry in logged if entry["step"] <= 4]
    part = state(tmp_path / "a.json", log_history=half, global_step=4, max_steps=4)
    whole = state(tmp_path / "b.json")
    for name, files in (("ab", (part, whole)), ("ba", (whole, part))):
        done = take("trl", *(f"grpo/1={file}" for file in files), out=tmp_path / name)
        assert done.written.unfinished == []
        assert contract(tmp_path / name)["steps"] == 8


def test_a_folder_whose_own_log_ends_before_a_checkpoint_is_refused(tmp_path: Path) -> None:
    """Training that was taken up again and not ended leaves the first one's beside it."""
    folder = tmp_path / "grpo" / "seed-1"
    for step in (4, 8, 12):
        state(folder / f"checkpoint-{step}" / "trainer_state.json", global_step=step, max_steps=12)
    state(folder / "trainer_state.json")
    with pytest.raises(ResultsError, match=r"ends at step 8, and .*checkpoint-12 goes on: name"):
        take("trl", folder, out=tmp_path / "out")
    take("trl", folder / "trainer_state.json", out=tmp_path / "own")
    state(folder / "trainer_state.json", global_step=12, max_steps=12)
    take("trl", folder, out=tmp_path / "out")


def test_a_budget_is_its_own_runs(tmp_path: Path) -> None:
    bound, free = (state(tmp_path / f"{n}.json", max_steps=n) for n in (20, -1))
    done = take("trl", f"grpo/1={bound}", f"srpo/1={free}", out=tmp_path / "out")
    assert done.written.unfinished == ["grpo/seed-1"]


def test_a_log_beyond_its_budget_is_doubted(tmp_path: Path) -> None:
    """A budget of one step, too; 0 and -1 are TRL's words for none."""
    for budget, doubted in ((1, True), (7, True), (8, False), (0, False), (-1, False)):
        notes = Notes()
        path = state(tmp_path / "s.json", max_steps=budget)
        rows = list(trl.rows(path, notes))
        assert len(rows) == len(json.loads(REAL.read_text())["log_history"])
        said = [f"{path}: global_step 8 is beyond max_steps {budget}, so its budget is not known."]
        assert notes.doubts == (said if doubted else [])
        assert notes.facts == {"last_step": 8} | ({"steps": 8} if budget == 8 else {})


def test_a_training_reward_is_no_held_out_accuracy(tmp_path: Path) -> None:
    training = [{"step": 1, "reward": 0.5, "loss": 0.0}, {"step": 2, "reward": 0.6, "loss": 0.0}]
    path = state(tmp_path / "s.json", log_history=training)
    with pytest.raises(ResultsError, match=r"holds no held-out accuracy.*--metric KEY.*reward"):
        take("trl", f"grpo/1={path}", out=tmp_path / "out")
    done = take("trl", f"grpo/1={path}", out=tmp_path / "out", metrics=["reward"])
    assert done.metric["kind"] == "training reward"
    assert done.written.without_start == ["grpo/seed-1"]


def test_what_is_taken_for_the_accuracy() -> None:
    both = {"eval_rewards/accuracy_reward/mean": 1, "eval_rewards/format_reward/mean": 1}
    assert scores(both) == {"": "eval_rewards/accuracy_reward/mean"}
    assert scores({"eval_accuracy": 1, **both}) == {"": "eval_accuracy"}
    assert scores({"eval_mean_token_accuracy": 1, "eval_accuracy_std": 1}) == {}
    sets = {task: f"eval_{task}_accuracy" for task in ("math", "code")}
    assert scores(dict.fromkeys(sets.values(), 1)) == sets
    named = {f"eval_rewards/{name}Reward/mean": 1 for name in ("Format", "Accuracy")}
    assert scores(named) == {"": "eval_rewards/AccuracyReward/mean"}
    assert scores({"eval_math_rewards/f/mean": 1}) == {"math": "eval_math_rewards/f/mean"}
    for said in ("loss", "runtime"):
        values = {f"eval_math_{said}": 1, "eval_rewards/f/mean": 1}
        assert scores(values) == {"math": "eval_rewards/f/mean"}
    assert scores({"reward": 1, "rewards/f/mean": 1}) == {}
    for name in ("tool_access", "format_accuracy", "accumulated", "vaccine"):
        with pytest.raises(ValueError, match="none is clearly the accuracy"):
            scores({f"eval_rewards/{name}/mean": 1, "eval_rewards/correctness/mean": 1})
    for name in ("acc", "math_acc", "accReward", "information_accuracy", "accuracyreward"):
        wanted = f"eval_rewards/{name}/mean"
        assert scores({wanted: 1, "eval_rewards/length/mean": 1}) == {"": wanted}
    with pytest.raises(ValueError, match=r"'eval_math_rewards/f/mean' and 'eval_rewards/f/mean'"):
        scores({"eval_rewards/f/mean": 1, "eval_math_rewards/f/mean": 1})
    with pytest.raises(ValueError, match=r"'eval_format_accuracy' and 'eval_accuracy' are both"):
        scores({"eval_accuracy": 1, "eval_format_accuracy": 1})
    with pytest.raises(ValueError, match=r"name one with --metric \(eval_rewards/a/mean"):
        scores({"eval_rewards/a/mean": 1, "eval_rewards/b/mean": 1})


def test_several_data_sets_make_one_evaluation(tmp_path: Path) -> None:
    history = [
        {"step": step, f"eval_{task}_rewards/f/mean": value}
        for step, values in ((0, (0.1, 0.3)), (5, (0.2, 0.6)))
        for task, value in zip(("math", "code"), values, strict=True)
    ]
    path = state(tmp_path / "s.json", log_history=history)
    take("trl", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(0, 0.2), (5, 0.4)]
    assert evals(tmp_path / "out")[1]["tasks"]["code"]["accuracy"] == 0.6
    path = state(tmp_path / "s.json", log_history=history[:-1])
    with pytest.raises(ResultsError, match=r"step 0 is scored on code, math, .*step 5 on math"):
        take("trl", f"grpo/1={path}", out=tmp_path / "other")


@pytest.mark.parametrize("named", [False, True])
def test_an_evaluation_on_training_problems_is_not_held_out(tmp_path: Path, named: bool) -> None:
    """eval_dataset={"train": …, "test": …}: named in the metric, or beside it as TRL 1.16 does."""
    history = [
        {"step": step, f"eval_{task}_runtime": 1.0}
        | {"eval_rewards/accuracy/mean" if named else f"eval_{task}_accuracy": right}
        for step, rights in ((0, (0.5, 0.1)), (8, (0.9, 0.3)))
        for task, right in zip(("train", "test"), rights, strict=True)
    ]
    path = state(tmp_path / "s.json", log_history=history)
    done = take("trl", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(0, 0.1), (8, 0.3)]
    assert done.notes.skipped == {"evaluations on training problems (train)": 2}
    assert done.metric["kind"] == ("held-out reward" if named else "held-out accuracy")
    path = state(tmp_path / "s.json", log_history=history[::2])
    with pytest.raises(ResultsError, match="holds no held-out accuracy that is known as one"):
        take("trl", f"grpo/1={path}", out=tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("[]", "holds no JSON object"),
        ("{}", "has no log_history"),
        ('{"log_history": []}', "global_step is empty"),
        ('{"log_history": [{"eval_reward": 1}]}', "log entry 1: no step"),
        ('{"log_history": [5]}', "log entry 1: no step"),
        ('{"log_history": [{"step": 1.5}]}', "log entry 1: step must be a whole number"),
        ('{"log_history": [{"step": 1} 2]}', "no JSON"),
        ('{"log_history" 3}', "no JSON"),
        (REAL.read_text()[:5000], "ends in the middle: it was cut off"),
        ('{"a": "' + "x" * 3_000_000 + '"}', "far too long"),
        ('{"a": ' + "[" * 100_000, "no JSON"),
        ("\x00\x01", "holds no JSON object"),
        (
            '{"log_history": [{"step": 1, "eval_accuracy": 3}], "global_step": 1, "max_steps": 1}',
            "log entry 1: 'eval_accuracy' must lie between 0 and 1",
        ),
        (
            '{"log_history": [{"step": 1, "eval_accuracy": NaN}], "global_step": 1}',
            "'eval_accuracy' is empty or NaN",
        ),
    ],
)
def test_broken_files_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(ResultsError, match=said):
        take("trl", f"grpo/1={path}", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_a_row_cost() -> None:
    assert cost({"loss": 1.0, "step_time": 2.5}, 4) == {"seconds": 10.0}
    assert cost({"reward": 1.0, "step_time": 2.5}, 1) == {"seconds": 2.5}
    assert cost({"reward": 1.0}, 4) == cost({"loss": 1.0, "step_time": math.nan}, 1) == {}
    assert cost({"eval_loss": 1.0, "step_time": 2.5}, 4) is None


def test_the_newest_state_of_a_folder(tmp_path: Path) -> None:
    for name in ("checkpoint-9", "checkpoint-10", "checkpoint-last"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer_state.json").write_text("{}")
    (tmp_path / "checkpoint-11").mkdir()
    assert newest(tmp_path) == tmp_path / "checkpoint-10" / "trainer_state.json"
    own = tmp_path / "trainer_state.json"
    own.write_text("{}")
    assert newest(tmp_path) == newest(own) == own
    (tmp_path / "empty").mkdir()
    assert newest(tmp_path / "empty").name == "trainer_state.json"


def test_a_checkpoint_of_one_digit_is_one(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "checkpoint-5" / "trainer_state.json").touch()
    assert newest(tmp_path) == tmp_path / "checkpoint-5" / "trainer_state.json"


def test_a_budget_of_one_step_is_one(tmp_path: Path) -> None:
    history = {"log_history": [{"step": 1, "loss": 1}], "global_step": 1, "max_steps": 1}
    (tmp_path / "s.json").write_text(json.dumps(history))
    notes = Notes()
    list(rows(tmp_path / "s.json", notes))
    assert (notes.facts, notes.doubts) == ({"last_step": 1, "steps": 1}, [])


@pytest.mark.parametrize(
    ("mean", "deviation", "scale", "refused"),
    [
        (0.5, 0.7071, 1.0, False),  # one right of two
        (0.5, 0.71, 1.0, True),
        (0.2, 0.98, 1.0, True),  # six in ten times 1, else -1
        (0.0, 0.0, 1.0, False),
        (1.0, 0.5, 1.0, True),
        (50.0, 70.7, 0.01, False),  # in percent
        (50.0, 71.0, 0.01, True),
        (0.5, math.nan, 1.0, False),
    ],
)
def test_a_mean_is_held_against_the_deviation_beside_it(
    tmp_path: Path, mean: float, deviation: float, scale: float, refused: bool
) -> None:
    name = "eval_rewards/task_reward/"
    entry = {"step": 4, f"{name}mean": mean, f"{name}std": deviation}
    path = state(tmp_path / "s.json", log_history=[entry])
    if refused:
        with pytest.raises(ResultsError, match="is no share that is right"):
            take("trl", f"grpo/1={path}", out=tmp_path / "out", scale=scale)
    else:
        take("trl", f"grpo/1={path}", out=tmp_path / "out", scale=scale)
        assert curve(tmp_path / "out") == [(4, mean * scale)]


def test_the_sum_of_rewards_has_its_deviation_under_its_own_name(tmp_path: Path) -> None:
    entry = {"step": 4, "eval_reward": 0.9, "eval_reward_std": 0.8}
    path = state(tmp_path / "s.json", log_history=[entry])
    with pytest.raises(ResultsError, match=r"'eval_reward_std' is 0.8, .* 0.9 have 0.424 at most"):
        take("trl", f"grpo/1={path}", out=tmp_path / "out", metrics=["eval_reward"])
