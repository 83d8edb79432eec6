from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.arms import parse_arms
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.tuning import search
from srpo_bench.harness.tuning.apply import read_tuned, settings_of, used
from srpo_bench.harness.tuning.grid import Candidate, grid, order, read_params
from srpo_bench.harness.tuning.search import choose, timed, tune
from srpo_bench.results.store import append_line, write_json

SMALL = {
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 8},
    "evaluation": {"problems": 1, "every": 5},
    "seeds": [101, 102],
    "steps": 10,
}


def values(candidates: list[Candidate]) -> list[tuple[str, dict[str, Any]]]:
    return [(c.algorithm, dict(c.values)) for c in candidates]


def test_params_are_read_as_numbers() -> None:
    assert read_params(["optim.lr=1e-4,2e-4", "grpo.beta=0,0.04"]) == {
        "optim.lr": [1e-4, 2e-4],
        "grpo.beta": [0, 0.04],
    }


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "nothing to tune"),
        (["optim.lr"], "takes path=value"),
        (["lr=1"], "takes path=value"),
        (["optim.lr="], "takes path=value"),
        (["optim.lr=1e-4,0.0001"], "appears twice"),
        (["optim.lr=1", "optim.lr=2"], "appears twice"),
    ],
)
def test_params_that_are_none_are_refused(texts: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_params(texts)


def test_the_grid_is_full_and_an_algorithms_own_settings_are_its_own() -> None:
    found = grid(["grpo", "srpo"], {"optim.lr": [1, 2], "grpo.beta": [0, 3]})
    assert values(found) == [
        ("grpo", {"optim.lr": 1, "grpo.beta": 0}),
        ("grpo", {"optim.lr": 1, "grpo.beta": 3}),
        ("grpo", {"optim.lr": 2, "grpo.beta": 0}),
        ("grpo", {"optim.lr": 2, "grpo.beta": 3}),
        ("srpo", {"optim.lr": 1}),
        ("srpo", {"optim.lr": 2}),
    ]
    assert [c.name for c in found][:2] == ["grpo-1", "grpo-2"]
    assert (found[3].shared, found[3].own) == ({"optim.lr": 2}, {"beta": 3})


def test_a_challenger_is_never_searched_more_than_the_baseline() -> None:
    with pytest.raises(UserError, match="srpo would try 4 candidates and grpo, the baseline, 2"):
        grid(["grpo", "srpo"], {"optim.lr": [1, 2], "srpo.half_life": [1, 2]})
    even = {"optim.lr": [1, 2], "srpo.half_life": [1, 2], "grpo.beta": [0, 1]}
    assert len(grid(["grpo", "srpo"], even)) == 8


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("evaluation.k", "what candidates are scored by"),
        ("data.pool_size", "what candidates are scored by"),
        ("optimm.lr", "did you mean 'optim'"),
        ("srpo.half_life", "Unknown setting to tune"),
    ],
)
def test_what_cannot_be_tuned_is_refused(path: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        grid(["grpo"], {path: [1, 2]})


def test_grpo_is_the_baseline_wherever_it_stands() -> None:
    assert order(["srpo", "dapo", "grpo"]) == ["grpo", "srpo", "dapo"]
    with pytest.raises(UserError, match="appears twice"):
        order(["grpo", "srpo", "grpo"])


def scored(*scores: Sequence[float | None]) -> list[Candidate]:
    """grpo at lr 1 and 2, then srpo at lr 1 and 2 with half-life 1 and 2."""
    points = grid(
        ["grpo", "srpo"],
        {"optim.lr": [1, 2], "grpo.beta": [0, 1], "srpo.half_life": [1, 2]},
    )
    return [replace(c, scores=s) for c, s in zip(points, scores, strict=True)]


def test_the_baselines_best_fixes_what_is_shared() -> None:
    grpo: list[Sequence[float | None]] = [[0.5, 0.5], [0.4, 0.4], [0.6, 0.8], [0.1, 0.1]]
    srpo: list[Sequence[float | None]] = [[0.9, 0.9], [0.9, 0.9], [0.2, 0.2], [0.3, 0.3]]
    best = choose(scored(*grpo, *srpo))
    assert dict(best["grpo"].values) == {"optim.lr": 2, "grpo.beta": 0}
    assert dict(best["srpo"].values) == {"optim.lr": 2, "srpo.half_life": 2}  # not its own 0.9


def test_a_failed_run_rules_a_candidate_out_and_of_equals_the_first_is_taken() -> None:
    best = choose(
        scored([0.9, None], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], *([[0.3, 0.3]] * 4)),
    )
    assert best["grpo"].number == 2
    assert best["srpo"].number == 1
    with pytest.raises(UserError, match="srpo that could be chosen has a failed run"):
        choose(scored(*([[0.5, 0.5]] * 4), *([[None, 0.3]] * 2), *([[0.9, 0.9]] * 2)))


