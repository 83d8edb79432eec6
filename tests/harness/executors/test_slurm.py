"""The batch file, and what the controller says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from srpo_bench.harness.config import Arm
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors import slurm
from srpo_bench.harness.executors.base import Need
from srpo_bench.harness.executors.choose import Options
from srpo_bench.harness.executors.slurm import SlurmExecutor, elements, render
from srpo_bench.harness.planning.comparison import PlannedRun

ARM = Arm(name="grpo", algorithm="grpo")


@pytest.fixture
def path_with_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm's commands by name only: nothing here is submitted."""
    for name in ("sbatch", "squeue", "scancel"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def runs(folder: Path, n: int) -> list[PlannedRun]:
    return [PlannedRun(folder / "grpo" / f"seed-{seed}", ARM, seed) for seed in range(1, n + 1)]


@pytest.mark.usefixtures("path_with_slurm")
def test_the_batch_file_names_every_run_once(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    executor = SlurmExecutor(folder, Need(cpus=4, gpus=1), 3, ["--partition=gpu"])
    batch = executor.write_batch(runs(folder, 5))
    text = batch.read_text()
    for line in (
        "#SBATCH --array=0-4%3",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --gres=gpu:1",
        "#SBATCH --partition=gpu",
        '#SBATCH --job-name="bench-with space"',
        f'#SBATCH --output="{batch.parent}/%a.log"',
        "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
    ):
        assert line in text.splitlines()
    listed = (batch.parent / "runs.txt").read_text().splitlines()
    assert listed == [str(folder / "grpo" / f"seed-{seed}") for seed in range(1, 6)]
    assert subprocess.run(["bash", "-n", str(batch)], check=False).returncode == 0
    picks = text.replace("exec ", "echo ")
    done = subprocess.run(
        ["bash", "-c", picks], env={"SLURM_ARRAY_TASK_ID": "2"}, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith(f"-m srpo_bench.harness.running {listed[2]}"), done.stderr


@pytest.mark.usefixtures("path_with_slurm")
def test_a_batch_file_to_be_read_lies_beside_the_comparison(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    executor = SlurmExecutor(folder, Need(cpus=1))
    batch = executor.write_batch(runs(folder, 2), tmp_path / "c-dry-run")
    assert batch == tmp_path / "c-dry-run" / "1" / "batch.sh"
    listed = (batch.parent / "runs.txt").read_text().splitlines()
    assert listed == [str(folder / "grpo" / f"seed-{seed}") for seed in (1, 2)]
    assert not folder.exists()


@pytest.mark.usefixtures("path_with_slurm")
def test_each_submission_has_a_folder_of_its_own(tmp_path: Path) -> None:
    executor = SlurmExecutor(tmp_path / "c", Need(cpus=1))
    first, second = (executor.write_batch(runs(tmp_path / "c", 1)) for _ in range(2))
    assert (first.parent.name, second.parent.name) == ("1", "2")
    assert "gres" not in first.read_text()
    assert "%" not in first.read_text().split("--array=")[1].split("\n")[0]


@pytest.mark.usefixtures("path_with_slurm")
def test_a_template_that_is_none_is_told_before_anything_is_planned(tmp_path: Path) -> None:
    mine = tmp_path / "mine.sh"
    mine.write_text("#SBATCH --nodes={{ nodes }}")
    with pytest.raises(UserError, match=r"mine.sh is no batch template: 'nodes' is undefined"):
        SlurmExecutor(tmp_path / "c", Need(cpus=1), template=mine)


def test_a_template_of_ones_own_is_used_and_its_mistakes_are_named(tmp_path: Path) -> None:
    mine = tmp_path / "mine.sh"
    mine.write_text("run {{ runs }} with {{ cpus }}\n")
    assert render(mine, runs=3, cpus=2) == "run 3 with 2"
    mine.write_text("{{ nodes }}")
    with pytest.raises(UserError, match=r"'nodes' is undefined. It may use: cpus, runs"):
        render(mine, runs=3, cpus=2)
    with pytest.raises(UserError, match="Cannot read"):
        render(tmp_path / "none.sh")


@pytest.mark.parametrize(
    ("listing", "states"),
    [
        ("", {}),
        ("3 RUNNING\n4 PENDING\n", {3: "RUNNING", 4: "PENDING"}),
        ("[2-4,9] PENDING\n", {2: "PENDING", 3: "PENDING", 4: "PENDING", 9: "PENDING"}),
        ("[0-1%1] PENDING\n", {0: "PENDING", 1: "PENDING"}),
        ("N/A COMPLETING\n", {}),
    ],
)
def test_elements(listing: str, states: dict[int, str]) -> None:
    assert elements(listing) == states


@pytest.mark.usefixtures("path_with_slurm")
def test_a_controller_that_does_not_answer_for_a_while_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {
        "sbatch": "echo 7",
        "squeue": "echo Unable to contact slurm controller >&2; exit 1",
        "scancel": "echo Connection refused >&2; exit 1",
    }

    def answer(name: str, words: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{words}\n")

    for name, words in answers.items():
        answer(name, words)
    monkeypatch.setattr(slurm, "LOOK_EVERY", 0.0)
    executor = SlurmExecutor(tmp_path / "c", Need(cpus=1))
    executor.start(runs(tmp_path / "c", 2))
    assert executor.ended() == executor.ended() == []
    executor.stop(now=False)
    assert (tmp_path / "c" / "stop").exists()
    executor.stop(now=True)
    told = "squeue failed: Unable to contact slurm controller. The runs go on; it is asked again.\n"
    assert capsys.readouterr().err == told
    answer("squeue", "echo 1 RUNNING")
    assert [end.run.seed for end in executor.ended()] == [1]
    answer("squeue", "echo Socket timed out >&2; exit 1")
    assert executor.ended() == []
    assert "Socket timed out" in capsys.readouterr().err


def test_without_slurm_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="needs sbatch, which is not on this machine's path"):
        SlurmExecutor(tmp_path, Need(cpus=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "slrum"}, "did you mean 'slurm'?"),
        ({"ray_address": "auto"}, "--ray-address goes with --executor ray"),
        ({"name": "ray", "slurm": ("--partition=x",)}, "go with --executor slurm"),
        ({"name": "slurm", "slurm": ("partition=x",)}, "as in --slurm=--partition=x."),
        ({"name": "slurm", "slurm_template": Path("/none.sh")}, "/none.sh: there is no such file."),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        Options(**options)  # type: ignore[arg-type]
    assert message in str(error.value)
