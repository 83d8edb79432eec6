"""docs/plugins.md does what it says: its files are written, installed, and its commands run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import TINY, Bench

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugins.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHORT = [*TINY[6:], "--seeds", "1", "--steps", "2"]
"""TINY behind its preset, steps and tasks."""


def test_the_page_leads_to_a_report(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    blocks = BLOCK.findall(PAGE.read_text())
    commands = [line for kind, text in blocks if kind == "sh" for line in text.splitlines()]
    said = [run(bench, shlex.split(line), tmp_path) for line in commands]
    assert len(said) == 9
    assert "ok: the loss adds up over micro-batches" in said[3]
    assert "ok: a grade depends on its own response alone" in said[4]
    assert "advantages below this are raised to it" in said[6]
    assert "ok: it runs" in said[8]
    summary = json.loads((tmp_path / "runs/winners/report/summary.json").read_text())
    assert list(summary["arms"]) == ["grpo-token", "winners", "winners+hard-first"]
    record = json.loads((tmp_path / "runs/winners/comparison.json").read_text())
    assert [line["faults"] for line in record["checked"]] == [{}, {}, {}]  # two arms and a task


def run(bench: Bench, words: list[str], folder: Path) -> str:
    """A command of the page; training is cut short, and what is installed goes to a folder."""
    site = folder / "site"
    if words[0] == "pip":
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation"]
        source = [folder / w if w.startswith("./") else w for w in words[2:]]
        subprocess.run([*pip, "--no-index", "--target", site, *source], check=True)
        return ""
    if words[1] == "compare":
        words = [*words[:-1], str(folder / words[-1]), *SHORT]
    path = f"{site}{os.pathsep}{PAGE.parents[1]}"
    done = bench(*words[1:], PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    return done.stdout
