"""The tests try this checkout, not a copy that is installed somewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT, environment


def test_a_command_runs_this_checkout_whatever_an_earlier_test_has_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "srpo_bench"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setenv("PYTHONPATH", str(other.parent))
    words = [sys.executable, "-c", "import srpo_bench; print(*srpo_bench.__path__)"]
    for env in (environment(), environment(PYTHONPATH=str(tmp_path))):
        found = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
        assert found.strip() == str(Path(ROOT) / "srpo_bench")
