"""What a step is, by format, by word and converted."""

import json
from pathlib import Path

import pytest

from srpo_bench.results.importers.units import batches, choose
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import evals, table, take

ROWS = ("grpo,1,0,0.1", "grpo,1,8,0.2")


def unit(out: Path) -> tuple[str, str]:
    run = json.loads((out / "grpo" / "seed-1" / "manifest.json").read_text())
    return run["unit"], json.loads((out / "comparison.json").read_text())["unit"]


def test_a_table_says_nothing_of_its_step_unless_the_user_does(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *ROWS)
    take("csv", path, out=tmp_path / "a")
    assert unit(tmp_path / "a") == ("unstated", "unstated")
    assert evals(tmp_path / "a")[1]["spent"] == {}
    take("csv", path, out=tmp_path / "b", unit="rollout batch", updates_per_step=4)
    assert unit(tmp_path / "b") == ("rollout batch", "rollout batch")
    assert evals(tmp_path / "b")[1]["spent"] == {"updates": 32}
    take("csv", path, out=tmp_path / "c", unit="update", updates_per_step=4)
    assert [(x["step"], x["spent"]["updates"]) for x in evals(tmp_path / "c")] == [(0, 0), (2, 8)]


@pytest.mark.parametrize(
    ("told", "per_step", "each"),
    [("update", None, 1), ("update", 4, 1), ("rollout batch", 4, 4)],
)
def test_a_tables_own_updates_are_those_of_its_steps(
    tmp_path: Path, told: str, per_step: int | None, each: int
) -> None:
    def read(updates: int, name: str) -> None:
        path = table(tmp_path / "a.csv", "grpo,1,0,0.1,", f"grpo,1,8,0.2,{updates}",
                     header="algo,seed,step,accuracy,updates")  # fmt: skip
        take("csv", path, out=tmp_path / name, unit=told, updates_per_step=per_step)

    read(8 * each, "right")
    assert [x["spent"]["updates"] for x in evals(tmp_path / "right")] == [0, 8 * each]
    with pytest.raises(ResultsError, match=rf"step 8 \(line 3\): 5 updates .* {each} a step"):
        read(5, "wrong")
    assert not (tmp_path / "wrong").exists()


def test_arms_may_make_different_updates_a_batch(tmp_path: Path) -> None:
    rows = (f"{arm},1,{step},0.{step}" for arm in ("grpo", "srpo") for step in (0, 4, 8))
    path = table(tmp_path / "a.csv", *rows)
    more = {"unit": "update", "updates_per_step": 1}
    take("csv", path, out=tmp_path / "a", updates_of=["srpo=4"], **more)
    told = {
        arm: [(x["step"], x["spent"]["updates"]) for x in evals(tmp_path / "a", f"{arm}/seed-1")]
        for arm in ("grpo", "srpo")
    }
    assert told == {"grpo": [(0, 0), (4, 4), (8, 8)], "srpo": [(0, 0), (1, 4), (2, 8)]}
    assert unit(tmp_path / "a")[1] == "rollout batch"
    take("csv", path, out=tmp_path / "b", updates_of=["srpo=4"], unit="update")
    assert unit(tmp_path / "b") == ("update", "unstated")  # of the other arm nobody says
    for wrong in ("srpo", "srpo=0", "=4", "srpo=x"):
        with pytest.raises(ResultsError, match=f"takes ARM=N, once an arm, not '{wrong}'"):
            take("csv", path, out=tmp_path / "c", updates_of=[wrong], **more)
    with pytest.raises(ResultsError, match="once an arm, not 'srpo=2'"):
        take("csv", path, out=tmp_path / "c", updates_of=["srpo=4", "srpo=2"], **more)
    with pytest.raises(ResultsError, match="names no arm 'SRPO'; did you mean 'srpo'"):
        take("csv", path, out=tmp_path / "c", updates_of=["SRPO=4"], **more)
    assert not (tmp_path / "c").exists()


def test_a_table_tells_its_updates_where_nobody_else_does(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *(f"{r},{i * 5}" for i, r in enumerate(ROWS)),
                 header="algo,seed,step,accuracy,updates")  # fmt: skip
    take("csv", path, out=tmp_path / "a", unit="rollout batch")
    assert [x["spent"]["updates"] for x in evals(tmp_path / "a")] == [0, 5]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"updates_per_step": 4}, "needs to know what a step is"),
        ({"updates_per_step": 0, "unit": "update"}, "at least 1"),
        ({"unit": "epoch"}, "--unit is 'rollout batch' or update, not 'epoch'"),
        ({"runs": ["grpo/1=x"]}, "--run is for wandb and trackio"),
        ({"on_repeat": "never"}, "--on-repeat is first or last, not 'never'"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, more: dict, said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        take("csv", table(tmp_path / "a.csv", *ROWS), out=tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


def test_a_trainer_is_not_contradicted() -> None:
    assert choose("update", "update", None) == "update"
    with pytest.raises(ResultsError, match="step is one update, not one rollout batch"):
        choose("update", "rollout batch", None)


def test_a_batch_is_spent_with_its_first_update() -> None:
    assert [batches(u, 4) for u in (0, 1, 4, 5, 8)] == [0, 1, 1, 2, 2]
    assert batches(5, None) == 5
