"""Which run a file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.results.importers.sources import parse, parse_runs, run_of
from srpo_bench.results.store import ResultsError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("path", "run"),
    [
        ("grpo/seed-1/trainer_state.json", ("grpo", 1)),
        ("runs/srpo/seed_12/checkpoint-8/trainer_state.json", ("srpo", 12)),
        ("GRPO-seed3.jsonl", ("GRPO", 3)),
        ("my.run_seed-4.log", ("my.run", 4)),
        ("my.run.seed=4.log", ("my.run", 4)),
        ("seed-1/srpo/seed-2/x.log", ("srpo", 2)),
    ],
)
def test_by_its_path(tmp_path: Path, path: str, run: tuple[str, int]) -> None:
    assert parse(str(touch(tmp_path / path)), None, None, one_run=True).run == run


def test_by_its_name_on_the_command_line(tmp_path: Path) -> None:
    path = touch(tmp_path / "srpo" / "seed-9" / "a=b.json")
    found = parse(f"grpo/1={path}", None, None, one_run=True)
    assert (found.run, found.path) == (("grpo", 1), path)
    assert parse(str(path), None, None, one_run=True).run == ("srpo", 9)
    assert parse(str(path), "dapo", 2, one_run=True).run == ("dapo", 2)


def test_of_a_table_the_path_says_nothing(tmp_path: Path) -> None:
    found = parse(str(touch(tmp_path / "grpo" / "seed-1" / "a.csv")), None, None, one_run=False)
    assert (found.arm, found.seed) == (None, None)


def test_what_is_not_clear_is_asked(tmp_path: Path) -> None:
    path = touch(tmp_path / "trainer_state.json")
    with pytest.raises(ResultsError, match=r"Which run is .*\? Name it as in grpo/1="):
        _ = parse(str(path), None, None, one_run=True).run
    for arm, seed in (("grpo", None), (None, 1)):
        with pytest.raises(ResultsError, match="Which run is"):
            _ = parse(str(path), arm, seed, one_run=True).run
    with pytest.raises(ResultsError, match="leave out --arm and --seed"):
        parse(f"grpo/1={path}", "srpo", None, one_run=True)
    for text in ("no/such.csv", "grpo/1=no/such.csv"):
        with pytest.raises(ResultsError, match=r"There is no file no/such\.csv"):
            parse(text, None, None, one_run=True)


def test_runs_named_by_hand() -> None:
    assert parse_runs(["grpo/1=fancy-sun-7", "srpo/22=a=b"]) == {
        "fancy-sun-7": ("grpo", 1),
        "a=b": ("srpo", 22),
    }
    assert parse_runs([]) == {}
    for text in ("grpo=x", "grpo/1", "grpo/x=y"):
        with pytest.raises(ResultsError, match="--run takes ARM/SEED=NAME"):
            parse_runs([text])
    with pytest.raises(ResultsError, match="--run names 'x' twice"):
        parse_runs(["grpo/1=x", "grpo/2=x"])


def test_a_runs_own_name_tells_where_nobody_says() -> None:
    assert run_of("x", {"x": ("grpo", 1)}) == ("grpo", 1)
    assert run_of(" grpo-s1 ", {}) == run_of("grpo/seed-1", {}) == ("grpo", 1)
    for between in ("-", "_", ".", "/", " ", " - "):
        for seed in ("s1", "S1", "seed1", "seed-1", "seed_1", "seed=1", "seed 1"):
            assert run_of(f"grpo{between}{seed}", {}) == ("grpo", 1)
    assert run_of("grpo-s1", {"grpo-s1": ("other", 3)}) == ("other", 3)
    with pytest.raises(ResultsError, match="Say --run 'ARM/SEED=sun'"):
        run_of("sun", {})
