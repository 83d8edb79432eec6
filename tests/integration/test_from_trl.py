"""Every recipe of docs/from-trl.md, run as it stands there, cut short."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from srpo_bench.results.store import read_json, saved
from tests.integration.conftest import TINY, Bench, command, environment, records

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-trl.md"
RECIPE = re.compile(r"^## (\d)\. .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPES = {int(found[1]): found[0] for found in RECIPE.finditer(PAGE.read_text())}
SHORT = [*TINY[:2], *TINY[6:], "--seeds", "1", "--steps", "3"]
"""Behind what a recipe says; TINY without its tasks."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_MODE", "offline")


def lines(recipe: int) -> list[list[str]]:
    """Its commands, as words behind ``bench``."""
    blocks = BLOCK.findall(RECIPES[recipe])
    said = [line for kind, text in blocks if kind == "sh" for line in text.splitlines()]
    assert said
    return [shlex.split(line)[1:] for line in said]


def test_1_and_2_several_runs_side_by_side_one_of_them_taken_away(
    bench: Bench, tmp_path: Path
) -> None:
    (compare,), (resume,) = lines(1), lines(2)
    undisturbed = bench(*compare[:-1], "left-alone", *SHORT, "--workers", "2")
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert ", 2 side by side" in undisturbed.stdout
    words = command(*compare, *SHORT, "--workers", "1", "--set", "checkpoint_every=1")
    with subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL) as process:
        run = tmp_path / "runs" / "several" / "grpo" / "seed-1"
        while not saved(run) and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
    assert process.returncode in (0, 130)
    again = bench(*resume)
    assert again.returncode == 0, again.stderr
    assert records(tmp_path / "runs" / "several") == records(tmp_path / "left-alone")


def test_3_a_jsonl_file_and_a_system_prompt(bench: Bench, tmp_path: Path) -> None:
    (text,) = (text for kind, text in BLOCK.findall(RECIPES[3]) if kind == "yaml")
    (tmp_path / "mytask.yaml").write_text(text)
    rows = [{"question": f"{a} + {a} = ?", "answer": str(2 * a)} for a in range(60)]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    check, compare = lines(3)
    checked = bench(*check)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    more = ["--set", "rollout.max_new_tokens=16", "--set", "evaluation.problems=2"]
    done = bench(*compare, *SHORT, *more, "--set", "final.max_new_tokens=16")
    assert done.returncode == 0, done.stderr
    assert read_json(tmp_path / "runs" / "mytask" / "comparison.json")["tasks"] == ["mytask"]
    shown = bench("tasks", "show", "mytask.yaml").stdout
    assert "[system] Reason step by step, and put the final answer in \\boxed{}." in shown


def test_4_wandb(bench: Bench, tmp_path: Path) -> None:
    (compare,) = lines(4)
    done = bench(*compare, *SHORT, "--algos", "grpo")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "wandb" / "grpo" / "seed-1"
    (log,) = (run / "sinks" / "wandb").rglob("*.wandb")
    assert log.stat().st_size > 0


def test_5_what_fits_where(bench: Bench, tmp_path: Path) -> None:
    """The table is arithmetic, and --dry-run reckons as it does."""
    rows = re.findall(r"^\| ([\d.]+) (M|B) \| ([\d.]+) GB \| ([\d.]+) GB \|", RECIPES[5], re.M)
    assert len(rows) == 5
    for count, unit, plain, reference in rows:
        parameters = float(count) * {"M": 1e6, "B": 1e9}[unit]
        assert float(plain) == pytest.approx(16 * parameters / 1e9, abs=0.05)
        assert float(reference) == pytest.approx(20 * parameters / 1e9, abs=0.05)
    (compare,) = lines(5)
    done = bench(*compare, *SHORT)
    assert done.returncode == 0, done.stderr
    gib = 20 * 1_114_368 / 2**30
    assert f"memory   {gib:.2g} GiB a run for weights and optimiser" in done.stdout
    assert not (tmp_path / "runs").exists()