def test_the_fewest_steps_to_the_target_win_over_the_highest_end() -> None:
    ends: list[Sequence[float | None]] = [[0.9, 0.9], [0.8, 0.8], [0.7, 0.7], [0.95, 0.95]]
    points = scored(*ends, *ends)
    steps = [40.0, 30.0, None, 35.0, 20.0, 21.0, 3.0, None]
    best = choose([replace(c, steps=s) for c, s in zip(points, steps, strict=True)])
    assert best["grpo"].number == 2
    assert best["srpo"].number == 1  # the third was quicker at another shared rate
    none = choose([replace(c, steps=None) for c in points])
    assert none["grpo"].number == 4  # where nobody arrives, by the end


def test_a_candidate_with_a_failed_run_does_not_win_by_speed() -> None:
    points = scored([0.9, None], *([[0.5, 0.5]] * 7))
    assert choose([replace(points[0], steps=1.0), *points[1:]])["grpo"].number == 2


def test_each_arms_own_rate_is_tuned_and_used(tmp_path: Path) -> None:
    """grpo-1 ends highest and fixes the target; srpo is quick at another rate than grpo."""
    params = {"grpo.optim.lr": [1e-4, 2e-4], "srpo.optim.lr": [1e-4, 2e-4]}
    when = {"grpo-1": 3, "grpo-2": 8, "srpo-1": 8, "srpo-2": 3}

    told: list[str] = []

    def run(comparison: PlannedComparison, which: str) -> None:
        told.append(which)
        for one in comparison.runs:
            write_json(one.folder / "status.json", {"state": "done"})
            for step in range(11):
                accuracy = 0.9 if step > when[comparison.folder.name] else 0.1
                append_line(one.folder / "evals.jsonl", {"step": step, "accuracy": accuracy})

    record = tune(tmp_path / "t", SMALL, grid(["grpo", "srpo"], params), "bench tune …", run)
    assert told[0] == "1 of 4: grpo with grpo.optim.lr=0.0001"
    assert told[3] == "4 of 4: srpo with srpo.optim.lr=0.0002"
    assert [c["steps"] for c in record["candidates"]] == [
        pytest.approx(when[c["name"]] + 1, abs=1) for c in record["candidates"]
    ]
    assert settings_of(record)["algorithms"] == {
        "grpo": {"optim": {"lr": 1e-4}},
        "srpo": {"optim": {"lr": 2e-4}},
    }
    arms = parse_arms(["grpo", "srpo"], settings_of(record)["algorithms"])
    assert [arm.optim.lr for arm in arms] == [1e-4, 2e-4]
    used(record, compared(), arms)
    other = parse_arms(["grpo", "srpo"], {"srpo": {"optim": {"lr": 3e-4}}})
    with pytest.raises(UserError, match="of grpo, of srpo"):
        used(record, compared(), other)


def finish(accuracy: dict[str, float]) -> Any:
    """Stands in for training: writes the records that a run of this accuracy leaves."""

    def run(comparison: PlannedComparison, which: str) -> None:
        for run in comparison.runs:
            if (run.folder / "status.json").exists():
                continue
            write_json(run.folder / "status.json", {"state": "done"})
            end = accuracy[comparison.folder.name] + 0.01 * run.seed / 101
            for step, value in ((0, 0.1), (5, end), (10, end)):
                append_line(run.folder / "evals.jsonl", {"step": step, "accuracy": value})

    return run


ACCURACY = {"grpo-1": 0.5, "grpo-2": 0.7, "grpo-3": 0.6, "grpo-4": 0.4}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    params = {"optim.lr": [1e-4, 2e-4], "grpo.beta": [0.0, 0.04]}
    candidates = grid(["grpo"], params)
    folder = tmp_path_factory.mktemp("once") / "t"
    tune(folder, SMALL, candidates, "bench tune …", finish(ACCURACY))
    return folder


@pytest.fixture
def tuned(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path / "t"))


def test_what_was_tried_and_what_was_chosen_is_recorded(tuned: Path) -> None:
    record = read_tuned(tuned)
    assert record["budget"] == {"grpo": {"candidates": 4, "runs": 8}}
    assert [c["chosen"] for c in record["candidates"]] == [False, True, False, False]
    assert record["candidates"][1]["mean"] == pytest.approx(0.71, abs=1e-3)
    assert settings_of(record) == {
        "optim": {"lr": 1e-4},
        "algorithms": {"grpo": {"beta": 0.04}},
    }


