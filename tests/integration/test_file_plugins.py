"""Files as plug-ins, from the command line to the records, and back from the copies."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from srpo_bench.results.store import read_json, read_lines
from tests.integration.conftest import TINY, Bench, records

pytestmark = pytest.mark.integration

MINE = """
from srpo_bench.algorithms.grpo_token import GRPOToken


class Majority(GRPOToken):
    name = "majority"
    paper = "here"
    changes = "rewards the answer that most responses give"
    formula = "r = 1 where the answer is the group's most common"

    def advantages(self, rollouts, grades):
        self.own = grades.fields["brevity"] + torch.tensor([len(t) / 100 for t in grades.texts])
        return self.own - self.own.mean()

    def weigh(self, rollouts, grades, logp, rng):
        batch = super().weigh(rollouts, grades, logp, rng)
        assert any(answer is not None for answer in grades.answers)
        return replace(batch, reward=self.own, costs={"verifier_calls": 5.0})


def brevity(problems, texts, grades):
    return [1 / (1 + len(text)) for text in texts]


def grade(problem, response):
    right = problem.answer in response
    return Grade(Outcome.CORRECT if right else Outcome.WRONG, answer=response[:3])
"""
HEAD = """
from dataclasses import replace
import torch
from srpo_bench.tasks.base import Grade, Outcome
"""
YAML = """
data: rows.jsonl
prompt: "{q}\\n"
answer: "{a}"
grader: mine.py:grade
max_new_tokens: 12
"""
SHORT = [*TINY[:2], *TINY[6:], "--steps", "2", "--seeds", "1", "--workers", "1"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(HEAD + MINE)
    (folder / "my.yaml").write_text(YAML)
    rows = [{"q": f"Compute {a}+{b}.", "a": a + b} for a in range(10, 20) for b in range(2, 8)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "home"))
        yield folder


@pytest.fixture(scope="module")
def compared(bench: Bench, own: Path) -> Path:
    """What it promises is tried on tasks without this reward, so it cannot run there: its runs
    tell."""
    file = own / "mine.py"
    words = ["--algos", f"grpo-token,{file}:Majority", "--tasks", str(own / "my.yaml")]
    words += ["--reward", f"{file}:brevity", "--set", "reward.brevity=0.5"]
    done = bench("compare", *words, *SHORT, "--out", own / "c")
    assert done.returncode == 0, done.stderr
    return own / "c"


@pytest.fixture
def out(compared: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(compared, tmp_path / "c"))


def test_a_comparison_of_files_is_trained_recorded_and_goes_on_from_its_copies(
    bench: Bench, own: Path, out: Path
) -> None:
    (arm, task, reward) = read_json(out / "comparison.json")["checked"]
    assert list(arm["faults"]) == ["it runs"]
    assert task["faults"] == reward["faults"] == {}
    first, *_ = read_lines(out / "majority" / "seed-1" / "steps.jsonl")
    assert first["rewards"]["brevity"] > 0
    assert first["own_reward"] > first["rewards"]["brevity"]
    assert first["ledger"]["verifier_calls"] == first["ledger"]["responses"] + 5
    samples = list(read_lines(out / "majority" / "seed-1" / "samples.jsonl"))
    trained = [line for line in samples if line["phase"] == "train"]
    assert all({"brevity"} == line["rewards"].keys() for line in samples)
    assert all(line["own_reward"] > 0 for line in trained)
    plain = list(read_lines(out / "grpo-token" / "seed-1" / "samples.jsonl"))
    assert not any("own_reward" in line for line in plain)

    whole = records(out)
    for run in ("grpo-token/seed-1", "majority/seed-1"):  # as if nothing had been trained
        for name in ("steps.jsonl", "evals.jsonl", "samples.jsonl", "timing.jsonl", "seal.json"):
            (out / run / name).unlink()
        subprocess.run(["rm", "-r", out / run / "checkpoints"], check=True)
        (out / run / "status.json").write_text('{"state": "stopped", "step": 0, "steps": 2}')
    (own / "mine.py").unlink()
    (own / "my.yaml").unlink()
    again = bench("resume", out)
    assert again.returncode == 0, again.stderr
    assert records(out) == whole


def test_a_report_imports_nothing_and_a_resume_nothing_that_was_not_named(
    bench: Bench, out: Path, tmp_path: Path
) -> None:
    proof = tmp_path / "ran"
    (copy,) = out.glob("_plugins/*/my.yaml")
    for path in out.glob("_plugins/*/mine.py"):
        path.write_text(f"open({str(proof)!r}, 'w')\n")
    for words in (
        ["report", out],
        ["verify", out],
        ["status", out],
        ["eval", out, out, "--paired"],
    ):
        bench(*words)
    assert not proof.exists()
    refused = bench("resume", out)
    assert refused.returncode == 2
    assert "is not the file this comparison was planned with" in refused.stderr
    assert not proof.exists()
    strange = bench("resume", out, XDG_DATA_HOME=str(tmp_path / "somebody-else"))
    assert strange.returncode == 2
    assert "brings code that was never named here" in strange.stderr
    assert not proof.exists()
    assert copy.is_file()


def test_a_plug_in_that_breaks_a_promise_is_refused_before_anything_is_written(
    bench: Bench, own: Path, tmp_path: Path
) -> None:
    (own / "bad.py").write_text(
        "import torch\nfrom srpo_bench.algorithms.grpo_token import GRPOToken\n"
        "class Bad(GRPOToken):\n    name = 'bad'\n"
        "    def weigh(self, *given):\n"
        "        torch.rand(1)\n        return super().weigh(*given)\n"
    )
    words = ["--algos", f"{own / 'bad.py'}:Bad", *TINY, "--steps", "1", "--seeds", "1"]
    done = bench("compare", *words, "--out", tmp_path / "c")
    assert done.returncode == 2
    assert "arm 'bad' does not keep a promise, draws come from the generator" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "c").exists()
    done = bench("compare", *words, "--unchecked", "--out", tmp_path / "c")
    assert done.returncode == 0, done.stderr
    (line,) = read_json(tmp_path / "c" / "comparison.json")["checked"]
    assert line["faults"] is None
