"""Whatever befalls a comparison's files, every command answers with a sentence or as before."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from srpo_bench.harness.cli.app import main
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.running.worker import write_status
from srpo_bench.results.report.figures import write as figures
from srpo_bench.results.seal import SEAL, SEALED, seal
from srpo_bench.results.store import append_line, write_json
from tests.examples import examples
from tests.results.synthetic import write
from tests.results.test_damage import damaged

COMMANDS = ("report", "verify", "resume", "status")
RUN = "srpo/seed-1"
FILES = (
    *("comparison.json", SEAL),
    *(f"{RUN}/{name}" for name in (*SEALED, SEAL, "status.json", "attempts/1/attempt.json")),
)
UNSEALED = {SEAL, f"{RUN}/{SEAL}", f"{RUN}/status.json", f"{RUN}/attempts/1/attempt.json"}
HOWS = ("cut", "zeroes", "byte", "twice", "headless", "emptied", "removed")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Planned here, two arms of two seeds, with records made by hand, done and sealed."""
    folder = tmp_path_factory.mktemp("whole") / "c"
    config = Config.model_validate(
        {
            "steps": 20,
            "seeds": [1, 2],
            "data": {"tasks": ["micro-gsm8k"], "pool_size": 8},
            "rollout": {"prompts_per_step": 2, "group_size": 2},
            "evaluation": {"problems": 2, "every": 5},
        }
    )
    arms = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]
    plan(folder, config, arms, "bench compare")
    made = folder.with_name("made")
    write(made, seeds=2, steps=20)
    for run in folder.glob("*/seed-*"):
        for record in ("steps.jsonl", "evals.jsonl", "timing.jsonl"):
            shutil.copy(made / run.relative_to(folder) / record, run)
        append_line(run / "samples.jsonl", {"step": 1, "response": "42", "outcome": "correct"})
        (run / "attempts" / "1").mkdir(parents=True)
        write_json(run / "attempts" / "1" / "attempt.json", {"host": "elsewhere"})
        seal(run)
        write_status(run, "done", 20)
    return folder


BEFORE: dict[str, tuple[int, str, str]] = {}
"""What each command says of the undamaged comparison."""


def renew(whole: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole, copy)


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "FIGURES", {})


def said(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, what was printed, and what went to stderr. Raises what would be a traceback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["bench", command, str(folder)])
        with pytest.raises(SystemExit) as end:
            main()
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


@pytest.mark.integration
@examples(40, HealthCheck.function_scoped_fixture)
@given(
    command=st.sampled_from(COMMANDS),
    name=st.sampled_from(FILES),
    how=st.sampled_from(HOWS),
    at=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
)
@example("report", f"{RUN}/manifest.json", "removed", 0.0, 0)
@example("verify", f"{RUN}/manifest.json", "removed", 0.0, 0)
@example("status", f"{RUN}/status.json", "emptied", 0.0, 0)
@example("resume", f"{RUN}/manifest.json", "byte", 0.5, 0)
def test_damage_is_a_sentence_or_changes_nothing(
    whole: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
    how: str,
    at: float,
    byte: int,
) -> None:
    """What is printed holds no number: only ``status`` reads unsealed files, and it gives no
    verdict."""
    copy = whole.with_name("copy")
    if command not in BEFORE:
        renew(whole, copy)
        BEFORE[command] = said(command, copy, capsys)
        assert BEFORE[command][0] != 2
    renew(whole, copy)
    file = copy / name
    if how == "removed" and file.is_file():
        file.unlink()
    elif file.is_file():
        file.write_bytes(b"" if how == "emptied" else damaged(file.read_bytes(), how, at, byte))
    code, out, err = said(command, copy, capsys)
    if code == 2:
        assert err.startswith("bench: ")
        assert err.count("\n") == 1
        assert str(copy) in err
    elif command != "status" and name not in UNSEALED:
        assert (code, out) == BEFORE[command][:2]