def test_a_run_that_failed_has_no_score(tuned: Path) -> None:
    comparison = read_planned(tuned / "grpo-2")
    candidate, first = Candidate("grpo", 2, {}), comparison.runs[0]
    write_json(first.folder / "status.json", {"state": "failed"})
    assert search._scored(candidate, comparison).scores == [None, pytest.approx(0.71, abs=1e-3)]


def test_a_record_is_of_the_first_candidates_method_and_holds_what_json_holds(
    tmp_path: Path,
) -> None:
    settings = Config.model_validate(SMALL | {"data": {"data_dir": "d"}, "optim": {"lr": 1e-4}})
    both = [Candidate("grpo", 1, {}), Candidate("srpo", 1, {})]
    record = search._write(tmp_path, settings, both, {}, "")
    assert (record["baseline"], record["chosen"]) == ("grpo", None)
    assert record["settings"]["data.data_dir"] == "d"
    assert record["settings"]["optim.lr"] == 1e-4


def test_another_grid_in_the_same_folder_is_refused(tuned: Path) -> None:
    fewer = grid(["grpo"], {"optim.lr": [1e-4]})
    with pytest.raises(UserError, match="tuning of another grid"):
        tune(tuned, SMALL, fewer, "", finish(ACCURACY))


def test_a_setting_that_is_wrong_leaves_nothing_behind(tmp_path: Path) -> None:
    wrong = grid(["grpo"], {"grpo.beta": [0.0, -1.0]})
    with pytest.raises(UserError, match="beta"):
        tune(tmp_path / "t", SMALL, wrong, "", finish(ACCURACY))
    assert not (tmp_path / "t").exists()


def test_an_unfinished_tuning_cannot_be_used(tmp_path: Path) -> None:
    def stop(comparison: PlannedComparison, which: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(UserError, match="holds no tuning"):
        read_tuned(tmp_path)
    candidates = grid(["grpo"], {"optim.lr": [1e-4, 2e-4]})
    with pytest.raises(KeyboardInterrupt):
        tune(tmp_path / "t", SMALL, candidates, "bench tune --out t", stop)
    with pytest.raises(UserError, match="not finished; go on with: bench tune --out t"):
        read_tuned(tmp_path / "t")
    tune(tmp_path / "t", SMALL, candidates, "bench tune --out t", finish(ACCURACY))
    record = read_tuned(tmp_path / "t")
    assert record["chosen"]["shared"] == {"optim.lr": 2e-4}
    assert record["settings"]["optim.lr"] == 1e-4  # the first candidate's


def test_a_run_that_was_stopped_is_no_failed_one(tmp_path: Path) -> None:
    """The candidate that a stop file held up is the better one, and nothing is chosen before."""
    candidates = grid(["grpo"], {"optim.lr": [1e-4, 2e-4]})

    def held_up(comparison: PlannedComparison, which: str) -> None:
        finish(ACCURACY)(comparison, which)
        if comparison.folder.name == "grpo-2":
            write_json(comparison.runs[1].folder / "status.json", {"state": "stopped"})

    said = r"1 of 2 runs in .*grpo-2 were stopped: grpo/seed-102\. Go on with: bench tune --out t"
    with pytest.raises(UserError, match=said):
        tune(tmp_path / "t", SMALL, candidates, "bench tune --out t", held_up)
    with pytest.raises(UserError, match="not finished; go on with: bench tune --out t"):
        read_tuned(tmp_path / "t")


def compared(**changes: Any) -> Config:
    return Config.model_validate(SMALL | {"seeds": [1, 2], "optim": {"lr": 1e-4}} | changes)


def test_what_a_comparison_keeps_of_it(tuned: Path) -> None:
    arms = parse_arms(["grpo", "srpo"], settings_of(read_tuned(tuned))["algorithms"])
    kept = used(read_tuned(tuned), compared(steps=20), arms)
    assert kept["untuned"] == ["srpo"]
    assert kept["differs"] == {"steps": [10, 20]}
    assert len(kept["candidates"]) == 4
    json.dumps(kept)


def test_an_arm_with_another_sampler_is_another_method() -> None:
    chosen = {"grpo": {"beta": 0.1}, "grpo+dps": {"decay": 0.7}, "speed": {"screening": 0.7}}
    record = {
        "seeds": [101], "settings": {}, "budget": dict.fromkeys(chosen),
        "chosen": {"shared": {}, "algorithms": chosen},
    }  # fmt: skip
    names = ["grpo", "x=grpo+dps", "grpo+npr", "speed"]
    arms = parse_arms(names, settings_of(record)["algorithms"])
    assert arms[1].settings | arms[1].sampler_settings == {"beta": 0.1, "decay": 0.7}
    assert used(record, compared(), arms)["untuned"] == ["grpo+npr"]
    for name, setting in (("grpo+dps", "decay"), ("speed", "screening")):
        other = parse_arms([name], {name: {setting: 0.6}})
        with pytest.raises(UserError, match=rf"of {name.replace('+', '.')}\)"):
            used(record, compared(), other)


def test_seeds_that_were_tuned_on_are_refused(tuned: Path) -> None:
    with pytest.raises(UserError, match="Seed 102 was tuned on"):
        used(read_tuned(tuned), compared(seeds=[1, 102]), [])


def test_a_tuned_setting_that_is_set_otherwise_is_refused(tuned: Path) -> None:
    record = read_tuned(tuned)
    with pytest.raises(UserError, match=r"another value here \(optim\.lr\)"):
        used(record, compared(optim={"lr": 3e-4}), [])
    other = parse_arms(["mine=grpo"], {"mine": {"beta": 0.0}})
    with pytest.raises(UserError, match="of mine"):
        used(record, compared(), other)


def test_records_of_a_tuning_that_are_none(tmp_path: Path) -> None:
    candidates = grid(["grpo"], {"optim.lr": [1e-4]})
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for name in ("file", "full"):
        with pytest.raises(UserError, match=f"{name} is not empty and holds no tuning"):
            tune(tmp_path / name, SMALL, candidates, "", finish(ACCURACY))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "tuning.json").write_text("{")
    with pytest.raises(UserError, match=r"tuning\.json cannot be read"):
        tune(tmp_path / "torn", SMALL, candidates, "", finish(ACCURACY))
    with pytest.raises(UserError, match=r"tuning\.json cannot be read"):
        read_tuned(tmp_path / "torn")


