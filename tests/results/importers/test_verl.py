"""verl: lines as its loggers write them (its source's ``concat_dict_to_str``, ``FileLogger``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.importers import verl
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import contract, curve, evals, take

RECORDED = Path(__file__).parents[1] / "recorded"
KEY = "val-core/openai/gsm8k/acc/mean@1"


def steps(last: int = 6, every: int = 2) -> Iterator[tuple[int, dict[str, float]]]:
    """A run of 8 responses a step, 10 prompt and 20 response tokens each, 3.5 s a step."""
    yield 0, {KEY: 0.25, "val-aux/openai/gsm8k/reward/mean@1": 0.2}
    for step in range(1, last + 1):
        metrics: dict[str, float] = {"actor/pg_loss": -0.01, "critic/score/mean": 0.5}
        if step % every == 0:
            metrics[KEY] = 0.25 + step / 16
        metrics |= {
            "training/global_step": step,
            "prompt_length/mean": 10.0,
            "response_length/mean": 20.0,
            "timing_s/gen": 2.0,
            "timing_s/update_actor": 1.5,
            "timing_s/testing": 100.0,
            "timing_s/step": 103.5,
            "perf/total_num_tokens": 240,
        }
        yield step, metrics


def console(path: Path, form: str = "{}", **more: Any) -> Path:
    text = ["Training Progress:   0%|          | 0/6 [00:00<?, ?it/s]"]
    for step, metrics in steps(**more):
        pairs = " - ".join(f"{k}:{form.format(v)}" for k, v in metrics.items())
        text.append(f"\x1b[36m(TaskRunner pid=4242)\x1b[0m step:{step} - {pairs}")
    path.write_text("\n".join(text) + "\n")
    return path


def logger(path: Path, **more: Any) -> Path:
    text = [json.dumps({"step": step, "data": data}) for step, data in steps(**more)]
    path.write_text("\n".join(text) + "\n")
    return path


WANTED = [(0, 0.25), (2, 0.375), (4, 0.5), (6, 0.625)]


@pytest.mark.parametrize("form", ["{}", "np.float64({})"])
def test_the_console(tmp_path: Path, form: str) -> None:
    path = console(tmp_path / "verl_demo.log", form)
    done = take("verl", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == WANTED
    assert done.metric == {"keys": [KEY], "kind": "held-out accuracy", "named_by_user": False}
    assert done.notes.skipped == {
        "other lines of the console": 1,
        "training steps without an evaluation": 3,
    }


def test_the_file_logger_named_by_its_experiment(tmp_path: Path) -> None:
    done = take("verl", logger(tmp_path / "grpo-seed2.jsonl"), out=tmp_path / "out")
    assert done.written.runs == [("grpo", 2)]
    assert curve(tmp_path / "out", "grpo/seed-2") == WANTED


def test_costs_are_those_of_the_steps_without_evaluation(tmp_path: Path) -> None:
    take("verl", f"grpo/1={logger(tmp_path / 'a.jsonl')}", out=tmp_path / "out")
    assert evals(tmp_path / "out")[-1]["spent"] == {
        "responses": 6 * 8,
        "tokens": 6 * 8 * 20,
        "seconds": 6 * 3.5,
    }
    assert contract(tmp_path / "out")["responses_per_step"] == 8


def test_costs_are_unknown_where_steps_are_missing_or_batches_were_thrown_away(
    tmp_path: Path,
) -> None:
    path = logger(tmp_path / "a.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    take("verl", f"grpo/1={path}", out=tmp_path / "gap")
    assert evals(tmp_path / "gap")[-1]["spent"] == {}
    path.write_text("".join(lines).replace('"timing_s/gen"', '"train/num_gen_batches": 2, "x"'))
    take("verl", f"grpo/1={path}", out=tmp_path / "dapo")
    assert evals(tmp_path / "dapo")[-1]["spent"] == {"seconds": 6 * 1.5}


def test_older_keys_and_several_data_sets(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(
        "step:0 - val/test_score/openai/gsm8k:0.100 - val/test_score/math:0.300\n"
        "step:5 - actor/lr(1e-4):0.01 - val/test_score/openai/gsm8k:0.2 - val/test_score/math:0.4\n"
    )
    done = take("verl", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(0, 0.2), (5, 0.3)]
    assert evals(tmp_path / "out")[0]["tasks"]["openai/gsm8k"]["accuracy"] == 0.1
    assert done.metric["kind"] == "held-out reward"


def test_a_score_of_all_data_sets_is_no_data_set(tmp_path: Path) -> None:
    def log(*names: str) -> Path:
        path = tmp_path / "grpo-seed1.log"
        scores = " - ".join(f"val-core/{name}/acc/mean@1:0.5" for name in names)
        path.write_text(f"step:0 - {scores}\n")
        return path

    with pytest.raises(ResultsError, match="'val-core/all/acc/mean@1' sums up the others"):
        take("verl", log("gsm8k", "math", "all"), out=tmp_path / "none")
    keys = [f"val-core/{name}/acc/mean@1" for name in ("gsm8k", "math")]
    take("verl", log("gsm8k", "math", "all"), out=tmp_path / "two", metrics=keys)
    assert set(evals(tmp_path / "two")[0]["tasks"]) == set(keys)
    take("verl", log("all"), out=tmp_path / "one")  # there are no others


def test_a_line_that_was_cut_off_is_counted(tmp_path: Path) -> None:
    path = console(tmp_path / "a.log")
    path.write_text(path.read_text() + f"step:8 - {KEY}:0.8")
    done = take("verl", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == WANTED
    assert done.notes.skipped["torn last line (no line end)"] == 1


def test_the_log_of_a_resumed_run_may_lie_in_two_files(tmp_path: Path) -> None:
    lines = logger(tmp_path / "a.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_text("".join(lines[:4]))
    (tmp_path / "b.jsonl").write_text("".join(lines[4:]))
    files = [f"grpo/1={tmp_path / name}" for name in ("a.jsonl", "b.jsonl")]
    take("verl", *files, out=tmp_path / "out")
    assert curve(tmp_path / "out") == WANTED
    assert evals(tmp_path / "out")[-1]["spent"]["seconds"] == 6 * 3.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing here\n", "holds no metrics; is it a log of verl's"),
        ('{"step": 1}\n', "line 1: not a line of verl's file logger"),
        ('{"step": 1.5, "data": {}}\n', "line 1: step must be a whole number"),
        ('{"step": 0, "data": {"critic/score/mean": 0.5}}\n', "no held-out accuracy"),
        (f'{{"step": 0, "data": {{"{KEY}": null}}}}\n', "line 1: .* is empty or NaN"),
        (f"step:0 - {KEY}:-0.5\n", "line 1: .* must lie between 0 and 1"),
        (f"step:0 - {KEY}:0.5\nstep:0 - {KEY}:0.6\n", "line 1 and .* line 2 tell grpo"),
        (
            f"step:0 - {KEY}:0.5\nstep:5 - {KEY.replace('@1', '@8')}:0.6\n",
            "line 2: the accuracy of openai/gsm8k is .*@8' here and .*@1' before",
        ),
        (f"step:0 - {KEY}:0.5\nstep:5 - {KEY}:0.6(Worker pid=7) hello\n", "line 2: .* be a number"),
        ("", "is empty"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.log"
    path.write_text(text)
    with pytest.raises(ResultsError, match=said):
        take("verl", f"grpo/1={path}", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_responses_are_whole_but_for_a_thousandth() -> None:
    """Of 40 tokens each."""
    for ratio, responses in ((10.0, 10), (10.009, 10), (9.992, 10), (10.015, None), (9.985, None)):
        values = {"perf/total_num_tokens": 40 * ratio, "prompt_length/mean": 10,
                  "response_length/mean": 30}  # fmt: skip
        found = verl._generated(values)
        assert found.get("responses") == responses
        assert responses is None or found["tokens"] == round(ratio * 30)


def test_what_is_not_told_is_not_counted() -> None:
    told = {"perf/total_num_tokens": 400, "prompt_length/mean": 10, "response_length/mean": 30}
    assert verl._generated(told) == {"responses": 10, "tokens": 300}
    for name in told:
        assert verl._generated(told | {name: None}) == verl._generated(told | {name: "400"}) == {}
    assert verl._generated(told | {"train/num_gen_batches": 2}) == {}


def test_a_reward_stands_where_there_is_no_accuracy() -> None:
    key = "val-core/gsm8k/reward/mean@4"
    others = {"val-core/gsm8k/reward/best@4/mean": 0.7, f"{key}/std": 0.1}
    assert verl.scores({key: 0.5, **others}) == {"gsm8k": key}


def test_what_a_row_cost() -> None:
    """Of a row that tells of no training nothing; of several steps something that is not known."""
    assert verl.cost({KEY: 0.5}, 1) is None
    assert verl.cost({"timing_s/gen": 2.0, "timing_s/ref": None, "timing_s/adv": 0.5}, 1) == {
        "seconds": 2.5
    }
    assert verl.cost({"timing_s/gen": 2.0}, 2) == {}


def test_a_name_may_hold_a_colon() -> None:
    """And what is no number is kept as it is, to be told of where it is needed."""
    assert verl._pairs("a:b:0.5 - c:1 - d - e:x") == {"a:b": 0.5, "c": 1.0, "e": "x"}


def test_two_accuracies_of_one_data_set_are_the_users_choice() -> None:
    """Else the later one would stand for it without a word."""
    keys = [f"val-core/openai/gsm8k/acc/mean@{k}" for k in (1, 8)]
    with pytest.raises(ValueError, match=r"mean@1' and '.*mean@8' are both there: name one with"):
        verl.scores(dict.fromkeys(keys, 0.5))
    assert verl.scores({keys[0]: 0.5, "val-core/other/acc/mean@8": 0.5}) == {
        "openai/gsm8k": keys[0],
        "other": "val-core/other/acc/mean@8",
    }


@pytest.mark.parametrize("task", ["openai/gsm8k", "HuggingFaceH4/MATH-500"])
def test_rewards_of_minus_one_and_one_are_no_share_that_is_right(tmp_path: Path, task: str) -> None:
    """Of a log that verl wrote; where the mean is not below 0, its deviation tells."""
    lines = (RECORDED / "verl.jsonl").read_text().splitlines(keepends=True)
    path = tmp_path / "a.jsonl"
    path.write_text(lines[4])
    key, right = f"val-aux/{task}/reward/mean@4", f"val-core/{task}/acc/mean@4"
    with pytest.raises(ResultsError, match=f"'{key}' is no share that is right: .*std@4' is 0[.]"):
        take("verl", f"grpo/1={path}", out=tmp_path / "out", metrics=[key])
    take("verl", f"grpo/1={path}", out=tmp_path / "right", metrics=[right])
    assert curve(tmp_path / "right") == [(4, pytest.approx(0.75 if "MATH" in task else 0.541667))]


def test_training_rewards_below_zero_are_told_beside_a_reward(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    old = "val/test_score/openai/gsm8k"
    path.write_text(f"step:1 - critic/score/min:-1.0\nstep:2 - critic/score/min:-0.5 - {old}:0.3\n")
    done = take("verl", f"grpo/1={path}", out=tmp_path / "out")
    assert [d for d in done.notes.doubts if "training rewards go down to -1 " in d and old in d]
    path.write_text(path.read_text().replace(old, KEY))
    done = take("verl", f"grpo/1={path}", out=tmp_path / "acc")
    assert not [d for d in done.notes.doubts if "training rewards" in d]