def test_without_a_whole_candidate_of_the_baseline_there_is_no_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And with one, its curve makes it, whatever a candidate with a failed run has reached."""
    curves = {0: [([0, 10], [0.0, 0.9])], 1: [([0, 10], [0.0, 0.5])], 2: [([0, 10], [0.0, 0.7])]}
    monkeypatch.setattr("srpo_bench.harness.tuning.search._curves", lambda i: curves[i])
    monkeypatch.setattr(
        "srpo_bench.results.statistics.pace.target_of", lambda found: found[0][1][1]
    )
    monkeypatch.setattr(
        "srpo_bench.results.statistics.pace.steps_to", lambda found, target: (found, target)
    )
    one: Any = SimpleNamespace(config=SimpleNamespace(targets=()))

    class Numbered(int):
        config = one.config

    points = [
        Candidate("grpo", 1, {}, [0.9, None]), Candidate("grpo", 2, {}, [0.5]),
        Candidate("srpo", 1, {}, [0.7]),
    ]  # fmt: skip
    planned: Any = [Numbered(i) for i in range(3)]
    assert [c.steps for c in timed(points, planned)] == [None, (curves[1], 0.5), (curves[2], 0.5)]
    Numbered.config = SimpleNamespace(targets=(0.25, 0.75))
    assert [c.steps for c in timed(points, planned)] == [None, (curves[1], 0.25), (curves[2], 0.25)]
    points[1] = Candidate("grpo", 2, {}, [None])
    with pytest.raises(UserError, match="Every candidate of grpo has a failed run"):
        timed(points, planned)


def test_a_mean_of_nothing_is_the_worst_of_means() -> None:
    best = choose(scored([0.0, 0.0], [0.5, 0.5], [0.0, 0.1], [0.0, 0.0], *([[0.0, 0.0]] * 4)))
    assert (best["grpo"].number, best["srpo"].number) == (2, 1)


def test_the_target_is_of_the_baselines_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ends 0, 0.9 (but a challenger's), 0.5 and 0.4."""
    place = "srpo_bench.results.statistics.pace"
    monkeypatch.setattr("srpo_bench.harness.tuning.search._curves", lambda comparison: comparison)
    monkeypatch.setattr(f"{place}.target_of", lambda curves: f"of {curves.number}")
    monkeypatch.setattr(f"{place}.steps_to", lambda curves, target: target)
    points = [
        Candidate("grpo", 1, {}, [0.0]), Candidate("srpo", 1, {}, [0.9]),
        Candidate("grpo", 2, {}, [0.5]), Candidate("grpo", 3, {}, [0.4]),
    ]  # fmt: skip
    planned: Any = [SimpleNamespace(number=i, config=SimpleNamespace(targets=())) for i in range(4)]
    assert {c.steps for c in timed(points, planned)} == {"of 2"}
    nobody = [replace(c, scores=[0.0]) for c in points]
    assert {c.steps for c in timed(nobody, planned)} == {"of 0"}
